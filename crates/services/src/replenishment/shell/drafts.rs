//! Creates drafts from lines, through the rooms' own shells. Each draft has the group of its lines
//! as its external reference, which is unique: an existing draft is found by it, whoever made it
//! and however the call ended.

use entity::prelude::*;
use iam::access::{Permit, kind};
use inventory::{
    ledger::{Ledger, Mode, ProductRef, Stop, StoreRef},
    purchasing::shell::{NewPurchaseLine, PurchaseOrderCreate, SupplierRef, purchase_order_create},
    transfers::shell::{TransferCreate, TransferLine, transfer_create},
};
use platform::storage::{Fault, Reads, Row, idempotency};
use uuid::Uuid;

use super::{cut::cut_order_lines, draft_outcome::DraftOutcome};
use crate::replenishment::core::{Document, LineKind, PlanLine};

/// The draft of a group: the existing one, or a new one.
pub async fn find_or_create_draft(
    ledger: &Ledger,
    permit: &Permit<kind::PurchaseRead>,
    group: Uuid,
    lines: &[PlanLine],
) -> Result<DraftOutcome, Fault> {
    let Some(first) = lines.first() else { return Ok(DraftOutcome::Denied) };
    if let LineKind::CancelIncoming { order, .. } = first.kind {
        return cut_order_lines(ledger, permit, (order, group), lines).await;
    }
    let scope = permit.scope(ledger.database());
    let reference = format!("replenishment-{}", group.simple());
    if let Some(document) = find_document(&scope, first, &reference).await? {
        return Ok(DraftOutcome::Made(document));
    }
    let outcome = match first.kind {
        LineKind::Transfer { from } => {
            let Ok(permit) = permit.also::<kind::TransferWrite>() else { return Ok(DraftOutcome::Denied) };
            let input = transfer_input(from, first.store, (&reference, lines))?;
            // The idempotency key identifies the group only, whichever call makes its draft.
            Box::pin(idempotency::by_key(transfer_create(ledger, permit, input, Mode::Commit))).await
        }
        LineKind::Purchase { supplier: Some(supplier) } => {
            let Ok(permit) = permit.also::<kind::PurchaseWrite>() else { return Ok(DraftOutcome::Denied) };
            let input = purchase_order(supplier, first, (&reference, lines))?;
            Box::pin(idempotency::by_key(purchase_order_create(ledger, permit, input, Mode::Commit))).await
        }
        LineKind::Purchase { supplier: None } | LineKind::CancelIncoming { .. } => return Ok(DraftOutcome::Refused(Vec::new())),
    };
    let refused = match outcome {
        Ok(_) => Vec::new(),
        Err(Stop::Refused(rejections)) => rejections,
        Err(Stop::Denied(_)) => return Ok(DraftOutcome::Denied),
        Err(Stop::Fault(fault)) => return Err(fault),
    };
    // Created now, or by a concurrent call, which has taken the reference.
    match find_document(&scope, first, &reference).await? {
        Some(document) => Ok(DraftOutcome::Made(document)),
        None if refused.is_empty() => Err(Fault::Broken("a created draft was not found".to_owned())),
        None => Ok(DraftOutcome::Refused(refused)),
    }
}

async fn find_document(reads: &impl Reads, line: &PlanLine, reference: &str) -> Result<Option<Document>, Fault> {
    if line.kind.source_store().is_some() {
        let sql = "SELECT t.id FROM transfer t WHERE t.tenant_id = $1 AND t.external_ref = $2";
        let rows = reads.rows(sql, vec![reference.into()]).await?;
        return rows.first().map(|row| Row::scalar(row).map(Document::Transfer)).transpose();
    }
    let Some(supplier) = line.kind.supplier() else { return Ok(None) };
    let sql = "SELECT o.id FROM purchase_order o WHERE o.tenant_id = $1 AND o.supplier_id = $2 AND o.external_ref = $3";
    let rows = reads.rows(sql, vec![supplier.into(), reference.into()]).await?;
    rows.first().map(|row| Row::scalar(row).map(Document::PurchaseOrder)).transpose()
}

fn quantity(line: &PlanLine) -> Result<Quantity, Fault> {
    Quantity::new(line.quantity).ok_or_else(|| Fault::corrupt("replenishment_line", "a quantity can be counted exactly"))
}

fn transfer_input(from: StoreId, to: StoreId, (reference, lines): (&str, &[PlanLine])) -> Result<TransferCreate, Fault> {
    let line = |line: &PlanLine| -> Result<TransferLine, Fault> {
        Ok(TransferLine { product: ProductRef::Id(line.product), quantity: quantity(line)? })
    };
    Ok(TransferCreate {
        idempotency_key: reference.to_owned(),
        from: StoreRef::Id(from),
        to: StoreRef::Id(to),
        external_ref: Some(reference.to_owned()),
        note: None,
        expected_at: None,
        lines: lines.iter().map(line).collect::<Result<_, Fault>>()?,
        status: None,
        metadata: None,
    })
}

fn purchase_order(
    supplier: SupplierId,
    first: &PlanLine,
    (reference, lines): (&str, &[PlanLine]),
) -> Result<PurchaseOrderCreate, Fault> {
    let line = |line: &PlanLine| -> Result<NewPurchaseLine, Fault> {
        let product = ProductRef::Id(line.product);
        Ok(NewPurchaseLine { product, quantity: quantity(line)?, unit_cost: None, weight: None, expected_on: None })
    };
    Ok(PurchaseOrderCreate {
        idempotency_key: reference.to_owned(),
        supplier: SupplierRef::Id(supplier),
        store: StoreRef::Id(first.store),
        currency: first.cost.map(|cost| cost.currency),
        expected_on: None,
        external_ref: Some(reference.to_owned()),
        note: None,
        over_percent: 0,
        under_percent: 0,
        lines: lines.iter().map(line).collect::<Result<_, Fault>>()?,
        charges: Vec::new(),
        status: None,
        blanket_order: None,
        fixed_rate: None,
    })
}
