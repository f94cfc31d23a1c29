//! Rows of purchasing documents for a batch's decisions: each table in bulk.

use std::collections::BTreeMap;

use entity::{
    prelude::*,
    record::Record,
    tables::{goods_receipt_line, purchase_charge, purchase_order, purchase_order_line},
};
use platform::storage::{Bulk, Fault, Rows, Work};
use uuid::Uuid;

use super::{
    charge_rows::ChargeRow,
    line_rows::ChangedLine,
    load::LineRow,
    parts::{DiscrepancyRow, ReceiptRow},
};
use crate::purchasing::core::{
    Change, Discrepancy, GoodsReceipt, PurchaseOrder, ReceiptLine, ReversedReceiptLine, ReversedReturnLine, SupplierReturn,
};

/// An order's first row, before any receipt.
#[derive(Record)]
#[record(of = purchase_order)]
struct NewOrder {
    id: PurchaseOrderId,
    number: i64,
    supplier_id: SupplierId,
    store_id: StoreId,
    currency: String,
    actor_kind: ActorKind,
    actor_id: Uuid,
    created_at: Timestamp,
    status: PurchaseOrderStatus,
    expected_on: Option<i32>,
    external_ref: Option<String>,
    note: Option<String>,
    over_percent: i32,
    under_percent: i32,
    goods_minor: i64,
    charges_minor: i64,
    requester_kind: Option<ActorKind>,
    requester_id: Option<Uuid>,
    approver_id: Option<MemberId>,
    submitted_at: Option<Timestamp>,
    decided_at: Option<Timestamp>,
    ordered_at: Option<Timestamp>,
    version: i64,
    updated_at: Timestamp,
    blanket_order_id: Option<BlanketOrderId>,
    fixed_rate: Option<String>,
    fixed_rate_currency: Option<String>,
    fixed_rate_day: Option<i32>,
}

#[derive(Record)]
#[record(of = purchase_order)]
struct ChangedOrder {
    id: PurchaseOrderId,
    status: PurchaseOrderStatus,
    expected_on: Option<i32>,
    external_ref: Option<String>,
    note: Option<String>,
    over_percent: i32,
    under_percent: i32,
    goods_minor: i64,
    charges_minor: i64,
    reason: Option<String>,
    editors: Option<String>,
    requester_kind: Option<ActorKind>,
    requester_id: Option<Uuid>,
    approver_id: Option<MemberId>,
    submitted_at: Option<Timestamp>,
    decided_at: Option<Timestamp>,
    ordered_at: Option<Timestamp>,
    received_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    version: i64,
    updated_at: Timestamp,
    revision: i32,
    confirmed_at: Option<Timestamp>,
    fixed_rate: Option<String>,
    fixed_rate_currency: Option<String>,
    confirmed_revision: Option<i32>,
    fixed_rate_day: Option<i32>,
}

/// A line of a receipt that was reversed in part or in full.
#[derive(Record)]
#[record(of = goods_receipt_line)]
struct ReversedReceiptLineRow {
    receipt_id: GoodsReceiptId,
    position: i32,
    reversed: Quantity,
    reversed_damaged: Quantity,
}

#[derive(Record)]
#[record(of = purchase_order_line)]
struct LineKey {
    purchase_order_id: PurchaseOrderId,
    position: i32,
}

#[derive(Record)]
#[record(of = purchase_charge)]
struct ChargeKey {
    purchase_order_id: PurchaseOrderId,
    position: i32,
}

#[derive(Record)]
#[record(of = goods_receipt_line)]
struct NewReceiptLine {
    receipt_id: GoodsReceiptId,
    purchase_order_id: PurchaseOrderId,
    position: i32,
    quantity: Quantity,
    damaged: Quantity,
    goods_minor: i64,
    charges_minor: i64,
    charges_books_minor: i64,
    damaged_as: Condition,
    books_minor: Option<i64>,
}

/// Returns the rows of purchase orders that a batch changed: each order once, as it is after the
/// batch.
pub fn purchase_rows(
    tenant: TenantId,
    orders: &[&PurchaseOrder],
    receipts: &[&GoodsReceipt],
    discrepancies: &[&Discrepancy],
    returns: &[&SupplierReturn],
) -> Vec<Bulk> {
    let mut rows = Vec::with_capacity(12);
    rows.extend(order_rows(tenant, orders));
    rows.extend(receipt_rows(tenant, receipts));
    rows.push(discrepancy_rows(tenant, discrepancies));
    rows.extend(super::returns::return_rows(tenant, returns));
    rows
}

/// Returns the lines of receipts and of returns that reversals of a batch changed.
pub fn reversed_line_rows(
    tenant: TenantId,
    taken_back: &[&ReversedReceiptLine],
    brought_back: &[&ReversedReturnLine],
) -> [Bulk; 2] {
    [reversed_receipt_rows(tenant, taken_back), super::returns::reversed_return_rows(tenant, brought_back)]
}

fn reversed_receipt_rows(tenant: TenantId, reversed_lines: &[&ReversedReceiptLine]) -> Bulk {
    // The last reversal of a line has its total reversed quantity.
    let last_by_line: BTreeMap<(GoodsReceiptId, u16), &ReversedReceiptLine> =
        reversed_lines.iter().map(|reversed_line| ((reversed_line.receipt, reversed_line.position), *reversed_line)).collect();
    let mut rows = Rows::<ReversedReceiptLineRow>::update(tenant);
    rows.extend(last_by_line.into_values().map(|reversed_line| ReversedReceiptLineRow {
        receipt_id: reversed_line.receipt,
        position: reversed_line.position.into(),
        reversed: reversed_line.reversed,
        reversed_damaged: reversed_line.reversed_damaged,
    }));
    rows.into()
}

fn order_rows(tenant: TenantId, orders: &[&PurchaseOrder]) -> [Bulk; 8] {
    let (mut new_orders, mut changed_orders) = (Rows::<NewOrder>::insert(tenant), Rows::<ChangedOrder>::update(tenant));
    let (mut old_lines, mut old_charges) = (Rows::<LineKey>::delete(tenant), Rows::<ChargeKey>::delete(tenant));
    let (mut new_lines, mut new_charges) = (Rows::<LineRow>::insert(tenant), Rows::<ChargeRow>::insert(tenant));
    let (mut changed_lines, mut revised_lines) = (Rows::<ChangedLine>::update(tenant), Rows::<LineRow>::update(tenant));
    for &order in orders {
        let purchase_order_id = order.id;
        match order.change {
            Change::New => new_orders.push(order.into()),
            Change::Replaced { lines, charges } => {
                old_lines.extend((1..=i32::from(lines)).map(|position| LineKey { purchase_order_id, position }));
                old_charges.extend((1..=i32::from(charges)).map(|position| ChargeKey { purchase_order_id, position }));
                changed_orders.push(order.into());
            }
            Change::Figures => {
                changed_orders.push(order.into());
                changed_lines.extend(order.lines.iter().map(|line| ChangedLine::of(order.id, line)));
                continue;
            }
            Change::Revised { lines } => {
                changed_orders.push(order.into());
                let (existing_lines, added_lines) = order.lines.split_at(order.lines.len().min(usize::from(lines)));
                revised_lines.extend(existing_lines.iter().map(|line| LineRow::of(order.id, line)));
                new_lines.extend(added_lines.iter().map(|line| LineRow::of(order.id, line)));
                continue;
            }
        }
        new_lines.extend(order.lines.iter().map(|line| LineRow::of(order.id, line)));
        new_charges.extend(order.charges.iter().zip(1..).map(|(charge, position)| ChargeRow::of(order.id, position, charge)));
    }
    [
        new_orders.into(),
        changed_orders.into(),
        old_lines.into(),
        old_charges.into(),
        new_lines.into(),
        new_charges.into(),
        changed_lines.into(),
        revised_lines.into(),
    ]
}

impl From<&PurchaseOrder> for NewOrder {
    fn from(order: &PurchaseOrder) -> Self {
        let stage = order.state.stage();
        Self {
            id: order.id,
            number: order.number.get(),
            supplier_id: order.supplier,
            store_id: order.store,
            currency: order.currency.to_string(),
            actor_kind: order.actor.kind,
            actor_id: order.actor.id,
            created_at: order.created_at,
            status: order.status(),
            expected_on: order.expected_on,
            external_ref: order.external_ref.clone(),
            note: order.note.clone(),
            over_percent: order.over_percent.into(),
            under_percent: order.under_percent.into(),
            goods_minor: order.goods.minor,
            charges_minor: order.charges_sum.minor,
            requester_kind: stage.request().map(|request| request.by.kind),
            requester_id: stage.request().map(|request| request.by.id),
            approver_id: stage.approver(),
            submitted_at: stage.request().map(|request| request.at),
            decided_at: stage.decided_at(),
            ordered_at: stage.ordered_at(),
            version: order.version,
            updated_at: order.updated_at,
            blanket_order_id: order.blanket,
            fixed_rate: order.fixed_rate.map(|fixed| fixed.rate.to_string()),
            fixed_rate_currency: order.fixed_rate.map(|fixed| fixed.books.to_string()),
            fixed_rate_day: order.fixed_rate.and_then(|fixed| fixed.market_day),
        }
    }
}

/// Formats the actors who have changed it, as kind and ID; `None` if there are none.
pub(super) fn editors(editors: &[Actor]) -> Option<String> {
    editors.iter().map(|actor| format!("{}:{}", actor.kind.as_str(), actor.id)).reduce(|all, one| format!("{all} {one}"))
}

impl From<&PurchaseOrder> for ChangedOrder {
    fn from(order: &PurchaseOrder) -> Self {
        let (state, stage) = (&order.state, order.state.stage());
        Self {
            id: order.id,
            status: order.status(),
            expected_on: order.expected_on,
            external_ref: order.external_ref.clone(),
            note: order.note.clone(),
            over_percent: order.over_percent.into(),
            under_percent: order.under_percent.into(),
            goods_minor: order.goods.minor,
            charges_minor: order.charges_sum.minor,
            reason: state.reason().cloned(),
            editors: editors(&order.editors),
            requester_kind: stage.request().map(|request| request.by.kind),
            requester_id: stage.request().map(|request| request.by.id),
            approver_id: stage.approver(),
            submitted_at: stage.request().map(|request| request.at),
            decided_at: stage.decided_at(),
            ordered_at: stage.ordered_at(),
            received_at: state.received_at(),
            ended_at: state.ended_at(),
            version: order.version,
            updated_at: order.updated_at,
            revision: order.revision.into(),
            confirmed_at: order.confirmed_at,
            fixed_rate: order.fixed_rate.map(|fixed| fixed.rate.to_string()),
            fixed_rate_currency: order.fixed_rate.map(|fixed| fixed.books.to_string()),
            confirmed_revision: order.correspondence.confirmed.map(i32::from),
            fixed_rate_day: order.fixed_rate.and_then(|fixed| fixed.market_day),
        }
    }
}

fn receipt_rows(tenant: TenantId, receipts: &[&GoodsReceipt]) -> [Bulk; 2] {
    let (mut heads, mut lines) = (Rows::<ReceiptRow>::insert(tenant), Rows::<NewReceiptLine>::insert(tenant));
    for &receipt in receipts {
        heads.push(receipt.into());
        lines.extend(receipt.lines.iter().map(|line| NewReceiptLine::of(receipt, line)));
    }
    [heads.into(), lines.into()]
}

impl From<&GoodsReceipt> for ReceiptRow {
    fn from(receipt: &GoodsReceipt) -> Self {
        let rate = receipt.rate.as_ref();
        Self {
            id: receipt.id,
            purchase_order_id: receipt.order,
            number: receipt.number.into(),
            store_id: receipt.store,
            external_ref: receipt.external_ref.clone(),
            note: receipt.note.clone(),
            occurred_at: receipt.occurred_at,
            business_date: receipt.business_date,
            actor_kind: receipt.actor.kind,
            actor_id: receipt.actor.id,
            created_at: receipt.created_at,
            rate_numerator: rate.map(|rate| rate.numerator.to_string()),
            rate_denominator: rate.map(|rate| rate.denominator.to_string()),
            rate_day: rate.map(|rate| rate.day),
            rate_source: rate.map(|rate| rate.source.clone()),
            books_currency: rate.map(|rate| rate.to.to_string()),
        }
    }
}

impl NewReceiptLine {
    fn of(receipt: &GoodsReceipt, line: &ReceiptLine) -> Self {
        Self {
            receipt_id: receipt.id,
            purchase_order_id: receipt.order,
            position: line.position.into(),
            quantity: line.quantity,
            damaged: line.damaged,
            goods_minor: line.goods.minor,
            charges_minor: line.charges.minor,
            charges_books_minor: line.charges_in_books,
            damaged_as: Condition::Damaged,
            books_minor: line.in_books.map(|value| value.minor),
        }
    }
}

fn discrepancy_rows(tenant: TenantId, discrepancies: &[&Discrepancy]) -> Bulk {
    let mut rows = Rows::<DiscrepancyRow>::insert(tenant);
    rows.extend(discrepancies.iter().map(|&discrepancy| discrepancy.into()));
    rows.into()
}

impl From<&Discrepancy> for DiscrepancyRow {
    fn from(discrepancy: &Discrepancy) -> Self {
        Self {
            purchase_order_id: discrepancy.order,
            number: discrepancy.number.into(),
            kind: discrepancy.kind,
            receipt_id: discrepancy.receipt,
            position: discrepancy.position.map(i32::from),
            product_id: discrepancy.product,
            quantity: discrepancy.quantity,
            note: discrepancy.note.clone(),
            noted_at: discrepancy.noted_at,
        }
    }
}

/// Records the revision of an order that was e-mailed. It is no part of the document: no command
/// writes it, and the version does not change.
pub async fn record_sent_revision(work: &Work, order: PurchaseOrderId, (revision, at): (u16, Timestamp)) -> Result<(), Fault> {
    let sql = "UPDATE purchase_order SET sent_revision = $3, sent_at = $4 WHERE tenant_id = $1 AND id = $2
         AND (sent_revision IS NULL OR sent_revision <= $3)";
    work.execute(sql, vec![order.into(), i32::from(revision).into(), at.micros().into()]).await.map(drop)
}
