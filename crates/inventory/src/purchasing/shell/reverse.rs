//! Reversing goods receipts and returns to suppliers.

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::storage::{Fault, Reads, idempotency::Key};

use crate::{
    ledger::{Command, Ledger, Mode, Stop, SubmitResult, key_of, stored_answer_or, submit},
    purchasing::{
        core::{GoodsReceipt, ReceiptReversal, ReturnReversal, ReverseReceipt, ReverseReturn},
        rows,
    },
    reversals::{
        core::{DependencyReason, DependentDocument, Dependents, Refusal as ReversalRefusal},
        rows::movements_of,
        shell::{
            DocumentReverse, REVERSE_MUTATION, RemainingAttempts, build_call, check_input, document_not_found, requested_lines,
            with_document_names,
        },
    },
    stock::core::{At, Field, LevelKey, Movement, Reference, ReferenceKind, RoomRefusal},
};

/// The most charges that a refusal names.
const MAX_LISTED_CHARGES: usize = 10;

/// A receipt with its movement, its order's version, and the last time of other receipts that are
/// not reversed in full.
struct ReversalInputs {
    receipt: GoodsReceipt,
    original: Movement,
    seen: i64,
    others_at: Option<Timestamp>,
    levels: Vec<LevelKey>,
    /// Charges that were added to the order and not reversed: they are spread over the received
    /// goods.
    charges: Vec<RevaluationId>,
}

/// Reverses a receipt, whole or in part: the caller may reverse documents and receive deliveries,
/// in the receipt's store.
pub async fn goods_receipt_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
    receipt: GoodsReceiptId,
    mode: Mode,
) -> SubmitResult {
    check_input(input)?;
    let receiving = permit.also::<kind::PurchaseReceive>()?;
    let key = key_of(permit, REVERSE_MUTATION, &input.idempotency_key, input);
    let covers = |store: StoreId| permit.covers(store) && receiving.covers(store);
    let mut attempts = RemainingAttempts::of(input.expected_version);
    loop {
        let scope = permit.scope(ledger.database());
        let Some(found) = load_reversal_inputs(&scope, receipt).await?.filter(|found| covers(found.receipt.store)) else {
            return stored_answer_or(ledger, permit, &key, document_not_found()).await;
        };
        if !found.charges.is_empty() {
            return stored_answer_or(ledger, permit, &key, in_use_refusal(&found.charges)).await;
        }
        match attempt_reversal(ledger, permit, (input, mode), &found, key.clone()).await {
            Err(stop) if attempts.should_retry(&stop) => {}
            Err(stop) => return Err(with_document_names(&scope, stop, std::slice::from_ref(&found.original)).await?),
            done => return done,
        }
    }
}

async fn attempt_reversal(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    (input, mode): (&DocumentReverse, Mode),
    found: &ReversalInputs,
    key: Key,
) -> SubmitResult {
    let receipt_reversal = ReverseReceipt {
        expected_version: input.expected_version,
        seen: found.seen,
        receipt: found.receipt.clone(),
        original: found.original.clone(),
        others_at: found.others_at,
        lines: requested_lines(input),
        call: build_call(ledger, permit, input, std::slice::from_ref(&found.original))?,
    };
    let command = Command::of(ReceiptReversal(Box::new(receipt_reversal), found.levels.clone()));
    submit(ledger, permit, command, key, mode).await
}

/// Reads a receipt that brought goods; None if there is no such receipt. The order is read first:
/// later reads are never older than its version.
async fn load_reversal_inputs(reads: &impl Reads, receipt: GoodsReceiptId) -> Result<Option<ReversalInputs>, Fault> {
    let Some(id) = rows::order_of_receipt(reads, receipt).await? else { return Ok(None) };
    let Some(order) = rows::orders(reads, &[id]).await?.pop() else { return Ok(None) };
    let receipts = rows::receipts_of(reads, &[id]).await?;
    let charges = rows::load_added_charges(reads, id).await?;
    // A receipt of nothing but wrong items posted no movement; all others posted one each, in their
    // order.
    let receipts: Vec<GoodsReceipt> = receipts.into_iter().filter(|candidate| !candidate.lines.is_empty()).collect();
    let movements =
        movements_of(reads, Reference { kind: ReferenceKind::PurchaseOrder, id: id.uuid() }, &[MovementKind::Receipt]).await?;
    if movements.len() < receipts.len() {
        return Err(Fault::corrupt("goods_receipt", "each receipt with lines has its movement"));
    }
    let is_left =
        |candidate: &&GoodsReceipt| candidate.id != receipt && candidate.lines.iter().any(|line| line.quantity > line.reversed);
    let others_at = receipts.iter().filter(is_left).map(|candidate| candidate.occurred_at).max();
    let levels = order.lines.iter().map(|line| order.key(line)).collect();
    let matching_pair = receipts.into_iter().zip(movements).find(|(candidate, _)| candidate.id == receipt);
    Ok(matching_pair.map(|(receipt, original)| ReversalInputs {
        receipt,
        original,
        seen: order.version,
        others_at,
        levels,
        charges,
    }))
}

/// The refusal that names the charges.
fn in_use_refusal(charges: &[RevaluationId]) -> Stop {
    let documents = charges.iter().take(MAX_LISTED_CHARGES).copied().map(DependentDocument::Revaluation).collect();
    let dependents = Dependents { why: DependencyReason::AddedCharges, documents, count: charges.len() };
    ReversalRefusal::InUse(dependents).at(At::input(Field::Document)).into()
}

/// Reverses a return to a supplier, whole or in part: the caller may reverse documents and return
/// goods, in the return's store.
pub async fn supplier_return_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
    id: SupplierReturnId,
    mode: Mode,
) -> SubmitResult {
    check_input(input)?;
    let receiving = permit.also::<kind::PurchaseReceive>()?;
    let key = key_of(permit, REVERSE_MUTATION, &input.idempotency_key, input);
    let scope = permit.scope(ledger.database());
    let found = rows::returns(&scope, &[id]).await?.pop();
    let Some(mut supplier_return) =
        found.filter(|supplier_return| permit.covers(supplier_return.store) && receiving.covers(supplier_return.store))
    else {
        return stored_answer_or(ledger, permit, &key, document_not_found()).await;
    };
    supplier_return.lines = rows::return_lines(&scope, &[id]).await?.remove(&id).unwrap_or_default();
    let reference = Reference { kind: ReferenceKind::SupplierReturn, id: id.uuid() };
    let movement = movements_of(&scope, reference, &[MovementKind::Removal]).await?.pop();
    let original = movement.ok_or_else(|| Fault::corrupt("supplier_return", "each return has its movement"))?;
    let call = build_call(ledger, permit, input, std::slice::from_ref(&original))?;
    let reverse = ReverseReturn { ret: supplier_return, original: original.clone(), lines: requested_lines(input), call };
    let command = Command::of(ReturnReversal(Box::new(reverse)));
    match submit(ledger, permit, command, key, mode).await {
        Err(stop) => Err(with_document_names(&scope, stop, std::slice::from_ref(&original)).await?),
        outcome => outcome,
    }
}
