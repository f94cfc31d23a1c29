//! Idempotency keys: their check, the digests of their inputs, their earlier uses, and the rows of
//! their receipts.

use std::future::Future;

use entity::{
    prelude::{TenantId, Timestamp},
    record::{Record, Selected},
    tables::idempotency,
};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::storage::{Bulk, Fault, Finds, Reads, Rows};

/// Idempotency key of a call, with the digest of its input.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// The member or integration that the key belongs to.
    pub owner: Uuid,
    pub mutation: &'static str,
    pub key: String,
    /// Digest of the input as supplied, without its compare-and-set parts.
    pub hash: InputDigest,
}

/// Digests by which an input is compared when its key is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct InputDigest {
    /// SHA-256 over the JSON of the Rust struct: the only digest of releases before migration 34.
    pub hash: [u8; 32],
    /// SHA-256 over the canonical JSON of the GraphQL arguments (`graphql::canonical`); None in
    /// rows of releases before migration 34.
    pub sent: Option<[u8; 32]>,
}

impl InputDigest {
    /// Whether both digests are of the same input. The struct's hash decides only if one side has
    /// no other digest.
    pub fn matches(&self, other: &Self) -> bool {
        match (self.sent, other.sent) {
            (Some(own_digest), Some(other_digest)) => own_digest == other_digest,
            _ => self.hash == other.hash,
        }
    }
    /// Builds the digests from the stored bytes.
    ///
    /// # Errors
    /// One of them has not 32 bytes.
    fn from_stored(hash: Vec<u8>, sent: Option<Vec<u8>>) -> Result<Self, Fault> {
        let to_digest = |bytes: Vec<u8>| bytes.try_into().map_err(|_| Fault::corrupt("idempotency", "a digest has 32 bytes"));
        Ok(Self { hash: to_digest(hash)?, sent: sent.map(to_digest).transpose()? })
    }
}

tokio::task_local! {
    static SENT_DIGEST: [u8; 32];
}

/// Runs a mutation whose arguments have this digest: its keys are compared by it.
pub async fn with_sent_digest<T>(digest: [u8; 32], future: impl Future<Output = T>) -> T {
    SENT_DIGEST.scope(digest, future).await
}

/// Runs code whose keys always belong to the same input, such as the keys of a file's rows:
/// repeated calls are compared by key only.
pub async fn by_key<T>(future: impl Future<Output = T>) -> T {
    with_sent_digest(Sha256::digest(b"entrepot: the key alone").into(), future).await
}

/// Maximum characters of a key.
pub const MAX_KEY: usize = 255;

/// Reason that a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyProblem {
    /// Empty or only blanks.
    Missing,
    /// More than `MAX_KEY` characters, or a character that not every database can store.
    Unfit,
}

/// Checks a key: 1 to 255 characters that every database can store, not only blanks.
///
/// # Errors
/// The problem with the text.
pub fn check_key(text: &str) -> Result<(), KeyProblem> {
    if text.trim().is_empty() {
        Err(KeyProblem::Missing)
    } else if text.contains('\0') || text.chars().nth(MAX_KEY).is_some() {
        Err(KeyProblem::Unfit)
    } else {
        Ok(())
    }
}

/// Earlier use of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyUse {
    /// The receipt of the first call, from which the answer is built again.
    Same(String),
    /// The key was used with another input.
    Reused,
}

/// Returns the digest of an input. Fields that must not count are `#[serde(skip)]` on the input.
pub fn hash_of(input: &impl Serialize) -> InputDigest {
    // Inputs have no maps with keys that are not text: they always have a JSON form.
    let hash = Sha256::digest(serde_json::to_vec(input).unwrap_or_default()).into();
    InputDigest { hash, sent: SENT_DIGEST.try_with(|sent| *sent).ok() }
}

#[derive(Record)]
#[record(of = idempotency, alias = "idempotency")]
struct StoredReceiptRow {
    owner_id: Uuid,
    mutation: String,
    idempotency_key: String,
    hash: Vec<u8>,
    digest: Option<Vec<u8>>,
    receipt: String,
}

/// Returns the known ones of these keys, by text and mutation, each with its stored receipt.
pub async fn look_up<'a>(reads: &impl Reads, keys: impl IntoIterator<Item = &'a Key>) -> Result<Vec<(Key, String)>, Fault> {
    let keys: Vec<&Key> = keys.into_iter().collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM idempotency WHERE tenant_id = $1 AND {}",
        StoredReceiptRow::SELECT,
        backend.in_texts("idempotency_key", 2)
    );
    let rows = reads.records::<StoredReceiptRow>(&sql, vec![backend.texts(keys.iter().map(|k| k.key.as_str()))]).await?;
    let mut receipts = Vec::with_capacity(rows.len());
    for row in rows {
        // Another mutation's key of the same text is another key.
        let Some(mutation) = keys.iter().map(|k| k.mutation).find(|requested| *requested == row.mutation) else { continue };
        let hash = InputDigest::from_stored(row.hash, row.digest)?;
        receipts.push((Key { owner: row.owner_id, mutation, key: row.idempotency_key, hash }, row.receipt));
    }
    Ok(receipts)
}

/// Returns the earlier use of `key` in `receipts`.
pub fn key_use(key: &Key, receipts: &[(Key, String)]) -> Option<KeyUse> {
    let (stored, receipt) =
        receipts.iter().find(|(k, _)| k.owner == key.owner && k.mutation == key.mutation && k.key == key.key)?;
    Some(if stored.hash.matches(&key.hash) { KeyUse::Same(receipt.clone()) } else { KeyUse::Reused })
}

/// Earlier use of a key, with its receipt parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EarlierUse<R> {
    /// No call with this key has been done.
    Nothing,
    Same(R),
    /// The key was used with another input.
    Reused,
}

/// Reads the receipt that was kept.
pub(in super::super) fn read<R: DeserializeOwned>(key_use: Option<KeyUse>) -> Result<EarlierUse<R>, Fault> {
    Ok(match key_use {
        None => EarlierUse::Nothing,
        Some(KeyUse::Reused) => EarlierUse::Reused,
        Some(KeyUse::Same(receipt)) => EarlierUse::Same(
            serde_json::from_str(&receipt).map_err(|_| Fault::corrupt("idempotency", "a receipt names what was changed"))?,
        ),
    })
}

#[derive(Record)]
#[record(of = idempotency)]
struct NewRow {
    owner_id: Uuid,
    mutation: String,
    idempotency_key: String,
    hash: Vec<u8>,
    digest: Option<Vec<u8>>,
    receipt: String,
    recorded_at: Timestamp,
}

/// The rows that remember receipts.
pub fn rows<'a>(tenant: TenantId, receipts: impl IntoIterator<Item = (&'a Key, String)>, now: Timestamp) -> Bulk {
    let mut rows = Rows::<NewRow>::insert(tenant);
    rows.extend(receipts.into_iter().map(|(key, receipt)| NewRow {
        owner_id: key.owner,
        mutation: key.mutation.to_owned(),
        idempotency_key: key.key.clone(),
        hash: key.hash.hash.to_vec(),
        digest: key.hash.sent.map(Vec::from),
        receipt,
        recorded_at: now,
    }));
    rows.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_owner_mutation_and_text() {
        let key = |owner: u128, hash| Key {
            owner: Uuid::from_u128(owner),
            mutation: "stockAdjust",
            key: "k".to_owned(),
            hash: InputDigest { hash: [hash; 32], sent: None },
        };
        let found = vec![(key(1, 7), "receipt".to_owned())];
        assert_eq!(key_use(&key(1, 7), &found), Some(KeyUse::Same("receipt".to_owned())));
        assert_eq!(key_use(&key(1, 8), &found), Some(KeyUse::Reused));
        assert_eq!(key_use(&key(2, 7), &found), None);
    }

    #[test]
    fn what_was_sent_decides_and_the_hash_of_older_releases_where_nothing_else_is_known() {
        let of = |hash, sent: Option<u8>| InputDigest { hash: [hash; 32], sent: sent.map(|sent| [sent; 32]) };
        assert!(of(1, Some(5)).matches(&of(2, Some(5))), "a struct has another form since");
        assert!(!of(1, Some(5)).matches(&of(1, Some(6))));
        assert!(of(1, Some(5)).matches(&of(1, None)) && of(1, None).matches(&of(1, Some(5))));
        assert!(!of(1, Some(5)).matches(&of(2, None)));
    }
}
