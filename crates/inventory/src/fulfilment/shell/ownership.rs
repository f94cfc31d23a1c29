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
pub(super) fn is_own<P: Permission>(permit: &Permit<P>, store: StoreId) -> bool {
    permit.channel().is_none() && permit.covers(store)
}

/// Returns the named works, in their order. A work that the caller may not see is given an ID that
/// does not exist, so that the ledger rejects both in the same words.
pub(super) async fn on<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    works: &[FulfilmentWorkId],
    expected_version: Option<i64>,
) -> Result<Vec<(WorkRef, StoreId)>, Fault> {
    let found = rows::work_locations(&permit.scope(ledger.database()), works).await?;
    let meant = |id: &FulfilmentWorkId| {
        let own = found.iter().find(|at| at.work == *id && is_own(permit, at.store));
        let nobodys = || (ledger.clock().document_id(), ledger.clock().document_id(), StoreId::NIL);
        let (work, order, store) = own.map_or_else(nobodys, |at| (at.work, at.order, at.store));
        (WorkRef { work, order, expected_version, actor: permit.actor() }, store)
    };
    Ok(works.iter().map(meant).collect())
}

/// Returns one named work.
pub(super) async fn resolve_work<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    work: FulfilmentWorkId,
    expected_version: Option<i64>,
) -> Result<(WorkRef, StoreId), Fault> {
    let mut all = on(ledger, permit, &[work], expected_version).await?;
    all.pop().ok_or_else(|| Fault::Broken("a work that is meant is answered for".to_owned()))
}
