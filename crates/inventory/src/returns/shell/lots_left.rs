//! Goods of returns whose lot is not named: the lots of their orders that can come back are read.

use std::collections::{BTreeSet, HashMap};

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::storage::{Fault, Reads, idempotency::Key};

use crate::{
    ledger::{Command, Done, Ledger, Mode, Stop, submit},
    orders::rows as order_rows,
    returns::{
        core::{LotsLeft, lots_left},
        rows,
    },
    reversals::shell::MOST_TRIES,
    stock::{
        core::{LotRefusal, Noun, Reason, Refusal, Rejection},
        rows::lot_list::lots_by_id,
    },
};

/// Submits what brings goods back. Where a lot is missing, it is submitted again with the lots of these orders that can come back: the rules take the only
/// one, or name those that there are. What needs no lot costs no statement more.
pub(super) async fn submit_with_lots(
    ledger: &Ledger,
    permit: &Permit<kind::OrderReturn>,
    (orders, command): (&[OrderId], &(impl Fn(Option<LotsLeft>) -> Command + Send + Sync)),
    key: Key,
    mode: Mode,
) -> Done {
    let first = submit(ledger, permit, command(None), key.clone(), mode).await;
    let Err(stop) = first else { return first };
    if !is_without_lot(&stop) {
        return Err(stop);
    }
    let scope = permit.scope(ledger.database());
    for _ in 0..MOST_TRIES {
        let left = Box::pin(left_of(&scope, orders)).await?;
        if left.is_empty() {
            break;
        }
        match submit(ledger, permit, command(Some(left)), key.clone(), mode).await {
            Err(again) if is_overtaken(&again) => {}
            done => return done,
        }
    }
    Err(stop)
}

/// Whether something that comes in names no lot.
fn is_without_lot(stop: &Stop) -> bool {
    let is_so = |one: &Rejection| matches!(one.why, Reason::Stock(Refusal::Lot(LotRefusal::Unsaid { .. })));
    matches!(stop, Stop::Refused(all) if all.iter().any(is_so))
}

/// Whether an order changed between reading and writing. A return that is not as its caller saw it is so at each try.
fn is_overtaken(stop: &Stop) -> bool {
    let is_so = |one: &Rejection| matches!(one.why, Reason::StaleDocument { what: Noun::Order, .. });
    matches!(stop, Stop::Refused(all) if all.iter().any(is_so))
}

/// Reads the lots of orders that can come back. The orders are read first: what is read later is never older than their versions.
async fn left_of(reads: &impl Reads, ids: &[OrderId]) -> Result<LotsLeft, Fault> {
    let orders = order_rows::orders(reads, ids).await?;
    let left = order_rows::left_lots(reads, ids, Some(&orders)).await?;
    if left.is_empty() {
        return Ok(LotsLeft::default());
    }
    let returns: BTreeSet<ReturnId> = rows::returns_of(reads, ids).await?.into_iter().map(|(_, ret)| ret.id).collect();
    let returns: Vec<ReturnId> = returns.into_iter().collect();
    let (lines, back) = (rows::return_lines(reads, &returns).await?, rows::lots_back(reads, &returns).await?);
    let lots = lots_left(&orders, &left, &lines, &back);
    if lots.is_empty() {
        return Ok(LotsLeft::default());
    }
    let named: BTreeSet<LotId> = lots.keys().map(|(.., lot)| *lot).collect();
    let found = lots_by_id(reads, &named.into_iter().collect::<Vec<_>>()).await?;
    let codes: HashMap<LotId, String> = found.into_iter().map(|lot| (lot.id, lot.code)).collect();
    Ok(LotsLeft::new(&orders, &lots, &codes))
}
