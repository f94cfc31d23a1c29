//! The deployment's signing keys, parsed for use.

use std::{collections::HashMap, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::{prelude::*, signing_key};
use jsonwebtoken::{DecodingKey, EncodingKey};
use platform::{clock::Clock, storage::Fault};
use serde_json::json;

use super::core;

/// A PKCS #8 wrapping of an Ed25519 seed (RFC 8410 §7): the seed's 32 bytes follow.
const PKCS8_PREFIX: [u8; 16] = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// A new private key, as PKCS #8.
pub fn generate(clock: &Clock) -> Vec<u8> {
    let mut seed = [0u8; 32];
    clock.fill(&mut seed);
    [&PKCS8_PREFIX[..], &seed[..]].concat()
}

pub struct Signer {
    pub kid: String,
    pub signing: EncodingKey,
    id: SigningKeyId,
    from: Timestamp,
}

/// All keys: the current signer, future ones and retired ones.
pub struct Signers {
    signers: Vec<Signer>,
    checking: HashMap<String, DecodingKey>,
    key_set: Arc<str>,
}

impl Signers {
    /// The keys in the order in which they begin to sign; there is at least one.
    pub fn new(keys: &[signing_key::Model]) -> Result<Self, Fault> {
        use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
        if keys.is_empty() {
            return Err(Fault::corrupt("signing_key", "a deployment has a key"));
        }
        let (mut signers, mut verifying_keys, mut published) = (Vec::new(), HashMap::new(), Vec::new());
        for key in keys {
            let key_pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&key.pkcs8)
                .map_err(|_| Fault::corrupt("signing_key", "an Ed25519 key in PKCS #8"))?;
            let (kid, public) = (key.id.to_string(), key_pair.public_key().as_ref());
            published.push(json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid,
                "x": URL_SAFE_NO_PAD.encode(public) }));
            verifying_keys.insert(kid.clone(), DecodingKey::from_ed_der(public));
            let signing = EncodingKey::from_ed_der(&key.pkcs8);
            signers.push(Signer { kid, signing, id: key.id, from: key.signs_from });
        }
        Ok(Self { signers, checking: verifying_keys, key_set: json!({ "keys": published }).to_string().into() })
    }

    pub fn is_of(&self, keys: &[signing_key::Model]) -> bool {
        self.signers.iter().map(|key| (key.id, key.from)).eq(keys.iter().map(|key| (key.id, key.signs_from)))
    }

    /// The key that signs now.
    pub fn active(&self, now: Timestamp) -> &Signer {
        let from: Vec<Timestamp> = self.signers.iter().map(|key| key.from).collect();
        let states = core::states(&from, now);
        let active = self.signers.iter().zip(states).find(|(_, state)| *state == core::KeyState::Active);
        active.map_or(&self.signers[0], |(key, _)| key)
    }

    pub fn checking(&self, kid: &str) -> Option<&DecodingKey> {
        self.checking.get(kid)
    }

    pub fn key_set(&self) -> Arc<str> {
        self.key_set.clone()
    }
}
