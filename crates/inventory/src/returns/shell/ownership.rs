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
    ret: ReturnId,
) -> Result<Option<ReturnPlace>, Fault> {
    let scope = permit.scope(ledger.database());
    let Some(place) = rows::return_place(&scope, ret).await?.filter(|place| permit.covers(place.store)) else {
        return Ok(None);
    };
    let is_own = match permit.channel() {
        None => true,
        Some(channel) => !rows::returns_of_channel(&scope, &[ret], channel).await?.is_empty(),
    };
    Ok(Some(place).filter(|_| is_own))
}

/// Replaces order lines in lines of a return that the caller may not use. Goods come back to any
/// store: an order may be named by callers who receive returns where it was sold, and by callers
/// who may see it.
pub(super) async fn check_own_lines(
    ledger: &Ledger,
    permit: &Permit<kind::OrderReturn>,
    reads: &impl Reads,
    lines: &mut [ReturnLine],
) -> Result<(), Fault> {
    if !permit.is_limited() {
        return Ok(());
    }
    let order_of = |line: OrderLineId| line.split_line::<entity::id::kind::OrderId>().0;
    let named = lines.iter().flat_map(|line| line.order_line.into_iter().chain(line.matches.iter().map(|piece| piece.line)));
    let mut orders: Vec<OrderId> = named.map(order_of).collect();
    orders.sort_unstable();
    orders.dedup();
    let seen = permit.also::<kind::OrderRead>().ok();
    let is_own = |store: StoreId, channel: ChannelId| {
        permit.covers_document(store, channel) || seen.as_ref().is_some_and(|seen| seen.covers_document(store, channel))
    };
    let places = order_rows::places_of(reads, &orders).await?;
    let own: HashSet<OrderId> =
        places.iter().filter(|(_, store, channel)| is_own(*store, *channel)).map(|(id, ..)| *id).collect();
    let nobodys: OrderId = ledger.clock().document_id();
    let rename = |line: OrderLineId| {
        if own.contains(&order_of(line)) { line } else { nobodys.line(line.split_line::<entity::id::kind::OrderId>().1) }
    };
    for line in lines {
        line.order_line = line.order_line.map(rename);
        line.matches.iter_mut().for_each(|piece| piece.line = rename(piece.line));
    }
    Ok(())
}
