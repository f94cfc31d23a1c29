//! Reversing the refunds, inspections and receipts of returns.

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::storage::idempotency::Key;

use super::ownership::authorized_return;
use crate::{
    ledger::{Command, Ledger, Mode, Stop, SubmitResult, key_of, stored_answer_or, submit},
    returns::{
        core::{InspectionReversal, ReceiptReversal, RefundReversal, Return, ReverseInspection, ReverseReceipt, ReverseRefund},
        rows,
    },
    reversals::{
        core::{DependencyReason, DependentDocument, Dependents, Refusal},
        rows::movements_of,
        shell::{
            DocumentReverse, REVERSE_MUTATION, RemainingAttempts, build_call, check_input, document_not_found,
            with_document_names,
        },
    },
    stock::core::{Movement, Reason, Reference, ReferenceKind, Rejection, RoomRefusal},
};

/// Reverses the last step of a return that can be reversed: its refund, else its inspection, else
/// its receipt.
pub async fn return_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
    return_id: ReturnId,
    mode: Mode,
) -> SubmitResult {
    check_input(input)?;
    // A repeated call is answered like the first: it reverses no earlier step.
    let key = key_of(permit, REVERSE_MUTATION, &input.idempotency_key, input);
    let first = stored_answer_or(ledger, permit, &key, document_not_found()).await;
    if first.as_ref().err().is_none_or(|stop| !is_not_found(stop)) {
        return first;
    }
    let stored_return = rows::load_full_returns(&permit.scope(ledger.database()), &[return_id]).await?.pop();
    match stored_return {
        None => refund_reverse(ledger, permit, (input, key), return_id, mode).await,
        Some(stored_return) => match stored_return.status() {
            ReturnStatus::Closed => refund_reverse(ledger, permit, (input, key), return_id, mode).await,
            ReturnStatus::Inspected => inspection_reverse(ledger, permit, (input, key), return_id, mode).await,
            _ if stored_return.was_inspected() && stored_return.at_counter != Some(true) => {
                inspection_reverse(ledger, permit, (input, key), return_id, mode).await
            }
            _ => receipt_reverse(ledger, permit, (input, key), return_id, mode).await,
        },
    }
}

/// Whether nothing was found by the key.
fn is_not_found(stop: &Stop) -> bool {
    matches!(stop, Stop::Refused(rejections) if rejections.iter().any(|rejection| matches!(rejection.why, Reason::NotFound(_))))
}

/// Reverses the inspection of a return: the caller may reverse documents and receive returns, in
/// the return's store.
async fn inspection_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    (input, key): (&DocumentReverse, Key),
    return_id: ReturnId,
    mode: Mode,
) -> SubmitResult {
    let return_permit = permit.also::<kind::OrderReturn>()?;
    let place = authorized_return(ledger, permit, return_id).await?.filter(|place| return_permit.covers(place.store));
    let Some(place) = place else { return stored_answer_or(ledger, permit, &key, document_not_found()).await };
    let scope = permit.scope(ledger.database());
    let reference = Reference { kind: ReferenceKind::Return, id: return_id.uuid() };
    let mut attempts = RemainingAttempts::of(input.expected_version);
    loop {
        // The return is read first: later reads are never older than its version.
        let Some(stored_return) = rows::load_returns(&scope, &[return_id]).await?.pop() else {
            return stored_answer_or(ledger, permit, &key, document_not_found()).await;
        };
        let originals = movements_of(&scope, reference, &[MovementKind::Adjustment, MovementKind::Removal]).await?;
        let command = ReverseInspection {
            ret: return_id,
            expected_version: input.expected_version,
            seen: stored_return.version,
            call: build_call(ledger, permit, input, &originals)?,
            originals,
            levels: place.levels.clone(),
            time_zone: place.time_zone.clone(),
            has_lines: input.lines.is_some(),
        };
        match submit(ledger, permit, Command::of(InspectionReversal(Box::new(command))), key.clone(), mode).await {
            Err(stop) if attempts.should_retry(&stop) => {}
            Err(stop) => {
                let later_movements = movements_of(&scope, reference, &[MovementKind::Return]).await?;
                return Err(remove_own_documents(with_document_names(&scope, stop, &later_movements).await?, reference));
            }
            done => return done,
        }
    }
}

/// Removes the return's own documents from a refusal: they do not depend on it.
fn remove_own_documents(stop: Stop, own_reference: Reference) -> Stop {
    let Stop::Refused(rejections) = stop else { return stop };
    let without_own = |rejection: Rejection| {
        let at = rejection.at;
        let Some(Refusal::InUse(dependents)) = rejection.of_room::<Refusal>() else { return rejection };
        // The inspection on receipt is kept: the receipt cannot be reversed because of it.
        let is_own = |document: &DependentDocument| {
            *document == DependentDocument::Document(own_reference) && dependents.why != DependencyReason::Inspected
        };
        let documents: Vec<DependentDocument> =
            dependents.documents.iter().copied().filter(|document| !is_own(document)).collect();
        let count = dependents.count - (dependents.documents.len() - documents.len());
        Refusal::InUse(Dependents { why: dependents.why.clone(), documents, count }).at(at)
    };
    Stop::Refused(rejections.into_iter().map(without_own).collect())
}

/// Reverses the receipt of a return, whole: the caller may reverse documents and receive returns,
/// in the return's store.
async fn receipt_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    (input, key): (&DocumentReverse, Key),
    return_id: ReturnId,
    mode: Mode,
) -> SubmitResult {
    let return_permit = permit.also::<kind::OrderReturn>()?;
    let place = authorized_return(ledger, permit, return_id).await?.filter(|place| return_permit.covers(place.store));
    let Some(place) = place else { return stored_answer_or(ledger, permit, &key, document_not_found()).await };
    let scope = permit.scope(ledger.database());
    let mut attempts = RemainingAttempts::of(input.expected_version);
    loop {
        // The return is read first: later reads are never older than its version.
        let Some(stored_return) = rows::load_returns(&scope, &[return_id]).await?.pop() else {
            return stored_answer_or(ledger, permit, &key, document_not_found()).await;
        };
        let reference = Reference { kind: ReferenceKind::Return, id: return_id.uuid() };
        let originals = movements_of(&scope, reference, &[MovementKind::Return]).await?;
        let command =
            build_reverse_command(ledger, permit, input, (&stored_return, originals.as_slice(), place.orders.as_slice()))?;
        match submit(ledger, permit, Command::of(ReceiptReversal(Box::new(command))), key.clone(), mode).await {
            Err(stop) if attempts.should_retry(&stop) => {}
            Err(stop) => return Err(remove_own_documents(with_document_names(&scope, stop, &originals).await?, reference)),
            done => return done,
        }
    }
}

fn build_reverse_command(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
    (stored_return, originals, orders): (&Return, &[Movement], &[OrderId]),
) -> Result<ReverseReceipt, Stop> {
    Ok(ReverseReceipt {
        ret: stored_return.id,
        orders: orders.to_vec(),
        expected_version: input.expected_version,
        seen: stored_return.version,
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
    return_id: ReturnId,
    mode: Mode,
) -> SubmitResult {
    let approve_permit = permit.also::<kind::ReturnApprove>()?;
    let place = authorized_return(ledger, permit, return_id).await?.filter(|place| approve_permit.covers(place.store));
    let Some(place) = place else { return stored_answer_or(ledger, permit, &key, document_not_found()).await };
    let reverse = ReverseRefund {
        ret: return_id,
        orders: place.orders,
        expected_version: input.expected_version,
        time_zone: place.time_zone,
        has_lines: input.lines.is_some(),
        call: build_call(ledger, permit, input, &[])?,
    };
    submit(ledger, permit, Command::of(RefundReversal(Box::new(reverse))), key, mode).await
}
