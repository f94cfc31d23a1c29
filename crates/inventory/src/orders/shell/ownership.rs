//! Ownership checks of the orders that a caller names. An order that the caller may not act on is
//! replaced by an unused ID, so that the ledger rejects it in the same words as one that does not
//! exist; nothing is rejected here.

use entity::prelude::*;
use iam::access::{Permission, Permit};
use platform::storage::Fault;

use crate::{
    ledger::Ledger,
    orders::rows::{self, OrderPlace},
};

/// Returns the order's ID, if the order is of one of the permit's stores and of the caller's
/// channel; else an unused ID.
pub(super) async fn own_order<P: Permission>(ledger: &Ledger, permit: &Permit<P>, order: OrderId) -> Result<OrderId, Fault> {
    if !permit.is_limited() {
        return Ok(order);
    }
    let places = rows::places_of(&permit.scope(ledger.database()), &[order]).await?;
    let is_own = places.iter().any(|(_, store, channel)| permit.covers_document(*store, *channel));
    Ok(if is_own { order } else { ledger.clock().document_id() })
}

/// Returns the order's ID like `own_order`, and the facts that a step needs: both in one statement.
/// None if there is no such order, or the caller may not act on it: the ledger rejects it.
pub(super) async fn own_placed<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    order: OrderId,
) -> Result<(OrderId, Option<OrderPlace>), Fault> {
    let found = rows::placed(&permit.scope(ledger.database()), order).await?;
    let is_own = |placed: &OrderPlace| permit.covers_document(placed.store, placed.channel);
    let is_others = if let Some(placed) = &found { !is_own(placed) } else { permit.is_limited() };
    Ok(if is_others { (ledger.clock().document_id(), None) } else { (order, found) })
}

/// Returns the channel of an order: a caller that is bound to a channel sells only there.
pub(super) fn own_channel<P>(ledger: &Ledger, permit: &Permit<P>, named: Option<ChannelId>) -> Option<ChannelId> {
    match (permit.channel(), named) {
        (None, named) => named,
        (Some(own), None) => Some(own),
        (Some(own), Some(named)) => Some(if own == named { own } else { ledger.clock().id() }),
    }
}
