//! Idempotency keys and their stored answers. A key belongs to (tenant, owner, mutation); the same
//! key with the same input returns the first answer again, with another input it is an error; a
//! refusal is not stored. Comparison of inputs: `docs/decisions/0101-identities.md`.
//!
//! These functions work inside the call's transaction; the keys themselves are in `keys`.

pub(super) mod keys;

use entity::prelude::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

use self::keys::read;
pub use self::keys::{
    EarlierUse, InputDigest, Key, KeyProblem, KeyUse, MAX_KEY, by_key, check_key, hash_of, key_use, look_up, rows,
    with_sent_digest,
};
use super::{Fault, Reads, Work, journal};

/// Returns the earlier use of this key. The lookup is inside the transaction: a concurrent call
/// with the key has either committed, and is found here, or conflicts with our write.
pub async fn before(work: &Work, key: &Key) -> Result<Option<KeyUse>, Fault> {
    Ok(key_use(key, &look_up(work, [key]).await?))
}

/// Returns the earlier use of this key after locking the counter, so that the second of two
/// concurrent calls finds the receipt of the first.
pub async fn lock_and_look_up<R: DeserializeOwned>(work: &Work, key: &Key) -> Result<EarlierUse<R>, Fault> {
    journal::lock(work).await?;
    read(before(work, key).await?)
}

/// Stores a receipt, in the transaction of its change.
pub async fn keep(work: &Work, key: &Key, receipt: &impl Serialize, now: Timestamp) -> Result<(), Fault> {
    let receipt = serde_json::to_string(receipt).map_err(|err| Fault::Broken(format!("a receipt has no JSON: {err}")))?;
    store_receipts(work, [(key, receipt)], now).await
}

/// Result of a call: the changed value, the last event of the change, and whether an earlier call
/// with the same key made it.
#[derive(Debug, Clone)]
pub struct CallResult<T> {
    pub value: T,
    pub seq: Option<i64>,
    pub is_replayed: bool,
}

/// Commits a call that changed something; rolls back a refusal, a dry run, and a repeated call.
///
/// # Errors
/// The call's own refusal, or the database.
pub async fn settle<T, E: From<Fault>>(work: Work, result: Result<CallResult<T>, E>, is_dry: bool) -> Result<CallResult<T>, E> {
    match &result {
        Ok(acted) if !is_dry && !acted.is_replayed => work.commit().await?,
        _ => work.rollback().await?,
    }
    if is_dry { result.map(|acted| CallResult { seq: None, ..acted }) } else { result }
}

/// Stores receipts, in the transaction of their changes.
pub async fn store_receipts<'a>(
    work: &Work,
    receipts: impl IntoIterator<Item = (&'a Key, String)>,
    now: Timestamp,
) -> Result<(), Fault> {
    work.write(rows(work.tenant(), receipts, now)).await
}
