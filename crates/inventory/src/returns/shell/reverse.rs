//! Undoing what returns gave back, and what came in with them.

use entity::prelude::*;
use iam::access::{Permit, kind};

use super::ownership::own_return;
use crate::{
    ledger::{Command, Done, Ledger, Mode, Stop, first_answer, key_of, submit},
    returns::{
        core::{ReceiptReversal, RefundReversal, Return, ReverseReceipt, ReverseRefund},
        rows,
    },
    reversals::{
        rows::movements_of,
        shell::{DocumentReverse, MOST_TRIES, MUTATION, call_of, checked, is_overtaken, missing, named},
    },
    stock::core::{Movement, Reference, ReferenceKind},
};

/// Undoes the last step of a return that can be undone: what it gave back where it was looked at, else what came in.
pub async fn return_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
    ret: ReturnId,
    mode: Mode,
) -> Done {
    let found = rows::returns(&permit.scope(ledger.database()), &[ret]).await?.pop();
    match found.map(|found| found.status()) {
        None | Some(ReturnStatus::Inspected | ReturnStatus::Closed) => refund_reverse(ledger, permit, input, ret, mode).await,
        Some(_) => receipt_reverse(ledger, permit, input, ret, mode).await,
    }
}

/// Takes what came in with a return out again, whole: the caller may reverse documents and take returns, in the return's store.
async fn receipt_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
    ret: ReturnId,
    mode: Mode,
) -> Done {
    checked(input)?;
    let receiving = permit.also::<kind::OrderReturn>()?;
    let key = key_of(permit, MUTATION, &input.idempotency_key, input);
    let place = own_return(ledger, permit, ret).await?.filter(|place| receiving.covers(place.store));
    let Some(place) = place else { return first_answer(ledger, permit, &key, missing()).await };
    let scope = permit.scope(ledger.database());
    let mut tries = MOST_TRIES;
    loop {
        tries -= 1;
        // The return is read first: what is read later is never older than its version.
        let Some(found) = rows::returns(&scope, &[ret]).await?.pop() else {
            return first_answer(ledger, permit, &key, missing()).await;
        };
        let of = Reference { kind: ReferenceKind::Return, id: ret.uuid() };
        let originals = movements_of(&scope, of, &[MovementKind::Return]).await?;
        let reverse = reversing(ledger, permit, input, (&found, originals.as_slice(), place.orders.as_slice()))?;
        match submit(ledger, permit, Command::of(ReceiptReversal(Box::new(reverse))), key.clone(), mode).await {
            Err(stop) if tries > 0 && input.expected_version.is_none() && is_overtaken(&stop) => {}
            Err(stop) => return Err(named(&scope, stop, &originals).await?),
            done => return done,
        }
    }
}

fn reversing(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
    (found, originals, orders): (&Return, &[Movement], &[OrderId]),
) -> Result<ReverseReceipt, Stop> {
    Ok(ReverseReceipt {
        ret: found.id,
        orders: orders.to_vec(),
        expected_version: input.expected_version,
        seen: found.version,
        originals: originals.to_vec(),
        has_lines: input.lines.is_some(),
        call: call_of(ledger, permit, input, originals)?,
    })
}

/// Opens a closed return again: the caller may reverse documents and settle returns, in the return's store.
async fn refund_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
    ret: ReturnId,
    mode: Mode,
) -> Done {
    checked(input)?;
    let settling = permit.also::<kind::ReturnApprove>()?;
    let key = key_of(permit, MUTATION, &input.idempotency_key, input);
    let place = own_return(ledger, permit, ret).await?.filter(|place| settling.covers(place.store));
    let Some(place) = place else { return first_answer(ledger, permit, &key, missing()).await };
    let reverse = ReverseRefund {
        ret,
        orders: place.orders,
        expected_version: input.expected_version,
        time_zone: place.time_zone,
        has_lines: input.lines.is_some(),
        call: call_of(ledger, permit, input, &[])?,
    };
    submit(ledger, permit, Command::of(RefundReversal(Box::new(reverse))), key, mode).await
}
