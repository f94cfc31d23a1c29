//! Undoing what returns gave back, what became of their goods, and what came in with them.

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::storage::idempotency::Key;

use super::ownership::own_return;
use crate::{
    ledger::{Command, Done, Ledger, Mode, Stop, first_answer, key_of, submit},
    returns::{
        core::{InspectionReversal, ReceiptReversal, RefundReversal, Return, ReverseInspection, ReverseReceipt, ReverseRefund},
        rows,
    },
    reversals::{
        core::{Named, Refusal, Resting, Rests},
        rows::movements_of,
        shell::{DocumentReverse, MUTATION, Tries, call_of, checked, missing, named},
    },
    stock::core::{Movement, Reason, Reference, ReferenceKind, Rejection, RoomRefusal},
};

/// Undoes the last step of a return that can be undone: what it gave back, else what became of its goods when somebody looked at them, else what came in.
pub async fn return_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
    ret: ReturnId,
    mode: Mode,
) -> Done {
    checked(input)?;
    // A call that is repeated is answered as the first was: it undoes no earlier step.
    let key = key_of(permit, MUTATION, &input.idempotency_key, input);
    let first = first_answer(ledger, permit, &key, missing()).await;
    if first.as_ref().err().is_none_or(|stop| !is_missing(stop)) {
        return first;
    }
    let found = rows::whole_returns(&permit.scope(ledger.database()), &[ret]).await?.pop();
    match found {
        None => refund_reverse(ledger, permit, (input, key), ret, mode).await,
        Some(found) => match found.status() {
            ReturnStatus::Closed => refund_reverse(ledger, permit, (input, key), ret, mode).await,
            ReturnStatus::Inspected => inspection_reverse(ledger, permit, (input, key), ret, mode).await,
            _ if found.was_inspected() && found.at_counter != Some(true) => {
                inspection_reverse(ledger, permit, (input, key), ret, mode).await
            }
            _ => receipt_reverse(ledger, permit, (input, key), ret, mode).await,
        },
    }
}

/// Whether nothing was found by the key.
fn is_missing(stop: &Stop) -> bool {
    matches!(stop, Stop::Refused(all) if all.iter().any(|one| matches!(one.why, Reason::NotFound(_))))
}

/// Puts what came in with a return aside again, unseen: the caller may reverse documents and take returns, in the return's store.
async fn inspection_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    (input, key): (&DocumentReverse, Key),
    ret: ReturnId,
    mode: Mode,
) -> Done {
    let receiving = permit.also::<kind::OrderReturn>()?;
    let place = own_return(ledger, permit, ret).await?.filter(|place| receiving.covers(place.store));
    let Some(place) = place else { return first_answer(ledger, permit, &key, missing()).await };
    let scope = permit.scope(ledger.database());
    let of = Reference { kind: ReferenceKind::Return, id: ret.uuid() };
    let mut tries = Tries::of(input.expected_version);
    loop {
        // The return is read first: what is read later is never older than its version.
        let Some(found) = rows::returns(&scope, &[ret]).await?.pop() else {
            return first_answer(ledger, permit, &key, missing()).await;
        };
        let originals = movements_of(&scope, of, &[MovementKind::Adjustment, MovementKind::Removal]).await?;
        let reverse = ReverseInspection {
            ret,
            expected_version: input.expected_version,
            seen: found.version,
            call: call_of(ledger, permit, input, &originals)?,
            originals,
            levels: place.levels.clone(),
            time_zone: place.time_zone.clone(),
            has_lines: input.lines.is_some(),
        };
        match submit(ledger, permit, Command::of(InspectionReversal(Box::new(reverse))), key.clone(), mode).await {
            Err(stop) if tries.again(&stop) => {}
            Err(stop) => {
                let since = movements_of(&scope, of, &[MovementKind::Return]).await?;
                return Err(without_own(named(&scope, stop, &since).await?, of));
            }
            done => return done,
        }
    }
}

/// What a return did itself does not rest on it.
fn without_own(stop: Stop, own: Reference) -> Stop {
    let Stop::Refused(all) = stop else { return stop };
    let others = |rejection: Rejection| {
        let at = rejection.at;
        let Some(Refusal::InUse(rests)) = rejection.of_room::<Refusal>() else { return rejection };
        // That its goods were looked at as they came is what its receipt rests on.
        let is_own = |named: &Named| *named == Named::Document(own) && rests.why != Resting::Inspected;
        let documents: Vec<Named> = rests.documents.iter().copied().filter(|named| !is_own(named)).collect();
        let count = rests.count - (rests.documents.len() - documents.len());
        Refusal::InUse(Rests { why: rests.why.clone(), documents, count }).at(at)
    };
    Stop::Refused(all.into_iter().map(others).collect())
}

/// Takes what came in with a return out again, whole: the caller may reverse documents and take returns, in the return's store.
async fn receipt_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    (input, key): (&DocumentReverse, Key),
    ret: ReturnId,
    mode: Mode,
) -> Done {
    let receiving = permit.also::<kind::OrderReturn>()?;
    let place = own_return(ledger, permit, ret).await?.filter(|place| receiving.covers(place.store));
    let Some(place) = place else { return first_answer(ledger, permit, &key, missing()).await };
    let scope = permit.scope(ledger.database());
    let mut tries = Tries::of(input.expected_version);
    loop {
        // The return is read first: what is read later is never older than its version.
        let Some(found) = rows::returns(&scope, &[ret]).await?.pop() else {
            return first_answer(ledger, permit, &key, missing()).await;
        };
        let of = Reference { kind: ReferenceKind::Return, id: ret.uuid() };
        let originals = movements_of(&scope, of, &[MovementKind::Return]).await?;
        let reverse = reversing(ledger, permit, input, (&found, originals.as_slice(), place.orders.as_slice()))?;
        match submit(ledger, permit, Command::of(ReceiptReversal(Box::new(reverse))), key.clone(), mode).await {
            Err(stop) if tries.again(&stop) => {}
            Err(stop) => return Err(without_own(named(&scope, stop, &originals).await?, of)),
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
    (input, key): (&DocumentReverse, Key),
    ret: ReturnId,
    mode: Mode,
) -> Done {
    let settling = permit.also::<kind::ReturnApprove>()?;
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
