//! Ids and signatures of messages, after Standard Webhooks.

use aws_lc_rs::{
    hkdf::{HKDF_SHA256, Salt},
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use entity::prelude::{EventId, TenantId};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Secret that signs messages to an endpoint.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

/// Bytes of a secret.
pub const BYTES: usize = 32;
const PREFIX: &str = "whsec_";
const PUBLIC_PREFIX: &str = "whpk_";
/// Domain separation of the Ed25519 key that is derived from a secret.
const ED25519_DOMAIN: &[u8] = b"entrepot webhook ed25519 1";

impl Secret {
    pub fn generate(fill: impl FnOnce(&mut [u8])) -> Self {
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
    /// Returns the secret in the form for the receiver.
    pub fn text(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Signs for one secret: with the secret itself, which the receiver has too, and with the private
/// key that is derived from it, whose public half may be published.
pub struct Signer {
    secret: Secret,
    pair: Ed25519KeyPair,
}

impl Signer {
    pub fn of(secret: Secret) -> Self {
        #[expect(clippy::expect_used, reason = "SHA-256 gives 32 bytes, and any 32 bytes are a private key of ed25519")]
        let pair = derive_key_pair(&secret).expect("32 bytes");
        Self { secret, pair }
    }

    /// Returns the public key in its published form.
    pub fn public_key(&self) -> String {
        format!("{PUBLIC_PREFIX}{}", STANDARD.encode(self.pair.public_key()))
    }

    /// Returns `v1,` and the HMAC-SHA256 of the signed bytes.
    fn sign_hmac(&self, signed: &[u8]) -> String {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.secret.0).expect("any length");
        mac.update(signed);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }

    /// Returns `v1a,` and the ed25519 signature of the signed bytes.
    fn sign_ed25519(&self, signed: &[u8]) -> String {
        format!("v1a,{}", STANDARD.encode(self.pair.sign(signed)))
    }
}

/// Derives the key pair by HKDF, not by the HMAC that signs messages: so no message can have the
/// private key as its signature.
fn derive_key_pair(secret: &Secret) -> Option<Ed25519KeyPair> {
    let mut seed = [0; BYTES];
    let extracted = Salt::new(HKDF_SHA256, &[]).extract(&secret.0);
    extracted.expand(&[ED25519_DOMAIN], HKDF_SHA256).ok()?.fill(&mut seed).ok()?;
    Ed25519KeyPair::from_seed_unchecked(&seed).ok()
}

/// Returns the signatures of a message, separated by spaces: over its ID, the second of the attempt
/// and the body, separated by points. Symmetric ones, which every receiver supports, come first.
pub fn signatures(signers: &[Signer], id: &str, timestamp: i64, body: &str) -> String {
    let signed = format!("{id}.{timestamp}.{body}");
    let signed = signed.as_bytes();
    let symmetric = signers.iter().map(|signer| signer.sign_hmac(signed));
    let all: Vec<String> = symmetric.chain(signers.iter().map(|signer| signer.sign_ed25519(signed))).collect();
    all.join(" ")
}

/// The last 62 of the 128 bits of a message's ID are its number; the others, except version and
/// variant, identify the journal.
const SEQ_BITS: u128 = (1 << 62) - 1;

fn journal_bits(tenant: TenantId, epoch: Uuid) -> u128 {
    let mut hash = Sha256::new();
    hash.update(b"entrepot event 1\0");
    hash.update(tenant.uuid().as_bytes());
    hash.update(epoch.as_bytes());
    let mut bits = [0; 16];
    bits.copy_from_slice(&hash.finalize()[..16]);
    // A UUID of version 8 (RFC 9562 §5.8): all bits but version and variant are free to use.
    u128::from_be_bytes(bits) & !(0xf << 76) & !(0b11 << 62) & !SEQ_BITS | 0x8 << 76 | 0b10 << 62
}

/// Returns the ID of an event as a message: the same for each attempt, each endpoint and each
/// replay, and another one if a restored journal uses the number again.
pub fn message_id(tenant: TenantId, epoch: Uuid, seq: i64) -> EventId {
    EventId::from_uuid(Uuid::from_u128(journal_bits(tenant, epoch) | seq.unsigned_abs() as u128 & SEQ_BITS))
}

/// Returns the event of an ID in this journal; `None` if the ID is from another journal.
pub fn seq_of(tenant: TenantId, epoch: Uuid, id: EventId) -> Option<i64> {
    let seq = i64::try_from(id.uuid().as_u128() & SEQ_BITS).ok().filter(|seq| *seq > 0)?;
    (message_id(tenant, epoch, seq) == id).then_some(seq)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's reference libraries.
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const AT: i64 = 1_614_265_330;
    const BODY: &str = r#"{"test": 2432232314}"#;

    fn example() -> Secret {
        Secret::from_bytes(STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap())
    }

    fn signed(secret: Secret) -> Vec<String> {
        signatures(&[Signer::of(secret)], ID, AT, BODY).split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn signs_as_the_standard_says() {
        assert_eq!(signed(example())[0], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(example().text(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    }

    #[test]
    fn signs_with_a_private_key_as_the_standard_says() {
        // The asymmetric example of the same source: its seed, its public key and its signature.
        let seed = STANDARD.decode("6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc=").unwrap();
        let signer = Signer { secret: example(), pair: Ed25519KeyPair::from_seed_unchecked(&seed).unwrap() };
        assert_eq!(signer.public_key(), "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=");
        let signature = signatures(&[signer], ID, AT, BODY);
        let expected = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";
        assert_eq!(signature.split(' ').nth(1), Some(expected));
    }

    /// Computed independently: by HKDF of RFC 5869 without a salt, and another implementation of
    /// ed25519. Receivers keep the public key for years.
    #[test]
    fn the_key_that_follows_from_a_secret_is_the_same_for_ever() {
        assert_eq!(Signer::of(example()).public_key(), "whpk_UVH7ND7YbfUdfNJ/vL8bKPSmEqhlMAN71UwCxxgxXOA=");
        assert_eq!(
            signed(example())[1],
            "v1a,CX/G7C0vPASmIYe4b+mIBeSurgqhLqu3KiLEi8fHUX71+NaGo28KhGnHw/o9OVbh93fFgMlV1jMdoorbpKc7DA=="
        );
        let other = Signer::of(Secret::from_bytes(vec![7; BYTES]));
        assert_eq!(other.public_key(), "whpk_J3mrg5Wyv7gOy2vloqjDP91iTiQDoArCvKI8lSzT2M0=");
    }

    #[test]
    fn a_public_key_verifies_its_own_secrets_signature_of_these_bytes_only() {
        use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
        let key = STANDARD.decode(Signer::of(example()).public_key().strip_prefix(PUBLIC_PREFIX).unwrap()).unwrap();
        let verifies = |signature: &str, body: &str| {
            let signature = STANDARD.decode(signature.strip_prefix("v1a,").unwrap()).unwrap();
            let signed = format!("{ID}.{AT}.{body}");
            UnparsedPublicKey::new(&ED25519, &key).verify(signed.as_bytes(), &signature).is_ok()
        };
        let (own, others) = (signed(example()), signed(Secret::from_bytes(vec![7; BYTES])));
        assert!(verifies(&own[1], BODY) && !verifies(&own[1], "{}") && !verifies(&others[1], BODY));
    }

    #[test]
    fn of_two_secrets_each_signs_both_ways() {
        let other = Secret::from_bytes(vec![7; BYTES]);
        let all = signatures(&[Signer::of(example()), Signer::of(other.clone())], ID, AT, BODY);
        let (one, two) = (signed(example()), signed(other));
        assert_eq!(all, [&one[0], &two[0], &one[1], &two[1]].map(String::as_str).join(" "));
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
