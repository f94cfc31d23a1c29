//! Access tokens: JWTs signed with EdDSA, after RFC 9068. A verified token is remembered, since checking a signature costs more than a query.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use entity::prelude::*;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::{clock::Clock, storage::Fault};

/// What a token is for. A refresh token is no access token, whatever its signature says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenUse {
    Access,
    Refresh,
}
impl TokenUse {
    /// The header's `typ` (RFC 9068 §2.1 for access tokens).
    const fn typ(self) -> &'static str {
        match self {
            Self::Access => "at+jwt",
            Self::Refresh => "rt+jwt",
        }
    }
}

/// The claims. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    /// The user.
    pub sub: UserId,
    pub exp: i64,
    pub nbf: i64,
    pub iat: i64,
    pub jti: String,
    pub auth_time: i64,
    /// The session.
    pub sid: SessionId,
    pub tid: TenantId,
    /// The user's member in the tenant.
    pub mid: MemberId,
}

/// Why a token is not accepted. Callers hear only that it is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token is not valid")]
    Invalid,
    #[error("the token has expired")]
    Expired,
}

/// Signs and checks tokens with the deployment's key.
#[derive(Clone)]
pub struct Tokens(Arc<Inner>);

struct Inner {
    signing: EncodingKey,
    checking: DecodingKey,
    kid: String,
    clock: Clock,
    seen: RwLock<HashMap<String, Claims>>,
}

const ISSUER: &str = "entrepot";
const AUDIENCE: &str = "entrepot-api";
/// Seconds that two clocks may differ.
const LEEWAY: i64 = 30;
/// Verified tokens that are remembered; beyond it all are forgotten and checked again.
const REMEMBERED: usize = 10_000;
/// A PKCS #8 wrapping of an Ed25519 seed (RFC 8410 §7): the seed's 32 bytes follow.
const PKCS8_PREFIX: [u8; 16] = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

impl Tokens {
    /// A new private key, as PKCS #8.
    pub fn generate(clock: &Clock) -> Vec<u8> {
        let mut seed = [0u8; 32];
        clock.fill(&mut seed);
        [&PKCS8_PREFIX[..], &seed[..]].concat()
    }

    pub fn new(pkcs8: &[u8], kid: String, clock: Clock) -> Result<Self, Fault> {
        use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8)
            .map_err(|_| Fault::corrupt("signing_key", "an Ed25519 key in PKCS #8"))?;
        let checking = DecodingKey::from_ed_der(pair.public_key().as_ref());
        let inner = Inner { signing: EncodingKey::from_ed_der(pkcs8), checking, kid, clock, seen: RwLock::default() };
        Ok(Self(Arc::new(inner)))
    }

    /// Claims for a session that begins or goes on now.
    pub fn claims(&self, user: UserId, membership: (TenantId, MemberId), session: SessionId, seconds: i64) -> Claims {
        let now = self.0.clock.now().micros() / 1_000_000;
        Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user,
            exp: now + seconds,
            nbf: now,
            iat: now,
            jti: self.0.clock.uuid().simple().to_string(),
            auth_time: now,
            sid: session,
            tid: membership.0,
            mid: membership.1,
        }
    }

    pub fn sign(&self, claims: &Claims, what: TokenUse) -> Result<String, Fault> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(what.typ().to_owned());
        header.kid = Some(self.0.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.0.signing).map_err(|err| Fault::Broken(err.to_string()))
    }

    /// The claims of a token that this deployment signed for this use and that is in its time.
    pub fn verify(&self, token: &str, what: TokenUse) -> Result<Claims, TokenError> {
        if what == TokenUse::Access
            && let Some(claims) = self.0.seen.read().unwrap_or_else(PoisonError::into_inner).get(token)
        {
            return self.in_time(claims.clone());
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid)?;
        if header.alg != Algorithm::EdDSA || header.typ.as_deref() != Some(what.typ()) {
            return Err(TokenError::Invalid);
        }
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Time is checked below, by the injected clock.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.0.checking, &validation).map_err(|_| TokenError::Invalid)?;
        let claims = self.in_time(decoded.claims)?;
        if what == TokenUse::Access {
            let mut seen = self.0.seen.write().unwrap_or_else(PoisonError::into_inner);
            if seen.len() >= REMEMBERED {
                seen.clear();
            }
            seen.insert(token.to_owned(), claims.clone());
        }
        Ok(claims)
    }

    fn in_time(&self, claims: Claims) -> Result<Claims, TokenError> {
        let now = self.0.clock.now().micros() / 1_000_000;
        if claims.exp + LEEWAY <= now {
            return Err(TokenError::Expired);
        }
        if claims.nbf > now + LEEWAY || claims.iat > now + LEEWAY {
            return Err(TokenError::Invalid);
        }
        Ok(claims)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use uuid::Uuid;

    use super::*;

    fn tokens() -> (Tokens, Arc<AtomicI64>) {
        let hand = Arc::new(AtomicI64::new(1_700_000_000_000_000));
        let read = hand.clone();
        let clock = Clock::manual(move || Timestamp(read.load(Ordering::Relaxed)), 7);
        (Tokens::new(&Tokens::generate(&clock), "k1".to_owned(), clock).unwrap(), hand)
    }
    fn claims(tokens: &Tokens) -> Claims {
        let id = Uuid::from_u128(5);
        tokens.claims(UserId::from_uuid(id), (TenantId::from_uuid(id), MemberId::from_uuid(id)), SessionId::from_uuid(id), 600)
    }

    #[test]
    fn accepts_its_own_until_they_expire() {
        let (tokens, hand) = tokens();
        let claims = claims(&tokens);
        let token = tokens.sign(&claims, TokenUse::Access).unwrap();
        assert_eq!(tokens.verify(&token, TokenUse::Access), Ok(claims.clone()));
        hand.fetch_add((600 + LEEWAY) * 1_000_000, Ordering::Relaxed);
        assert_eq!(tokens.verify(&token, TokenUse::Access), Err(TokenError::Expired));
    }

    #[test]
    fn refuses_other_uses_other_keys_and_other_algorithms() {
        let (tokens, _) = tokens();
        let claims = claims(&tokens);
        let refresh = tokens.sign(&claims, TokenUse::Refresh).unwrap();
        assert_eq!(tokens.verify(&refresh, TokenUse::Access), Err(TokenError::Invalid));
        let access = tokens.sign(&claims, TokenUse::Access).unwrap();
        let stranger =
            Tokens::new(&Tokens::generate(&Clock::manual(|| Timestamp(0), 8)), "k1".to_owned(), Clock::system()).unwrap();
        assert_eq!(stranger.verify(&access, TokenUse::Access), Err(TokenError::Invalid));
        let body = access.split('.').nth(1).unwrap();
        for alg in ["none", "None", "HS256"] {
            let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{alg}","typ":"at+jwt"}}"#));
            for signature in ["", "AAAA"] {
                assert_eq!(
                    tokens.verify(&format!("{header}.{body}.{signature}"), TokenUse::Access),
                    Err(TokenError::Invalid),
                    "{alg}"
                );
            }
        }
        let mut flipped = access.clone();
        flipped.pop();
        flipped.push(if access.ends_with('A') { 'B' } else { 'A' });
        assert_eq!(tokens.verify(&flipped, TokenUse::Access), Err(TokenError::Invalid));
    }

    #[test]
    fn refuses_tokens_from_the_future_and_for_others() {
        let (tokens, _) = tokens();
        let now = claims(&tokens);
        for bad in [
            Claims { nbf: now.nbf + 3600, ..now.clone() },
            Claims { aud: "other".to_owned(), ..now.clone() },
            Claims { iss: "other".to_owned(), ..now },
        ] {
            let token = tokens.sign(&bad, TokenUse::Access).unwrap();
            assert_eq!(tokens.verify(&token, TokenUse::Access), Err(TokenError::Invalid));
        }
    }
}
