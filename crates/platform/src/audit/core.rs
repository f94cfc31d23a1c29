//! Content of an audit entry, and its link to the entry before: pure.

use aws_lc_rs::{
    hmac,
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use entity::prelude::*;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub type Hash = [u8; 32];

/// End of a chain: the number and the hash of its last entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    pub seq: i64,
    pub hash: Hash,
}

/// An entry's place in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal {
    pub seq: i64,
    pub prev: Hash,
    pub hash: Hash,
}

impl Chain {
    /// Appends an entry.
    pub fn append(&mut self, entry: &Entry) -> Seal {
        let (seq, prev) = (self.seq + 1, self.hash);
        *self = Self { seq, hash: entry.hash(&prev, seq) };
        Seal { seq, prev, hash: self.hash }
    }
}

/// Hash to which the first entry is chained.
pub const GENESIS: Hash = [0; 32];
/// Entries after which a checkpoint is signed …
pub const CHECKPOINT_ENTRIES: i64 = 1_000;
/// … and seconds after which it is, if that is sooner.
pub const CHECKPOINT_SECONDS: i64 = 3_600;

/// Outcome of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Done, in the transaction that contains this entry.
    Done,
    /// Accepted without a change: it had been done before, or the state was so already.
    Unchanged,
    /// Refused because of the request's content.
    Refused,
    /// Refused because of the caller's rights or authentication.
    Denied,
    /// Failed by an internal fault.
    Failed,
}

impl Outcome {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "DONE",
            Self::Unchanged => "UNCHANGED",
            Self::Refused => "REFUSED",
            Self::Denied => "DENIED",
            Self::Failed => "FAILED",
        }
    }
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Done, Self::Unchanged, Self::Refused, Self::Denied, Self::Failed]
            .into_iter()
            .find(|outcome| outcome.as_str() == word)
    }
}

/// Object that an entry is about: the prefix of its ID, and the ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub kind: String,
    pub id: Uuid,
}

impl Target {
    pub fn of<K: entity::id::Kind>(id: Id<K>) -> Self {
        Self { kind: K::PREFIX.to_owned(), id: id.uuid() }
    }
    /// Parses an ID with its prefix; None for any other text.
    pub fn parse(id: &str) -> Option<Self> {
        let (kind, id) = entity::id::prefix_of(id)?;
        Some(Self { kind: kind.to_owned(), id })
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}_{}", self.kind, String::from_utf8_lossy(&entity::id::base32(self.id)))
    }
}

/// An IP address: shown while it is stored, with a commitment that stays, so that the address can
/// be erased and the chain still verifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub ip: String,
    pub salt: [u8; 16],
}

/// Content of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub tenant: TenantId,
    pub id: AuditId,
    pub at: Timestamp,
    /// None if the caller was not authenticated.
    pub actor: Option<Actor>,
    pub session: Option<SessionId>,
    /// Name of the mutation; a dotted name for any other action.
    pub action: String,
    pub outcome: Outcome,
    pub target: Option<Target>,
    pub request_id: String,
    /// JSON: the events written, and the codes of refusals.
    pub changes: String,
    pub ip_commitment: Option<Hash>,
}

/// Returns the changes of an entry as JSON: the codes of a refusal, and the first and last number
/// of the events that it wrote.
pub fn changes(codes: Option<Vec<String>>, events: Option<(i64, i64)>) -> String {
    changes_of(codes, events, None)
}

/// Returns the same as `changes`, with the target's fields that differ (`fields::differences`).
pub fn changes_of(codes: Option<Vec<String>>, events: Option<(i64, i64)>, fields: Option<Vec<Value>>) -> String {
    #[derive(Serialize)]
    struct Changes {
        #[serde(skip_serializing_if = "Option::is_none")]
        codes: Option<Vec<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        events: Option<(i64, i64)>,
        #[serde(skip_serializing_if = "Option::is_none")]
        fields: Option<Vec<Value>>,
    }
    // Numbers, known codes and JSON always have a JSON form.
    serde_json::to_string(&Changes { codes, events, fields }).unwrap_or_default()
}

/// Form of an entry that is hashed: sorted names, no spaces, whole numbers (RFC 8785).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Canonical<'a> {
    action: &'a str,
    actor: Option<Uuid>,
    actor_kind: &'a str,
    at: i64,
    changes: &'a str,
    id: Uuid,
    ip_commitment: Option<String>,
    outcome: &'a str,
    request_id: &'a str,
    session: Option<Uuid>,
    target: Option<String>,
    tenant: Uuid,
}

impl Entry {
    pub fn actor_kind(&self) -> &'static str {
        self.actor.map_or("ANONYMOUS", |actor| actor.kind.as_str())
    }

    fn canonical(&self) -> Vec<u8> {
        let text = Canonical {
            action: &self.action,
            actor: self.actor.map(|actor| actor.id),
            actor_kind: self.actor_kind(),
            at: self.at.micros(),
            changes: &self.changes,
            id: self.id.uuid(),
            ip_commitment: self.ip_commitment.map(hex::encode),
            outcome: self.outcome.as_str(),
            request_id: &self.request_id,
            session: self.session.map(Id::uuid),
            target: self.target.as_ref().map(ToString::to_string),
            tenant: self.tenant.uuid(),
        };
        // Texts and numbers always have a JSON form.
        serde_json::to_vec(&text).unwrap_or_default()
    }

    /// Returns the hash of the entry as number `seq` after `prev`.
    pub fn hash(&self, prev: &Hash, seq: i64) -> Hash {
        let chained = Sha256::new().chain_update(b"entrepot audit entry 1\0").chain_update(prev);
        chained.chain_update(seq.to_be_bytes()).chain_update(self.canonical()).finalize().into()
    }

    /// Returns the MAC that authenticates the entry until it is chained.
    pub fn mac(&self, secret: &hmac::Key) -> Hash {
        let mut mac = hmac::Context::with_key(secret);
        mac.update(b"entrepot audit mac 1\0");
        mac.update(&self.canonical());
        let mut out = [0; 32];
        out.copy_from_slice(mac.sign().as_ref());
        out
    }
}

impl Address {
    pub fn commitment(&self) -> Hash {
        let salted = Sha256::new().chain_update(b"entrepot audit ip 1\0").chain_update(self.salt);
        salted.chain_update(self.ip.as_bytes()).finalize().into()
    }
}

/// Signed head of a chain at a moment: without the key the chain can be neither rewritten nor
/// shortened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    pub tenant: TenantId,
    pub seq: i64,
    pub hash: Hash,
    pub at: Timestamp,
    pub key_id: String,
    pub public_key: Vec<u8>,
    pub signature: Vec<u8>,
}

fn signed_text(tenant: TenantId, seq: i64, hash: &Hash, at: Timestamp) -> Vec<u8> {
    let mut text = b"entrepot audit checkpoint 1\0".to_vec();
    text.extend_from_slice(tenant.uuid().as_bytes());
    text.extend_from_slice(&seq.to_be_bytes());
    text.extend_from_slice(hash);
    text.extend_from_slice(&at.micros().to_be_bytes());
    text
}

/// Signs a head with a key derived from a master key. None only if the secret is no seed; any 32
/// bytes are one.
pub fn checkpoint(tenant: TenantId, seq: i64, hash: Hash, at: Timestamp, key: (String, Hash)) -> Option<Checkpoint> {
    let key_pair = Ed25519KeyPair::from_seed_unchecked(&key.1).ok()?;
    let signature = key_pair.sign(&signed_text(tenant, seq, &hash, at)).as_ref().to_vec();
    Some(Checkpoint { tenant, seq, hash, at, key_id: key.0, public_key: key_pair.public_key().as_ref().to_vec(), signature })
}

impl Checkpoint {
    /// Whether the signature holds, and with a secret given, whether it is that secret's.
    pub fn is_genuine(&self, secret: Option<Hash>) -> bool {
        let is_ours = secret.is_none_or(|seed| {
            Ed25519KeyPair::from_seed_unchecked(&seed).is_ok_and(|key_pair| key_pair.public_key().as_ref() == self.public_key)
        });
        let text = signed_text(self.tenant, self.seq, &self.hash, self.at);
        is_ours && UnparsedPublicKey::new(&ED25519, &self.public_key).verify(&text, &self.signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            tenant: TenantId::from_uuid(Uuid::from_u128(1)),
            id: AuditId::from_uuid(Uuid::from_u128(2)),
            at: Timestamp(3),
            actor: Some(Actor::SYSTEM),
            session: None,
            action: "stockAdjust".to_owned(),
            outcome: Outcome::Done,
            target: Some(Target { kind: "mov".to_owned(), id: Uuid::from_u128(4) }),
            request_id: "r".to_owned(),
            changes: "{}".to_owned(),
            ip_commitment: None,
        }
    }

    #[test]
    fn canonical_names_are_in_order_and_nothing_is_left_out() {
        let text = String::from_utf8(entry().canonical()).unwrap();
        let names: Vec<&str> = text.split('"').filter(|part| part.chars().all(char::is_alphabetic)).collect();
        let keys: Vec<&str> =
            text.split("\":").filter_map(|part| part.rsplit('"').next()).filter(|key| !key.is_empty()).collect();
        let keys = &keys[..keys.len() - 1];
        assert!(keys.is_sorted(), "{keys:?} {names:?}");
        assert_eq!(keys.len(), 12);
    }

    #[test]
    fn every_part_of_an_entry_is_in_its_hash_and_its_mac() {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]);
        let (plain, mac) = (entry().hash(&GENESIS, 1), entry().mac(&secret));
        let id = Uuid::from_u128(99);
        let others = [
            Entry { tenant: TenantId::from_uuid(id), ..entry() },
            Entry { id: AuditId::from_uuid(id), ..entry() },
            Entry { at: Timestamp(4), ..entry() },
            Entry { actor: None, ..entry() },
            Entry { actor: Some(Actor { kind: ActorKind::Member, id: Uuid::nil() }), ..entry() },
            Entry { session: Some(SessionId::from_uuid(id)), ..entry() },
            Entry { action: "stockSet".to_owned(), ..entry() },
            Entry { outcome: Outcome::Refused, ..entry() },
            Entry { target: None, ..entry() },
            Entry { target: Some(Target { kind: "ord".to_owned(), id: Uuid::from_u128(4) }), ..entry() },
            Entry { request_id: "s".to_owned(), ..entry() },
            Entry { changes: "[]".to_owned(), ..entry() },
            Entry { ip_commitment: Some([1; 32]), ..entry() },
        ];
        for other in others {
            assert_ne!(other.hash(&GENESIS, 1), plain, "{other:?}");
            assert_ne!(other.mac(&secret), mac, "{other:?}");
        }
        assert_ne!(entry().hash(&[1; 32], 1), plain, "the entry before");
        assert_ne!(entry().hash(&GENESIS, 2), plain, "its number");
    }

    #[test]
    fn a_checkpoint_holds_for_one_head_and_one_key() {
        let signed = checkpoint(TenantId::NIL, 5, [3; 32], Timestamp(9), ("k1".to_owned(), [7; 32])).unwrap();
        assert!(signed.is_genuine(Some([7; 32])) && signed.is_genuine(None));
        assert!(!signed.is_genuine(Some([8; 32])), "another key's");
        assert!(!Checkpoint { hash: [4; 32], ..signed.clone() }.is_genuine(None));
        assert!(!Checkpoint { seq: 6, ..signed }.is_genuine(None));
    }

    #[test]
    fn an_address_can_be_proven_but_not_guessed_back_once_its_salt_is_gone() {
        let address = |salt| Address { ip: "192.0.2.7".to_owned(), salt: [salt; 16] }.commitment();
        assert_eq!(address(1), address(1));
        assert_ne!(address(1), address(2));
    }
}
