//! References that the caller may not act on. They are replaced by references that do not exist, so
//! that the ledger refuses them in the same words; nothing here refuses by itself.

use std::collections::HashSet;

use entity::prelude::*;
use iam::access::{Permission, Permit, kind};
use platform::storage::{Fault, Reads};

use super::input::ReturnLine;
use crate::{
    ledger::Ledger,
    orders::rows as order_rows,
    returns::rows::{self, ReturnPlace},
};

/// Returns the place of a return if it is of one of the permit's stores and of the caller's
/// channel. `None` also if it does not exist: both are reported as not found.
pub(super) async fn authorized_return<P: Permission>(
    ledger: &Ledger,
    permit: &Permit<P>,
    return_id: ReturnId,
) -> Result<Option<ReturnPlace>, Fault> {
    let scope = permit.scope(ledger.database());
    let Some(place) = rows::load_return_place(&scope, return_id).await?.filter(|place| permit.covers(place.store)) else {
        return Ok(None);
    };
    let is_own = match permit.channel() {
        None => true,
        Some(channel) => !rows::filter_returns_by_channel(&scope, &[return_id], channel).await?.is_empty(),
    };
    Ok(Some(place).filter(|_| is_own))
}

/// Replaces order lines in lines of a return that the caller may not use. Goods come back to any
/// store: an order may be named by callers who receive returns where it was sold, and by callers
/// who may see it.
pub(super) async fn hide_foreign_order_lines(
    ledger: &Ledger,
    permit: &Permit<kind::OrderReturn>,
    reads: &impl Reads,
    lines: &mut [ReturnLine],
) -> Result<(), Fault> {
    if !permit.is_limited() {
        return Ok(());
    }
    let order_of = |line: OrderLineId| line.split_line::<entity::id::kind::OrderId>().0;
    let order_lines =
        lines.iter().flat_map(|line| line.order_line.into_iter().chain(line.matches.iter().map(|piece| piece.line)));
    let mut orders: Vec<OrderId> = order_lines.map(order_of).collect();
    orders.sort_unstable();
    orders.dedup();
    let order_read = permit.also::<kind::OrderRead>().ok();
    let is_own = |store: StoreId, channel: ChannelId| {
        permit.covers_document(store, channel)
            || order_read.as_ref().is_some_and(|order_read| order_read.covers_document(store, channel))
    };
    let places = order_rows::places_of(reads, &orders).await?;
    let own_orders: HashSet<OrderId> =
        places.iter().filter(|(_, store, channel)| is_own(*store, *channel)).map(|(id, ..)| *id).collect();
    let unknown_order: OrderId = ledger.clock().document_id();
    let hide_foreign = |line: OrderLineId| {
        if own_orders.contains(&order_of(line)) {
            line
        } else {
            unknown_order.line(line.split_line::<entity::id::kind::OrderId>().1)
        }
    };
    for line in lines {
        line.order_line = line.order_line.map(hide_foreign);
        line.matches.iter_mut().for_each(|piece| piece.line = hide_foreign(piece.line));
    }
    Ok(())
}
