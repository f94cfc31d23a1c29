//! Returned goods without a named lot: the lots of their orders that can come back are read.

use std::collections::{BTreeSet, HashMap};

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::storage::{Fault, Reads, idempotency::Key};

use crate::{
    ledger::{Command, Ledger, Mode, Stop, SubmitResult, submit},
    orders::rows as order_rows,
    returns::{
        core::{ReturnableLots, unreturned_lots},
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
) -> SubmitResult {
    let first_outcome = submit(ledger, permit, command(None), key.clone(), mode).await;
    let Err(stop) = first_outcome else { return first_outcome };
    if !is_missing_lot(&stop) {
        return Err(stop);
    }
    let scope = permit.scope(ledger.database());
    for _ in 0..MAX_TRIES {
        let returnable_lots = Box::pin(load_returnable_lots(&scope, orders)).await?;
        if returnable_lots.is_empty() {
            break;
        }
        match submit(ledger, permit, command(Some(returnable_lots)), key.clone(), mode).await {
            Err(retry_stop) if is_order_changed(&retry_stop) => {}
            outcome => return outcome,
        }
    }
    Err(stop)
}

/// Whether something that comes in names no lot.
fn is_missing_lot(stop: &Stop) -> bool {
    let is_so = |rejection: &Rejection| matches!(rejection.why, Reason::Stock(Refusal::Lot(LotRefusal::Unsaid { .. })));
    matches!(stop, Stop::Refused(rejections) if rejections.iter().any(is_so))
}

/// True if an order changed between reading and writing. A return whose version differs from the
/// caller's fails at each attempt.
fn is_order_changed(stop: &Stop) -> bool {
    let is_so = |rejection: &Rejection| matches!(rejection.why, Reason::StaleDocument { what: Noun::Order, .. });
    matches!(stop, Stop::Refused(rejections) if rejections.iter().any(is_so))
}

/// Reads the lots of orders that can come back. The orders are read first: later reads are never
/// older than their versions.
async fn load_returnable_lots(reads: &impl Reads, ids: &[OrderId]) -> Result<ReturnableLots, Fault> {
    let orders = order_rows::orders(reads, ids).await?;
    let shipped_lots = order_rows::shipped_lots_of(reads, ids, Some(&orders)).await?;
    if shipped_lots.is_empty() {
        return Ok(ReturnableLots::default());
    }
    let returns: BTreeSet<ReturnId> =
        rows::load_returns_of_orders(reads, ids).await?.into_iter().map(|(_, sales_return)| sales_return.id).collect();
    let returns: Vec<ReturnId> = returns.into_iter().collect();
    let (lines, units_back) = (rows::load_return_lines(reads, &returns).await?, rows::load_returned_lots(reads, &returns).await?);
    let lots = unreturned_lots(&orders, &shipped_lots, &lines, &units_back);
    if lots.is_empty() {
        return Ok(ReturnableLots::default());
    }
    let lot_ids: BTreeSet<LotId> = lots.keys().map(|(.., lot)| *lot).collect();
    let lots_found = lots_by_id(reads, &lot_ids.into_iter().collect::<Vec<_>>()).await?;
    let codes: HashMap<LotId, String> = lots_found.into_iter().map(|lot| (lot.id, lot.code)).collect();
    Ok(ReturnableLots::new(&orders, &lots, &codes))
}
