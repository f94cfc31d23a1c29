//! What a caller names and may not act on. It is given the name of nobody's thing, so that the ledger refuses it in the very words in which it
//! refuses what does not exist; nothing here says no by itself.

use entity::prelude::*;
use iam::access::{Permission, Permit};
use platform::storage::Fault;

use crate::{
    ledger::Ledger,
    orders::rows::{self, OrderPlace},
};

/// The order, if it is of one of the permit's stores and of the caller's channel.
pub(super) async fn own_order<P: Permission>(ledger: &Ledger, permit: &Permit<P>, order: OrderId) -> Result<OrderId, Fault> {
    if !permit.is_limited() {
        return Ok(order);
    }
    let places = rows::places_of(&permit.scope(ledger.database()), &[order]).await?;
    let is_own = places.iter().any(|(_, store, channel)| permit.covers_document(*store, *channel));
    Ok(if is_own { order } else { ledger.clock().document_id() })
}

/// The order as `own_order` names it, and what is asked of it before a step: both in one statement. None where there is no such order, or it is
/// not the caller's: the ledger refuses it.
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

/// The channel of an order: who is bound to one sells there and nowhere else.
pub(super) fn own_channel<P>(ledger: &Ledger, permit: &Permit<P>, named: Option<ChannelId>) -> Option<ChannelId> {
    match (permit.channel(), named) {
        (None, named) => named,
        (Some(own), None) => Some(own),
        (Some(own), Some(named)) => Some(if own == named { own } else { ledger.clock().id() }),
    }
}
