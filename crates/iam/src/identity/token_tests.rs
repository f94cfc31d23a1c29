//! Tokens as attackers make them.

#[cfg(test)]
mod hostile {
    use std::sync::atomic::{AtomicI64, Ordering};

    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use hmac::{Hmac, KeyInit, Mac};
    use serde_json::{Value, json};
    use sha2::Sha256;
    use uuid::Uuid;

    use super::super::*;
    use crate::identity::signer::generate;

    /// A deployment's tokens, its key, and its adjustable clock.
    struct Deployment {
        tokens: Tokens,
        key: signing_key::Model,
        hand: Arc<AtomicI64>,
    }

    fn key(clock: &Clock, number: u128, signs_from: Timestamp) -> signing_key::Model {
        let id = SigningKeyId::from_uuid(Uuid::from_u128(number));
        signing_key::Model { id, algorithm: "EdDSA".to_owned(), pkcs8: generate(clock), created_at: clock.now(), signs_from }
    }

    fn deployment(seed: u64) -> Deployment {
        let hand = Arc::new(AtomicI64::new(1_700_000_000_000_000));
        let read = hand.clone();
        let clock = Clock::manual(move || Timestamp(read.load(Ordering::Relaxed)), seed);
        let key = key(&clock, 1, Timestamp(0));
        Deployment { tokens: Tokens::new(std::slice::from_ref(&key), clock).unwrap(), key, hand }
    }

    fn claims(tokens: &Tokens) -> Claims {
        let id = Uuid::from_u128(5);
        let subject = Subject {
            user: UserId::from_uuid(id),
            tenant: TenantId::from_uuid(id),
            member: MemberId::from_uuid(id),
            member_version: 3,
            session: SessionId::from_uuid(id),
            auth_at: tokens.0.clock.now(),
            mfa: true,
        };
        tokens.claims(&subject, RefreshTokenId::from_uuid(id), 600)
    }

    fn part(value: &Value) -> String {
        URL_SAFE_NO_PAD.encode(value.to_string())
    }
    fn unpart(token: &str, index: usize) -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap()).unwrap()
    }

    /// A token with this header and this body, signed with the deployment's own key.
    fn signed(deployment: &Deployment, header: &Value, body: &Value) -> String {
        use aws_lc_rs::signature::Ed25519KeyPair;
        let text = format!("{}.{}", part(header), part(body));
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&deployment.key.pkcs8).unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(pair.sign(text.as_bytes())))
    }

    fn public(deployment: &Deployment) -> Vec<u8> {
        let set: Value = serde_json::from_str(&deployment.tokens.key_set()).unwrap();
        URL_SAFE_NO_PAD.decode(set["keys"][0]["x"].as_str().unwrap()).unwrap()
    }

    #[track_caller]
    fn refused(deployment: &Deployment, token: &str, what: &str) {
        assert_eq!(deployment.tokens.verify(token).map(drop), Err(TokenError::Invalid), "{what}");
    }

    #[test]
    fn says_all_that_the_profile_asks_for() {
        let one = deployment(7);
        let token = one.tokens.sign(&claims(&one.tokens)).unwrap();
        let header = unpart(&token, 0);
        assert_eq!(header, json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": one.key.id.to_string() }));
        let id = "0000000000000000000000000".to_owned() + "5";
        assert_eq!(
            unpart(&token, 1),
            json!({ "iss": "entrepot", "aud": "entrepot-api", "client_id": "entrepot", "sub": format!("usr_{id}"), "jti": format!("rft_{id}"),
                "sid": format!("ses_{id}"), "tid": format!("ten_{id}"), "mid": format!("mem_{id}"), "pv": 3, "amr": ["pwd", "otp", "mfa"], "acr": "aal2",
                "iat": 1_700_000_000, "nbf": 1_700_000_000, "auth_time": 1_700_000_000, "exp": 1_700_000_600 })
        );
    }

    #[test]
    fn accepts_its_own_until_they_expire() {
        let one = deployment(7);
        let claims = claims(&one.tokens);
        let token = one.tokens.sign(&claims).unwrap();
        assert_eq!(one.tokens.verify(&token), Ok((Arc::new(claims.clone()), TokenUse::First)));
        one.tokens.cache_token(&token, Arc::new(claims.clone()));
        assert_eq!(one.tokens.verify(&token), Ok((Arc::new(claims), TokenUse::Again)));
        one.hand.fetch_add((600 + LEEWAY_SECONDS) * 1_000_000, Ordering::Relaxed);
        assert_eq!(one.tokens.verify(&token).map(drop), Err(TokenError::Expired), "remembered or not");
    }

    #[test]
    fn refuses_other_algorithms() {
        let one = deployment(7);
        let token = one.tokens.sign(&claims(&one.tokens)).unwrap();
        let (kid, body) = (one.key.id.to_string(), unpart(&token, 1));
        for alg in ["none", "None", "NONE", "nOnE", "HS256", "RS256", "ES256", "EdDSA"] {
            let header = json!({ "alg": alg, "typ": "at+jwt", "kid": kid });
            for signature in ["", "AAAA", "e30"] {
                refused(&one, &format!("{}.{}.{signature}", part(&header), part(&body)), alg);
            }
            refused(&one, &format!("{}.{}", part(&header), part(&body)), alg);
        }
        // The public key is misused as a shared secret: raw, as base64, and as the published set.
        let public = public(&one);
        let header = json!({ "alg": "HS256", "typ": "at+jwt", "kid": kid });
        let text = format!("{}.{}", part(&header), part(&body));
        for secret in [public.clone(), URL_SAFE_NO_PAD.encode(&public).into_bytes(), one.tokens.key_set().as_bytes().to_vec()] {
            let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
            mac.update(text.as_bytes());
            let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
            refused(&one, &format!("{text}.{signature}"), "HS256 with the public key");
        }
    }

    #[test]
    fn refuses_changed_tokens_and_other_deployments() {
        let one = deployment(7);
        let token = one.tokens.sign(&claims(&one.tokens)).unwrap();
        assert!(one.tokens.verify(&token).is_ok());
        refused(&deployment(8), &token, "another deployment's key of the same name");
        let parts: Vec<&str> = token.split('.').collect();
        let mut body = unpart(&token, 1);
        body["tid"] = json!(TenantId::NIL.to_string());
        refused(&one, &format!("{}.{}.{}", parts[0], part(&body), parts[2]), "a changed body");
        let mut signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
        signature[10] ^= 1;
        refused(&one, &format!("{}.{}.{}", parts[0], parts[1], URL_SAFE_NO_PAD.encode(signature)), "a flipped bit");
        refused(&one, &format!("{token}.{}", parts[2]), "a fourth part");
        refused(&one, &"a".repeat(MAX_BYTES + 1), "too long");
        refused(&one, "", "nothing");
    }

    #[test]
    fn does_not_listen_to_what_a_header_says_of_keys() {
        let (one, thief) = (deployment(7), deployment(8));
        let body = unpart(&one.tokens.sign(&claims(&one.tokens)).unwrap(), 1);
        let kid = one.key.id.to_string();
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(public(&thief)) });
        for extra in [
            json!({ "jwk": jwk }),
            json!({ "jku": "https://evil.example/jwks.json" }),
            json!({ "x5u": "https://evil.example/cert" }),
            json!({ "x5c": ["MIIB"] }),
        ] {
            let mut header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid });
            header.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            refused(&one, &signed(&thief, &header, &body), &extra.to_string());
        }
        for kid in ["../../../../dev/null", "' OR '1'='1", "https://evil.example/key", "", "sgk_00000000000000000000000002"] {
            refused(&one, &signed(&one, &json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid }), &body), kid);
        }
        refused(&one, &signed(&one, &json!({ "alg": "EdDSA", "typ": "at+jwt" }), &body), "no kid");
        refused(&one, &signed(&one, &json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid, "crit": ["exp"] }), &body), "crit");
        // The same signature with an honest header is accepted: the headers were the reason of the
        // refusals.
        assert!(one.tokens.verify(&signed(&one, &json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid }), &body)).is_ok());
    }

    #[test]
    fn refuses_wrong_types_claims_and_times() {
        let one = deployment(7);
        let honest = unpart(&one.tokens.sign(&claims(&one.tokens)).unwrap(), 1);
        let header = |typ: Value| json!({ "alg": "EdDSA", "typ": typ, "kid": one.key.id.to_string() });
        for typ in [json!("JWT"), json!("rt+jwt"), json!("AT+JWT "), Value::Null] {
            refused(&one, &signed(&one, &header(typ.clone()), &honest), &typ.to_string());
        }
        let now = 1_700_000_000;
        let mut wrong: Vec<(&str, Value)> = vec![
            ("aud", json!("other")),
            ("iss", json!("other")),
            ("nbf", json!(now + MAX_AHEAD_SECONDS + 1)),
            ("iat", json!(now + MAX_AHEAD_SECONDS + 1)),
            ("sub", json!("mem_00000000000000000000000005")),
            ("sid", json!("../x")),
            ("exp", json!("soon")),
        ];
        wrong.extend(["exp", "iss", "aud", "sub", "sid", "tid", "mid", "jti", "iat"].map(|name| (name, Value::Null)));
        for (name, value) in wrong {
            let mut body = honest.clone();
            match &value {
                Value::Null => drop(body.as_object_mut().unwrap().remove(name)),
                value => body[name] = value.clone(),
            }
            refused(&one, &signed(&one, &header(json!("at+jwt")), &body), &format!("{name}: {value}"));
        }
        let mut old = honest.clone();
        old["exp"] = json!(now - LEEWAY_SECONDS);
        assert_eq!(one.tokens.verify(&signed(&one, &header(json!("at+jwt")), &old)).map(drop), Err(TokenError::Expired));
    }

    #[test]
    fn keys_change_while_tokens_go_on() {
        let one = deployment(7);
        let old = one.tokens.sign(&claims(&one.tokens)).unwrap();
        let now = one.tokens.0.clock.now();
        let next = key(&one.tokens.0.clock, 2, now.plus_seconds(3600));
        let both = [one.key.clone(), next.clone()];
        one.tokens.adopt(&both).unwrap();
        assert!(one.tokens.key_set().contains(&next.id.to_string()), "the next key is published before it signs");
        assert_eq!(unpart(&one.tokens.sign(&claims(&one.tokens)).unwrap(), 0)["kid"], json!(one.key.id.to_string()));
        one.hand.fetch_add(3_600_000_000, Ordering::Relaxed);
        let new = one.tokens.sign(&claims(&one.tokens)).unwrap();
        assert_eq!(unpart(&new, 0)["kid"], json!(next.id.to_string()));
        one.hand.fetch_sub(3_600_000_000, Ordering::Relaxed);
        assert!(one.tokens.verify(&old).is_ok(), "what the old key signed is good until it expires");
        let claims = one.tokens.verify(&old).unwrap().0;
        one.tokens.cache_token(&old, claims);
        one.tokens.adopt(&[next]).unwrap();
        refused(&one, &old, "a key that is gone, though its token was remembered");
        assert!(!one.tokens.key_set().contains(&one.key.id.to_string()));
    }
}
