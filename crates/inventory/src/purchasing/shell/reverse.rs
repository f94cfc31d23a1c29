//! Undoing goods receipts and returns to suppliers.

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::storage::{Fault, Reads, idempotency::Key};

use crate::{
    ledger::{Command, Done, Ledger, Mode, Stop, first_answer, key_of, submit},
    purchasing::{
        core::{GoodsReceipt, ReceiptReversal, ReturnReversal, ReverseReceipt, ReverseReturn},
        rows,
    },
    reversals::{
        core::{Named, Refusal as ReversalRefusal, Resting, Rests},
        rows::movements_of,
        shell::{DocumentReverse, MUTATION, Tries, call_of, checked, missing, named, wanted},
    },
    stock::core::{At, Field, LevelKey, Movement, Reference, ReferenceKind, RoomRefusal},
};

/// Charges that a refusal names at most.
const MOST_NAMED: usize = 10;

/// A receipt with what it posted, its order's version and when the others came of which something is left.
struct Undoing {
    receipt: GoodsReceipt,
    original: Movement,
    seen: i64,
    others_at: Option<Timestamp>,
    levels: Vec<LevelKey>,
    /// Charges that were added to the order, and stand: they are spread over what has come.
    charges: Vec<RevaluationId>,
}

/// Takes goods of a receipt out again, whole or in part: the caller may reverse documents and count deliveries in, in the receipt's store.
pub async fn goods_receipt_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
    receipt: GoodsReceiptId,
    mode: Mode,
) -> Done {
    checked(input)?;
    let receiving = permit.also::<kind::PurchaseReceive>()?;
    let key = key_of(permit, MUTATION, &input.idempotency_key, input);
    let covers = |store: StoreId| permit.covers(store) && receiving.covers(store);
    let mut tries = Tries::of(input.expected_version);
    loop {
        let scope = permit.scope(ledger.database());
        let Some(found) = undoing(&scope, receipt).await?.filter(|found| covers(found.receipt.store)) else {
            return first_answer(ledger, permit, &key, missing()).await;
        };
        if !found.charges.is_empty() {
            return first_answer(ledger, permit, &key, rests_on(&found.charges)).await;
        }
        match attempt(ledger, permit, (input, mode), &found, key.clone()).await {
            Err(stop) if tries.again(&stop) => {}
            Err(stop) => return Err(named(&scope, stop, std::slice::from_ref(&found.original)).await?),
            done => return done,
        }
    }
}

async fn attempt(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    (input, mode): (&DocumentReverse, Mode),
    found: &Undoing,
    key: Key,
) -> Done {
    let reverse = ReverseReceipt {
        expected_version: input.expected_version,
        seen: found.seen,
        receipt: found.receipt.clone(),
        original: found.original.clone(),
        others_at: found.others_at,
        lines: wanted(input),
        call: call_of(ledger, permit, input, std::slice::from_ref(&found.original))?,
    };
    let command = Command::of(ReceiptReversal(Box::new(reverse), found.levels.clone()));
    submit(ledger, permit, command, key, mode).await
}

/// A receipt that brought something; None where there is no such one. The order is read first: what is read later is never older than its version.
async fn undoing(reads: &impl Reads, receipt: GoodsReceiptId) -> Result<Option<Undoing>, Fault> {
    let Some(id) = rows::order_of_receipt(reads, receipt).await? else { return Ok(None) };
    let Some(order) = rows::orders(reads, &[id]).await?.pop() else { return Ok(None) };
    let receipts = rows::receipts_of(reads, &[id]).await?;
    let charges = rows::added_charges(reads, id).await?;
    // A receipt of nothing but wrong items posted nothing; all others have posted one movement each, in their order.
    let receipts: Vec<GoodsReceipt> = receipts.into_iter().filter(|one| !one.lines.is_empty()).collect();
    let posted =
        movements_of(reads, Reference { kind: ReferenceKind::PurchaseOrder, id: id.uuid() }, &[MovementKind::Receipt]).await?;
    if posted.len() < receipts.len() {
        return Err(Fault::corrupt("goods_receipt", "each receipt that brought something has its movement"));
    }
    let is_left = |one: &&GoodsReceipt| one.id != receipt && one.lines.iter().any(|line| line.quantity > line.reversed);
    let others_at = receipts.iter().filter(is_left).map(|one| one.occurred_at).max();
    let levels = order.lines.iter().map(|line| order.key(line)).collect();
    let own = receipts.into_iter().zip(posted).find(|(one, _)| one.id == receipt);
    Ok(own.map(|(receipt, original)| Undoing { receipt, original, seen: order.version, others_at, levels, charges }))
}

/// The refusal that names the charges.
fn rests_on(charges: &[RevaluationId]) -> Stop {
    let documents = charges.iter().take(MOST_NAMED).copied().map(Named::Revaluation).collect();
    let rests = Rests { why: Resting::AddedCharges, documents, count: charges.len() };
    ReversalRefusal::InUse(rests).at(At::input(Field::Document)).into()
}

/// Brings goods back that went to their supplier, whole or in part: the caller may reverse documents and send goods back, in the return's store.
pub async fn supplier_return_reverse(
    ledger: &Ledger,
    permit: &Permit<kind::DocumentReverse>,
    input: &DocumentReverse,
    id: SupplierReturnId,
    mode: Mode,
) -> Done {
    checked(input)?;
    let receiving = permit.also::<kind::PurchaseReceive>()?;
    let key = key_of(permit, MUTATION, &input.idempotency_key, input);
    let scope = permit.scope(ledger.database());
    let found = rows::returns(&scope, &[id]).await?.pop();
    let Some(mut ret) = found.filter(|ret| permit.covers(ret.store) && receiving.covers(ret.store)) else {
        return first_answer(ledger, permit, &key, missing()).await;
    };
    ret.lines = rows::return_lines(&scope, &[id]).await?.remove(&id).unwrap_or_default();
    let of = Reference { kind: ReferenceKind::SupplierReturn, id: id.uuid() };
    let posted = movements_of(&scope, of, &[MovementKind::Removal]).await?.pop();
    let original = posted.ok_or_else(|| Fault::corrupt("supplier_return", "each return has its movement"))?;
    let call = call_of(ledger, permit, input, std::slice::from_ref(&original))?;
    let reverse = ReverseReturn { ret, original: original.clone(), lines: wanted(input), call };
    let command = Command::of(ReturnReversal(Box::new(reverse)));
    match submit(ledger, permit, command, key, mode).await {
        Err(stop) => Err(named(&scope, stop, std::slice::from_ref(&original)).await?),
        done => done,
    }
}
