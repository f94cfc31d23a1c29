//! Works that the caller may act on. Any other work is replaced by an unused ID, so that the ledger
//! rejects it in the same words as one that does not exist.

use entity::prelude::*;
use iam::access::{Permission, Permit};
use platform::storage::Fault;

use crate::{
    fulfilment::{core::WorkRef, rows},
    ledger::Ledger,
};

/// True if the permit covers works of this store. Callers that are bound to a channel see orders,
/// never works.
pub(super) fn is_visible_store<P: Permission>(permit: &Permit<P>, store: StoreId) -> bool {
    permit.channel().is_none() && permit.covers(store)
}

/// Returns the named works, in their order. A work that the caller may not see is given an ID that
/// does not exist, so that the ledger rejects both in the same words.
pub(super) async fn resolve_works<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    works: &[FulfilmentWorkId],
    expected_version: Option<i64>,
) -> Result<Vec<(WorkRef, StoreId)>, Fault> {
    let locations = rows::work_locations(&permit.scope(ledger.database()), works).await?;
    let resolve = |id: &FulfilmentWorkId| {
        let own_location = locations.iter().find(|location| location.work == *id && is_visible_store(permit, location.store));
        let unknown_location = || (ledger.clock().document_id(), ledger.clock().document_id(), StoreId::NIL);
        let (work, order, store) =
            own_location.map_or_else(unknown_location, |location| (location.work, location.order, location.store));
        (WorkRef { work, order, expected_version, actor: permit.actor() }, store)
    };
    Ok(works.iter().map(resolve).collect())
}

/// Returns one named work.
pub(super) async fn resolve_work<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    work: FulfilmentWorkId,
    expected_version: Option<i64>,
) -> Result<(WorkRef, StoreId), Fault> {
    let mut resolved_works = resolve_works(ledger, permit, &[work], expected_version).await?;
    resolved_works.pop().ok_or_else(|| Fault::Broken("a work that is meant is answered for".to_owned()))
}
