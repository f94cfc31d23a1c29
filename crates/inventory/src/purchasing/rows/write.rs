//! Documents as a batch decided them, as rows: each table in bulk.

use entity::prelude::*;
use platform::storage::{Bulk, Column, ColumnKind::*};
use sea_orm::Value;

use crate::purchasing::core::{Change, Discrepancy, GoodsReceipt, PurchaseOrder, SupplierReturn};

const NEW_ORDER: &[Column] = &[
    Column("tenant_id", Id),
    Column("id", Id),
    Column("number", Int),
    Column("supplier_id", Id),
    Column("store_id", Id),
    Column("currency", Text),
    Column("actor_kind", Text),
    Column("actor_id", Id),
    Column("created_at", Int),
    Column("status", Text),
    Column("expected_on", SmallOrNull),
    Column("external_ref", TextOrNull),
    Column("note", TextOrNull),
    Column("over_percent", Small),
    Column("under_percent", Small),
    Column("goods_minor", Int),
    Column("charges_minor", Int),
    Column("version", Int),
    Column("updated_at", Int),
];

const ORDER: &[Column] = &[
    Column("tenant_id", Id),
    Column("id", Id),
    Column("status", Text),
    Column("expected_on", SmallOrNull),
    Column("external_ref", TextOrNull),
    Column("note", TextOrNull),
    Column("over_percent", Small),
    Column("under_percent", Small),
    Column("goods_minor", Int),
    Column("charges_minor", Int),
    Column("reason", TextOrNull),
    Column("editors", TextOrNull),
    Column("requester_kind", TextOrNull),
    Column("requester_id", IdOrNull),
    Column("approver_id", IdOrNull),
    Column("submitted_at", IntOrNull),
    Column("decided_at", IntOrNull),
    Column("ordered_at", IntOrNull),
    Column("received_at", IntOrNull),
    Column("ended_at", IntOrNull),
    Column("version", Int),
    Column("updated_at", Int),
];

const NEW_LINE: &[Column] = &[
    Column("tenant_id", Id),
    Column("purchase_order_id", Id),
    Column("position", Small),
    Column("product_id", Id),
    Column("sku", Text),
    Column("name", Text),
    Column("supplier_sku", TextOrNull),
    Column("unit_decimals", Small),
    Column("expected_on", SmallOrNull),
    Column("weight", IntOrNull),
    Column("quantity", Int),
    Column("most", Int),
    Column("unit_cost_minor", Int),
    Column("total_minor", Int),
    Column("charges_minor", Int),
    Column("received", Int),
    Column("damaged", Int),
    Column("open", Int),
    Column("short", Int),
    Column("returned", Int),
];

const LINE: &[Column] = &[
    Column("tenant_id", Id),
    Column("purchase_order_id", Id),
    Column("position", Small),
    Column("received", Int),
    Column("damaged", Int),
    Column("open", Int),
    Column("short", Int),
    Column("returned", Int),
];

const PLACE: &[Column] = &[Column("tenant_id", Id), Column("purchase_order_id", Id), Column("position", Small)];

const CHARGE: &[Column] = &[
    Column("tenant_id", Id),
    Column("purchase_order_id", Id),
    Column("position", Small),
    Column("kind", Text),
    Column("basis", Text),
    Column("name", Text),
    Column("amount_minor", Int),
];

const RECEIPT: &[Column] = &[
    Column("tenant_id", Id),
    Column("id", Id),
    Column("purchase_order_id", Id),
    Column("number", Small),
    Column("store_id", Id),
    Column("external_ref", TextOrNull),
    Column("note", TextOrNull),
    Column("occurred_at", Int),
    Column("business_date", Small),
    Column("actor_kind", Text),
    Column("actor_id", Id),
    Column("created_at", Int),
];

const RECEIPT_LINE: &[Column] = &[
    Column("tenant_id", Id),
    Column("receipt_id", Id),
    Column("purchase_order_id", Id),
    Column("position", Small),
    Column("quantity", Int),
    Column("damaged", Int),
    Column("goods_minor", Int),
    Column("charges_minor", Int),
    Column("damaged_as", Text),
];

const DISCREPANCY: &[Column] = &[
    Column("tenant_id", Id),
    Column("purchase_order_id", Id),
    Column("number", Small),
    Column("receipt_id", IdOrNull),
    Column("position", SmallOrNull),
    Column("product_id", IdOrNull),
    Column("kind", Text),
    Column("quantity", Int),
    Column("note", TextOrNull),
    Column("noted_at", Int),
];

fn moment(at: Option<Timestamp>) -> Value {
    at.map(Timestamp::micros).into()
}
fn small(n: u16) -> Value {
    i32::from(n).into()
}

/// What a batch did to purchase orders: each order once, as it is after the batch.
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

fn order_rows(tenant: TenantId, orders: &[&PurchaseOrder]) -> [Bulk; 7] {
    let tenant: Value = tenant.into();
    let (mut new, mut changed) = (Bulk::insert("purchase_order", NEW_ORDER), Bulk::update("purchase_order", ORDER, 2));
    let (mut old_lines, mut old_charges) = (Bulk::delete("purchase_order_line", PLACE), Bulk::delete("purchase_charge", PLACE));
    let (mut new_lines, mut charges) = (Bulk::insert("purchase_order_line", NEW_LINE), Bulk::insert("purchase_charge", CHARGE));
    let mut lines = Bulk::update("purchase_order_line", LINE, 3);
    for order in orders {
        let places = |most: u16| (1..=most).map(small);
        match order.change {
            Change::New => new_order(&mut new, &tenant, order),
            Change::Replaced { lines, charges } => {
                places(lines).for_each(|place| old_lines.row([tenant.clone(), order.id.into(), place]));
                places(charges).for_each(|place| old_charges.row([tenant.clone(), order.id.into(), place]));
                changed_order(&mut changed, &tenant, order);
            }
            Change::Figures => {
                changed_order(&mut changed, &tenant, order);
                figures(&mut lines, &tenant, order);
                continue;
            }
        }
        lines_of(&mut new_lines, &tenant, order);
        for (index, charge) in order.charges.iter().enumerate() {
            let (kind, basis) = (charge.kind.as_str().into(), charge.basis.as_str().into());
            let (place, name) = (small(index as u16 + 1), charge.name.as_str().into());
            charges.row([tenant.clone(), order.id.into(), place, kind, basis, name, charge.amount.minor.into()]);
        }
    }
    [new, changed, old_lines, old_charges, new_lines, charges, lines]
}

fn new_order(bulk: &mut Bulk, tenant: &Value, o: &PurchaseOrder) {
    bulk.row([
        tenant.clone(),
        o.id.into(),
        o.number.into(),
        o.supplier.into(),
        o.store.into(),
        o.currency.as_str().into(),
        o.actor.kind.as_str().into(),
        o.actor.id.into(),
        o.created_at.micros().into(),
        o.status.as_str().into(),
        o.expected_on.into(),
        o.external_ref.clone().into(),
        o.note.clone().into(),
        i32::from(o.over_percent).into(),
        i32::from(o.under_percent).into(),
        o.goods.minor.into(),
        o.charges_sum.minor.into(),
        o.version.into(),
        o.updated_at.micros().into(),
    ]);
}

/// Who has changed it, as kind and id; None where nobody has.
fn editors(o: &PurchaseOrder) -> Option<String> {
    o.editors.iter().map(|actor| format!("{}:{}", actor.kind.as_str(), actor.id)).reduce(|all, one| format!("{all} {one}"))
}

fn changed_order(bulk: &mut Bulk, tenant: &Value, o: &PurchaseOrder) {
    bulk.row([
        tenant.clone(),
        o.id.into(),
        o.status.as_str().into(),
        o.expected_on.into(),
        o.external_ref.clone().into(),
        o.note.clone().into(),
        i32::from(o.over_percent).into(),
        i32::from(o.under_percent).into(),
        o.goods.minor.into(),
        o.charges_sum.minor.into(),
        o.reason.clone().into(),
        editors(o).into(),
        o.requester.map(|actor| actor.kind.as_str()).into(),
        o.requester.map(|actor| actor.id).into(),
        o.approver.map(entity::id::Id::uuid).into(),
        moment(o.submitted_at),
        moment(o.decided_at),
        moment(o.ordered_at),
        moment(o.received_at),
        moment(o.ended_at),
        o.version.into(),
        o.updated_at.micros().into(),
    ]);
}

fn lines_of(bulk: &mut Bulk, tenant: &Value, o: &PurchaseOrder) {
    for l in &o.lines {
        bulk.row([
            tenant.clone(),
            o.id.into(),
            small(l.position),
            l.product.into(),
            l.sku.as_str().into(),
            l.name.as_str().into(),
            l.supplier_sku.clone().into(),
            i32::from(l.decimals).into(),
            l.expected_on.into(),
            l.weight.into(),
            l.quantity.get().into(),
            l.most.get().into(),
            l.unit_cost.minor.into(),
            l.total.minor.into(),
            l.charges.minor.into(),
            l.received.get().into(),
            l.damaged.get().into(),
            l.open.get().into(),
            l.short.get().into(),
            l.returned.get().into(),
        ]);
    }
}

fn figures(bulk: &mut Bulk, tenant: &Value, o: &PurchaseOrder) {
    for l in &o.lines {
        let [received, damaged, open, short, returned] =
            [l.received, l.damaged, l.open, l.short, l.returned].map(|q| Value::from(q.get()));
        bulk.row([tenant.clone(), o.id.into(), small(l.position), received, damaged, open, short, returned]);
    }
}

fn receipt_rows(tenant: TenantId, receipts: &[&GoodsReceipt]) -> [Bulk; 2] {
    let tenant: Value = tenant.into();
    let (mut heads, mut lines) = (Bulk::insert("goods_receipt", RECEIPT), Bulk::insert("goods_receipt_line", RECEIPT_LINE));
    for r in receipts {
        heads.row([
            tenant.clone(),
            r.id.into(),
            r.order.into(),
            small(r.number),
            r.store.into(),
            r.external_ref.clone().into(),
            r.note.clone().into(),
            r.occurred_at.micros().into(),
            r.business_date.into(),
            r.actor.kind.as_str().into(),
            r.actor.id.into(),
            r.created_at.micros().into(),
        ]);
        for l in &r.lines {
            let (quantity, damaged) = (l.quantity.get().into(), l.damaged.get().into());
            let (goods, charges) = (l.goods.minor.into(), l.charges.minor.into());
            let damaged_as = Condition::Damaged.as_str().into();
            lines.row([
                tenant.clone(),
                r.id.into(),
                r.order.into(),
                small(l.position),
                quantity,
                damaged,
                goods,
                charges,
                damaged_as,
            ]);
        }
    }
    [heads, lines]
}

fn discrepancy_rows(tenant: TenantId, discrepancies: &[&Discrepancy]) -> Bulk {
    let tenant: Value = tenant.into();
    let mut rows = Bulk::insert("purchase_discrepancy", DISCREPANCY);
    for d in discrepancies {
        rows.row([
            tenant.clone(),
            d.order.into(),
            small(d.number),
            d.receipt.map(entity::id::Id::uuid).into(),
            d.position.map(i32::from).into(),
            d.product.map(entity::id::Id::uuid).into(),
            d.kind.as_str().into(),
            d.quantity.get().into(),
            d.note.clone().into(),
            d.noted_at.micros().into(),
        ]);
    }
    rows
}
