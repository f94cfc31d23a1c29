//! Links that carry their own permission: what may be done with which file until when, signed with a secret of the deployment.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::prelude::{FileId, TenantId, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

/// How large a picture is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// As it was sent.
    Original,
    /// For lists.
    Small,
    /// For a page of its own.
    Medium,
}

impl Size {
    /// Those that are drawn from the original, the larger first.
    pub const DRAWN: [Self; 2] = [Self::Medium, Self::Small];

    /// The longest side, in pixels; None as it is.
    pub fn pixels(self) -> Option<u32> {
        match self {
            Self::Original => None,
            Self::Small => Some(128),
            Self::Medium => Some(512),
        }
    }
}

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Send,
    Fetch(Size),
}

/// What a link says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    pub verb: Verb,
    pub tenant: TenantId,
    pub file: FileId,
    pub until: Timestamp,
}

/// Signs links; every node of a deployment has the same secret.
#[derive(Clone)]
pub struct Signer([u8; 32]);

const VERSION: u8 = 1;
/// Version, verb, tenant, file, end.
const BODY: usize = 1 + 1 + 16 + 16 + 8;
const MAC: usize = 32;

impl Signer {
    /// From a secret that signs other things too: this one follows from it and from nothing else.
    pub fn derived(secret: &[u8; 32]) -> Self {
        let mut key = [0; 32];
        key.copy_from_slice(&mac(secret, b"entrepot file links 1"));
        Self(key)
    }

    /// The last part of a link's address.
    pub fn sign(&self, link: &Link) -> String {
        let mut bytes = Vec::with_capacity(BODY + MAC);
        bytes.push(VERSION);
        bytes.push(match link.verb {
            Verb::Send => b's',
            Verb::Fetch(Size::Original) => b'f',
            Verb::Fetch(Size::Small) => b't',
            Verb::Fetch(Size::Medium) => b'm',
        });
        bytes.extend_from_slice(link.tenant.uuid().as_bytes());
        bytes.extend_from_slice(link.file.uuid().as_bytes());
        bytes.extend_from_slice(&link.until.micros().to_be_bytes());
        let mac = mac(&self.0, &bytes);
        bytes.extend_from_slice(&mac);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a link says, if it is one of ours for this, whatever the size, and has not ended.
    pub fn open(&self, token: &str, verb: Verb, now: Timestamp) -> Option<Link> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok().filter(|bytes| bytes.len() == BODY + MAC)?;
        let (body, signature) = bytes.split_at(BODY);
        hmac_of(&self.0, body).verify_slice(signature).ok()?;
        let said = match body[1] {
            b's' => Verb::Send,
            b'f' => Verb::Fetch(Size::Original),
            b't' => Verb::Fetch(Size::Small),
            b'm' => Verb::Fetch(Size::Medium),
            _ => return None,
        };
        let id = |from: usize| Uuid::from_slice(&body[from..from + 16]).ok();
        let until = Timestamp(i64::from_be_bytes(body[34..BODY].try_into().ok()?));
        let link = Link { verb: said, tenant: TenantId::from_uuid(id(2)?), file: FileId::from_uuid(id(18)?), until };
        (body[0] == VERSION && (said == Verb::Send) == (verb == Verb::Send) && now <= until).then_some(link)
    }
}

fn hmac_of(key: &[u8; 32], body: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("any length");
    mac.update(body);
    mac
}

fn mac(key: &[u8; 32], body: &[u8]) -> Vec<u8> {
    hmac_of(key, body).finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_for_its_verb_in_its_time_and_not_when_it_was_touched() {
        const FETCH: Verb = Verb::Fetch(Size::Original);
        let signer = Signer::derived(&[7; 32]);
        let link = Link {
            verb: Verb::Fetch(Size::Small),
            tenant: TenantId::from_uuid(Uuid::from_u128(1)),
            file: FileId::from_uuid(Uuid::from_u128(2)),
            until: Timestamp(1_000),
        };
        let token = signer.sign(&link);
        assert_eq!(signer.open(&token, FETCH, Timestamp(1_000)), Some(link));
        assert_eq!(signer.open(&token, FETCH, Timestamp(1_001)), None, "late");
        assert_eq!(signer.open(&token, Verb::Send, Timestamp(1)), None, "for something else");
        assert_eq!(Signer::derived(&[8; 32]).open(&token, FETCH, Timestamp(1)), None, "another deployment");
        for at in [0, 1, 5, 30, 50, 60, 90] {
            let mut bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
            let last = bytes.len() - 1;
            bytes[at.min(last)] ^= 1;
            assert_eq!(signer.open(&URL_SAFE_NO_PAD.encode(bytes), FETCH, Timestamp(1)), None, "byte {at}");
        }
        for junk in ["", "x", "💥", &token[1..]] {
            assert_eq!(signer.open(junk, FETCH, Timestamp(1)), None, "{junk}");
        }
    }
}
