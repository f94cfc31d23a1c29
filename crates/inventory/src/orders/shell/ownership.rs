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
pub(super) async fn visible_order<P: Permission>(ledger: &Ledger, permit: &Permit<P>, order: OrderId) -> Result<OrderId, Fault> {
    if !permit.is_limited() {
        return Ok(order);
    }
    let places = rows::places_of(&permit.scope(ledger.database()), &[order]).await?;
    let is_own = places.iter().any(|(_, store, channel)| permit.covers_document(*store, *channel));
    Ok(if is_own { order } else { ledger.clock().document_id() })
}

/// Returns the order's ID like `visible_order`, and the facts that a step needs: both in one statement.
/// None if there is no such order, or the caller may not act on it: the ledger rejects it.
pub(super) async fn visible_order_and_place<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    order: OrderId,
) -> Result<(OrderId, Option<OrderPlace>), Fault> {
    let found_place = rows::read_order_place(&permit.scope(ledger.database()), order).await?;
    let is_own = |order_place: &OrderPlace| permit.covers_document(order_place.store, order_place.channel);
    let is_foreign = if let Some(order_place) = &found_place { !is_own(order_place) } else { permit.is_limited() };
    Ok(if is_foreign { (ledger.clock().document_id(), None) } else { (order, found_place) })
}

/// Returns the channel of an order: a caller that is bound to a channel sells only there.
pub(super) fn resolve_channel<P>(ledger: &Ledger, permit: &Permit<P>, requested_channel: Option<ChannelId>) -> Option<ChannelId> {
    match (permit.channel(), requested_channel) {
        (None, requested_channel) => requested_channel,
        (Some(key_channel), None) => Some(key_channel),
        (Some(key_channel), Some(requested_channel)) => {
            Some(if key_channel == requested_channel { key_channel } else { ledger.clock().id() })
        }
    }
}
