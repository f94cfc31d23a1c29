//! Returned goods without a named lot: the lots of their orders that can come back are read.

use std::collections::{BTreeSet, HashMap};

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::storage::{Fault, Reads, idempotency::Key};

use crate::{
    ledger::{Command, Done, Ledger, Mode, Stop, submit},
    orders::rows as order_rows,
    returns::{
        core::{ReturnableLots, lots_left},
        rows,
    },
    reversals::shell::MAX_TRIES,
    stock::{
        core::{LotRefusal, Noun, Reason, Refusal, Rejection},
        rows::lot_list::lots_by_id,
    },
};

/// Submits a command that brings goods back. If a lot is missing, it is submitted again with the
/// lots of these orders that can come back: the rules take the only one, or name the candidates.
/// Commands that need no lot cost no further statement.
pub(super) async fn submit_with_lots(
    ledger: &Ledger,
    permit: &Permit<kind::OrderReturn>,
    (orders, command): (&[OrderId], &(impl Fn(Option<ReturnableLots>) -> Command + Send + Sync)),
    key: Key,
    mode: Mode,
) -> Done {
    let first = submit(ledger, permit, command(None), key.clone(), mode).await;
    let Err(stop) = first else { return first };
    if !is_missing_lot(&stop) {
        return Err(stop);
    }
    let scope = permit.scope(ledger.database());
    for _ in 0..MAX_TRIES {
        let left = Box::pin(load_returnable_lots(&scope, orders)).await?;
        if left.is_empty() {
            break;
        }
        match submit(ledger, permit, command(Some(left)), key.clone(), mode).await {
            Err(again) if is_order_changed(&again) => {}
            done => return done,
        }
    }
    Err(stop)
}

/// Whether something that comes in names no lot.
fn is_missing_lot(stop: &Stop) -> bool {
    let is_so = |one: &Rejection| matches!(one.why, Reason::Stock(Refusal::Lot(LotRefusal::Unsaid { .. })));
    matches!(stop, Stop::Refused(all) if all.iter().any(is_so))
}

/// True if an order changed between reading and writing. A return whose version differs from the
/// caller's fails at each attempt.
fn is_order_changed(stop: &Stop) -> bool {
    let is_so = |one: &Rejection| matches!(one.why, Reason::StaleDocument { what: Noun::Order, .. });
    matches!(stop, Stop::Refused(all) if all.iter().any(is_so))
}

/// Reads the lots of orders that can come back. The orders are read first: later reads are never
/// older than their versions.
async fn load_returnable_lots(reads: &impl Reads, ids: &[OrderId]) -> Result<ReturnableLots, Fault> {
    let orders = order_rows::orders(reads, ids).await?;
    let left = order_rows::left_lots(reads, ids, Some(&orders)).await?;
    if left.is_empty() {
        return Ok(ReturnableLots::default());
    }
    let returns: BTreeSet<ReturnId> = rows::returns_of(reads, ids).await?.into_iter().map(|(_, ret)| ret.id).collect();
    let returns: Vec<ReturnId> = returns.into_iter().collect();
    let (lines, back) = (rows::return_lines(reads, &returns).await?, rows::returned_lots(reads, &returns).await?);
    let lots = lots_left(&orders, &left, &lines, &back);
    if lots.is_empty() {
        return Ok(ReturnableLots::default());
    }
    let named: BTreeSet<LotId> = lots.keys().map(|(.., lot)| *lot).collect();
    let found = lots_by_id(reads, &named.into_iter().collect::<Vec<_>>()).await?;
    let codes: HashMap<LotId, String> = found.into_iter().map(|lot| (lot.id, lot.code)).collect();
    Ok(ReturnableLots::new(&orders, &lots, &codes))
}
