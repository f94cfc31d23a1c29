//! Links that carry their own permission: a file, an operation and an expiry, signed with a secret
//! of the deployment.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::prelude::{FileId, TenantId, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

/// Requested size of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// The uploaded picture, unchanged.
    Original,
    /// For lists.
    Small,
    /// For a detail page.
    Medium,
}

impl Size {
    /// Sizes that are drawn from the original, the larger first.
    pub const THUMBNAILS: [Self; 2] = [Self::Medium, Self::Small];

    /// Returns the longest side, in pixels; `None` for the original.
    pub fn pixels(self) -> Option<u32> {
        match self {
            Self::Original => None,
            Self::Small => Some(128),
            Self::Medium => Some(512),
        }
    }
}

/// Purpose of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPurpose {
    Send,
    Fetch(Size),
}

/// Content of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    pub verb: LinkPurpose,
    pub tenant: TenantId,
    pub file: FileId,
    pub until: Timestamp,
}

/// Signs links; every node of a deployment has the same secret.
#[derive(Clone)]
pub struct Signer([u8; 32]);

const VERSION: u8 = 1;
/// Version, verb, tenant, file, end.
const BODY_BYTES: usize = 1 + 1 + 16 + 16 + 8;
const MAC_BYTES: usize = 32;

impl Signer {
    /// Derives the signer from a secret with other uses, by a one-way function.
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        let mut key = [0; 32];
        key.copy_from_slice(&compute_mac(secret, b"entrepot file links 1"));
        Self(key)
    }

    /// Returns the last part of a link's URL.
    pub fn sign(&self, link: &Link) -> String {
        let mut bytes = Vec::with_capacity(BODY_BYTES + MAC_BYTES);
        bytes.push(VERSION);
        bytes.push(match link.verb {
            LinkPurpose::Send => b's',
            LinkPurpose::Fetch(Size::Original) => b'f',
            LinkPurpose::Fetch(Size::Small) => b't',
            LinkPurpose::Fetch(Size::Medium) => b'm',
        });
        bytes.extend_from_slice(link.tenant.uuid().as_bytes());
        bytes.extend_from_slice(link.file.uuid().as_bytes());
        bytes.extend_from_slice(&link.until.micros().to_be_bytes());
        let mac = compute_mac(&self.0, &bytes);
        bytes.extend_from_slice(&mac);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Returns the content of a link if its signature is valid, it is for this verb (in any size),
    /// and it has not expired.
    pub fn open(&self, token: &str, verb: LinkPurpose, now: Timestamp) -> Option<Link> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok().filter(|bytes| bytes.len() == BODY_BYTES + MAC_BYTES)?;
        let (body, signature) = bytes.split_at(BODY_BYTES);
        compute_hmac(&self.0, body).verify_slice(signature).ok()?;
        let purpose = match body[1] {
            b's' => LinkPurpose::Send,
            b'f' => LinkPurpose::Fetch(Size::Original),
            b't' => LinkPurpose::Fetch(Size::Small),
            b'm' => LinkPurpose::Fetch(Size::Medium),
            _ => return None,
        };
        let id = |from: usize| Uuid::from_slice(&body[from..from + 16]).ok();
        let until = Timestamp(i64::from_be_bytes(body[34..BODY_BYTES].try_into().ok()?));
        let link = Link { verb: purpose, tenant: TenantId::from_uuid(id(2)?), file: FileId::from_uuid(id(18)?), until };
        (body[0] == VERSION && (purpose == LinkPurpose::Send) == (verb == LinkPurpose::Send) && now <= until).then_some(link)
    }
}

fn compute_hmac(key: &[u8; 32], body: &[u8]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("any length");
    mac.update(body);
    mac
}

fn compute_mac(key: &[u8; 32], body: &[u8]) -> Vec<u8> {
    compute_hmac(key, body).finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_for_its_verb_in_its_time_and_not_when_it_was_touched() {
        const FETCH: LinkPurpose = LinkPurpose::Fetch(Size::Original);
        let signer = Signer::from_secret(&[7; 32]);
        let link = Link {
            verb: LinkPurpose::Fetch(Size::Small),
            tenant: TenantId::from_uuid(Uuid::from_u128(1)),
            file: FileId::from_uuid(Uuid::from_u128(2)),
            until: Timestamp(1_000),
        };
        let token = signer.sign(&link);
        assert_eq!(signer.open(&token, FETCH, Timestamp(1_000)), Some(link));
        assert_eq!(signer.open(&token, FETCH, Timestamp(1_001)), None, "late");
        assert_eq!(signer.open(&token, LinkPurpose::Send, Timestamp(1)), None, "for something else");
        assert_eq!(Signer::from_secret(&[8; 32]).open(&token, FETCH, Timestamp(1)), None, "another deployment");
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
