//! Positions in a tenant's stream, as clients hold them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::prelude::TenantId;
use platform::{
    paging::{CursorSigner, Key},
    storage::{TenantScope, journal::Head},
};
use uuid::Uuid;

use crate::{canonical, fault::Answer, scalars::Cursor};

/// Reason for which a cursor cannot be followed: discard your data and subscribe again without a cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, async_graphql::Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ResetReason {
    /// The cursor is older than the events that are kept.
    CursorExpired,
    /// The cursor belongs to another tenant or another filter, or was not issued here.
    CursorForeign,
    /// The database was restored to an earlier moment since.
    EpochChanged,
    /// The set of objects that you may see has changed.
    ScopeChanged,
}

impl ResetReason {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CursorExpired => "CURSOR_EXPIRED",
            Self::CursorForeign => "CURSOR_FOREIGN",
            Self::EpochChanged => "EPOCH_CHANGED",
            Self::ScopeChanged => "SCOPE_CHANGED",
        }
    }
}

/// Phase of a stream to which an item belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, async_graphql::Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum StreamPhase {
    /// The item is a page of the snapshot.
    Snapshot,
    /// The item is the last page of the snapshot; changes follow.
    Ready,
    /// Changes.
    Live,
    /// The item has a cursor and no changes, as nothing matched for a while.
    Progress,
    /// The stream ends; see the reason.
    Reset,
}

/// Returns the current head of the journal.
pub async fn position(scope: &TenantScope) -> Answer<Head> {
    Ok(scope.head().await?)
}

fn kind(tenant: TenantId) -> String {
    format!("stream:{tenant}")
}

/// A cursor after event `seq`, valid for streams of this tenant, epoch and filter.
pub fn cursor(signer: &CursorSigner, tenant: TenantId, epoch: Uuid, seq: i64, filter: &FilterName) -> Cursor {
    Cursor(signer.sign(&kind(tenant), &[Key::Id(epoch), Key::Int(seq), Key::Text(filter.now.clone())]))
}

/// Returns the event of a cursor, or the reason that the cursor cannot be resumed from.
pub fn open_cursor(
    signer: &CursorSigner,
    tenant: TenantId,
    head: Head,
    filter: &FilterName,
    cursor: &Cursor,
) -> Result<i64, ResetReason> {
    let keys = signer.open(&kind(tenant), &cursor.0).ok_or(ResetReason::CursorForeign)?;
    let [Key::Id(epoch), Key::Int(seq), Key::Text(filter_name)] = keys.as_slice() else { return Err(ResetReason::CursorForeign) };
    if !filter.is_of(filter_name) {
        return Err(ResetReason::CursorForeign);
    }
    check_continuation(head, *seq, *epoch)?;
    Ok(*seq)
}

/// Checks whether a stream can continue after an event of an epoch; otherwise returns the reason.
pub fn check_continuation(head: Head, seq: i64, epoch: Uuid) -> Result<(), ResetReason> {
    // A head before the cursor's event means that commits were lost, as after a change of the
    // epoch.
    if epoch != head.epoch || seq > head.seq {
        return Err(ResetReason::EpochChanged);
    }
    if seq < head.low {
        return Err(ResetReason::CursorExpired);
    }
    Ok(())
}

/// A short name for a filter: filters with different conditions have different names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterName {
    /// Name made of the filter's canonical JSON.
    pub now: String,
    /// Name in releases before migration 34: their cursors are still accepted.
    pub former: String,
}

impl FilterName {
    fn is_of(&self, name: &str) -> bool {
        self.now == name || self.former == name
    }
    /// Returns the name for a list of this kind.
    #[must_use]
    pub fn for_list(self, kind: &str) -> Self {
        Self { now: format!("{kind}:{}", self.now), former: format!("{kind}:{}", self.former) }
    }
}

/// Names a filter by its canonical JSON; `former_text` is the text that older releases named it by.
pub fn filter_name(filter: serde_json::Value, former_text: &str) -> FilterName {
    use sha2::{Digest, Sha256};
    let encode_short = |digest: [u8; 32]| URL_SAFE_NO_PAD.encode(&digest[..9]);
    FilterName { now: encode_short(canonical::digest_of(filter)), former: encode_short(Sha256::digest(former_text).into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_of_commits_that_a_failover_lost_is_reset() {
        let (signer, tenant, epoch) = (CursorSigner::new([7; 32]), TenantId::from_uuid(Uuid::from_u128(1)), Uuid::from_u128(2));
        let name = filter_name(serde_json::json!({}), "");
        let opened =
            |seq: i64, head: Head| open_cursor(&signer, tenant, head, &name, &cursor(&signer, tenant, epoch, seq, &name));
        let head = Head { seq: 40, epoch, low: 10 };
        assert_eq!((opened(40, head), opened(10, head)), (Ok(40), Ok(10)));
        assert_eq!(opened(41, head), Err(ResetReason::EpochChanged), "the new primary has not written so far");
        assert_eq!(opened(9, head), Err(ResetReason::CursorExpired));
        let renewed = Head { epoch: Uuid::from_u128(3), ..head };
        assert_eq!(opened(20, renewed), Err(ResetReason::EpochChanged), "`entrepot epoch` resets what it has passed meanwhile");
    }
}
