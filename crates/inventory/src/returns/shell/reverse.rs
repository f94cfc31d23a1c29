//! Reversing the refunds, inspections and receipts of returns.

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::storage::idempotency::Key;

use super::ownership::authorized_return;
use crate::{
    ledger::{Command, Done, Ledger, Mode, Stop, key_of, stored_answer_or, submit},
    returns::{
        core::{InspectionReversal, ReceiptReversal, RefundReversal, Return, ReverseInspection, ReverseReceipt, ReverseRefund},
        rows,
    },
    reversals::{
        core::{DependencyReason, DependentDocument, Dependents, Refusal},
        rows::movements_of,
        shell::{DocumentReverse, REVERSE_MUTATION, RemainingAttempts, build_call, check_input, document_not_found, named},
    },
    stock::core::{Movement, Reason, Reference, ReferenceKind, Rejection, RoomRefusal},
};

/// Reverses the last step of a return that can be reversed: its refund, else its inspection, else
/// its receipt.
pub async fn return_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
    ret: ReturnId,
    mode: Mode,
) -> Done {
    check_input(input)?;
    // A repeated call is answered like the first: it reverses no earlier step.
    let key = key_of(permit, REVERSE_MUTATION, &input.idempotency_key, input);
    let first = stored_answer_or(ledger, permit, &key, document_not_found()).await;
    if first.as_ref().err().is_none_or(|stop| !is_missing(stop)) {
        return first;
    }
    let found = rows::load_full_returns(&permit.scope(ledger.database()), &[ret]).await?.pop();
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

/// Reverses the inspection of a return: the caller may reverse documents and receive returns, in
/// the return's store.
async fn inspection_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    (input, key): (&DocumentReverse, Key),
    ret: ReturnId,
    mode: Mode,
) -> Done {
    let receiving = permit.also::<kind::OrderReturn>()?;
    let place = authorized_return(ledger, permit, ret).await?.filter(|place| receiving.covers(place.store));
    let Some(place) = place else { return stored_answer_or(ledger, permit, &key, document_not_found()).await };
    let scope = permit.scope(ledger.database());
    let of = Reference { kind: ReferenceKind::Return, id: ret.uuid() };
    let mut tries = RemainingAttempts::of(input.expected_version);
    loop {
        // The return is read first: later reads are never older than its version.
        let Some(found) = rows::returns(&scope, &[ret]).await?.pop() else {
            return stored_answer_or(ledger, permit, &key, document_not_found()).await;
        };
        let originals = movements_of(&scope, of, &[MovementKind::Adjustment, MovementKind::Removal]).await?;
        let reverse = ReverseInspection {
            ret,
            expected_version: input.expected_version,
            seen: found.version,
            call: build_call(ledger, permit, input, &originals)?,
            originals,
            levels: place.levels.clone(),
            time_zone: place.time_zone.clone(),
            has_lines: input.lines.is_some(),
        };
        match submit(ledger, permit, Command::of(InspectionReversal(Box::new(reverse))), key.clone(), mode).await {
            Err(stop) if tries.should_retry(&stop) => {}
            Err(stop) => {
                let since = movements_of(&scope, of, &[MovementKind::Return]).await?;
                return Err(remove_own_documents(named(&scope, stop, &since).await?, of));
            }
            done => return done,
        }
    }
}

/// Removes the return's own documents from a refusal: they do not depend on it.
fn remove_own_documents(stop: Stop, own: Reference) -> Stop {
    let Stop::Refused(all) = stop else { return stop };
    let others = |rejection: Rejection| {
        let at = rejection.at;
        let Some(Refusal::InUse(rests)) = rejection.of_room::<Refusal>() else { return rejection };
        // The inspection on receipt is kept: the receipt cannot be reversed because of it.
        let is_own =
            |named: &DependentDocument| *named == DependentDocument::Document(own) && rests.why != DependencyReason::Inspected;
        let documents: Vec<DependentDocument> = rests.documents.iter().copied().filter(|named| !is_own(named)).collect();
        let count = rests.count - (rests.documents.len() - documents.len());
        Refusal::InUse(Dependents { why: rests.why.clone(), documents, count }).at(at)
    };
    Stop::Refused(all.into_iter().map(others).collect())
}

/// Reverses the receipt of a return, whole: the caller may reverse documents and receive returns,
/// in the return's store.
async fn receipt_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    (input, key): (&DocumentReverse, Key),
    ret: ReturnId,
    mode: Mode,
) -> Done {
    let receiving = permit.also::<kind::OrderReturn>()?;
    let place = authorized_return(ledger, permit, ret).await?.filter(|place| receiving.covers(place.store));
    let Some(place) = place else { return stored_answer_or(ledger, permit, &key, document_not_found()).await };
    let scope = permit.scope(ledger.database());
    let mut tries = RemainingAttempts::of(input.expected_version);
    loop {
        // The return is read first: later reads are never older than its version.
        let Some(found) = rows::returns(&scope, &[ret]).await?.pop() else {
            return stored_answer_or(ledger, permit, &key, document_not_found()).await;
        };
        let of = Reference { kind: ReferenceKind::Return, id: ret.uuid() };
        let originals = movements_of(&scope, of, &[MovementKind::Return]).await?;
        let reverse = reversing(ledger, permit, input, (&found, originals.as_slice(), place.orders.as_slice()))?;
        match submit(ledger, permit, Command::of(ReceiptReversal(Box::new(reverse))), key.clone(), mode).await {
            Err(stop) if tries.should_retry(&stop) => {}
            Err(stop) => return Err(remove_own_documents(named(&scope, stop, &originals).await?, of)),
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
        call: build_call(ledger, permit, input, originals)?,
    })
}

/// Reopens a closed return: the caller may reverse documents and settle returns, in the return's
/// store.
async fn refund_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    (input, key): (&DocumentReverse, Key),
    ret: ReturnId,
    mode: Mode,
) -> Done {
    let settling = permit.also::<kind::ReturnApprove>()?;
    let place = authorized_return(ledger, permit, ret).await?.filter(|place| settling.covers(place.store));
    let Some(place) = place else { return stored_answer_or(ledger, permit, &key, document_not_found()).await };
    let reverse = ReverseRefund {
        ret,
        orders: place.orders,
        expected_version: input.expected_version,
        time_zone: place.time_zone,
        has_lines: input.lines.is_some(),
        call: build_call(ledger, permit, input, &[])?,
    };
    submit(ledger, permit, Command::of(RefundReversal(Box::new(reverse))), key, mode).await
}
