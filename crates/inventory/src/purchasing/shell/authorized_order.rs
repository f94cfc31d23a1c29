//! Orders that a permit may change: those of its stores.

use entity::prelude::*;
use iam::access::{Permission, Permit};
use platform::storage::Fault;

use crate::{ledger::Ledger, purchasing::rows};

/// Returns the order's ID if it is of one of the permit's stores; else an unused ID, so that the
/// ledger refuses it like an order that does not exist.
pub(super) async fn authorized_order<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    order: PurchaseOrderId,
) -> Result<PurchaseOrderId, Fault> {
    if !permit.is_limited() {
        return Ok(order);
    }
    let places = rows::places_of(&permit.scope(ledger.database()), &[order]).await?;
    let is_own = places.get(&order).is_some_and(|(store, _)| permit.covers(*store));
    Ok(if is_own { order } else { ledger.clock().document_id() })
}
