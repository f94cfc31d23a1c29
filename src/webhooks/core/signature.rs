//! Ids and signatures of messages, after Standard Webhooks.

use base64::{Engine, engine::general_purpose::STANDARD};
use entity::prelude::{EventId, TenantId};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What messages to an endpoint are signed with.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

/// Bytes of a secret.
pub const BYTES: usize = 32;
const PREFIX: &str = "whsec_";

impl Secret {
    pub fn make(fill: impl FnOnce(&mut [u8])) -> Self {
        let mut bytes = vec![0; BYTES];
        fill(&mut bytes);
        Self(bytes)
    }
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
    /// As the receiver is given it.
    pub fn text(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// One signature of a message: `v1,` and the HMAC-SHA256 of its id, the second of the attempt and the body, with points between.
pub fn signature(secret: &Secret, id: &str, timestamp: i64, body: &str) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&secret.0).expect("any length");
    for part in [id, ".", &timestamp.to_string(), ".", body] {
        mac.update(part.as_bytes());
    }
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// Of the 128 bits of a message's id the last 62 are its number, and of the others all but version and variant say whose journal it is from.
const SEQ_BITS: u128 = (1 << 62) - 1;

fn journal_bits(tenant: TenantId, epoch: Uuid) -> u128 {
    let mut hash = Sha256::new();
    hash.update(b"entrepot event 1\0");
    hash.update(tenant.uuid().as_bytes());
    hash.update(epoch.as_bytes());
    let mut bits = [0; 16];
    bits.copy_from_slice(&hash.finalize()[..16]);
    // A UUID of version 8 (RFC 9562 §5.8): ours to fill but for version and variant.
    u128::from_be_bytes(bits) & !(0xf << 76) & !(0b11 << 62) & !SEQ_BITS | 0x8 << 76 | 0b10 << 62
}

/// The id of an event as a message: the same for each attempt, each endpoint and each replay, and another one when a restored journal uses the
/// number again.
pub fn message_id(tenant: TenantId, epoch: Uuid, seq: i64) -> EventId {
    EventId::from_uuid(Uuid::from_u128(journal_bits(tenant, epoch) | seq.unsigned_abs() as u128 & SEQ_BITS))
}

/// The event that an id stands for in this journal; none when it is from another one.
pub fn seq_of(tenant: TenantId, epoch: Uuid, id: EventId) -> Option<i64> {
    let seq = i64::try_from(id.uuid().as_u128() & SEQ_BITS).ok().filter(|seq| *seq > 0)?;
    (message_id(tenant, epoch, seq) == id).then_some(seq)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_the_standard_says() {
        // The example of the specification's reference libraries.
        let secret = Secret::from_bytes(STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap());
        let signed = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(secret.text(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }

    #[test]
    fn an_id_leads_back_to_its_event_and_to_no_other_journal() {
        let (tenant, other) = (TenantId::from_uuid(Uuid::from_u128(1)), TenantId::from_uuid(Uuid::from_u128(2)));
        let (epoch, later) = (Uuid::from_u128(3), Uuid::from_u128(4));
        for seq in [1, 2, 500, (1 << 53) - 1] {
            let id = message_id(tenant, epoch, seq);
            assert_eq!(id.uuid().get_version_num(), 8);
            assert_eq!(seq_of(tenant, epoch, id), Some(seq));
            assert_eq!((seq_of(other, epoch, id), seq_of(tenant, later, id)), (None, None));
        }
        assert_ne!(message_id(tenant, epoch, 7), message_id(tenant, later, 7));
    }
}
