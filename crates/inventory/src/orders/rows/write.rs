//! Documents as a batch decided them, as rows: each table in bulk.

use entity::prelude::{OrderId, TenantId, Timestamp};
use platform::storage::{Bulk, Column, ColumnKind::*};
use sea_orm::Value;

use crate::orders::core::{Fulfilment, Order, Part};

const NEW_ORDER: &[Column] = &[
    Column("tenant_id", Id),
    Column("id", Id),
    Column("number", Int),
    Column("status", Text),
    Column("store_id", Id),
    Column("channel_id", Id),
    Column("customer_id", IdOrNull),
    Column("external_ref", TextOrNull),
    Column("currency", Text),
    Column("total_minor", Int),
    Column("placed_at", Int),
    Column("business_date", Small),
    Column("expires_at", IntOrNull),
    Column("actor_kind", Text),
    Column("actor_id", Id),
    Column("version", Int),
    Column("created_at", Int),
    Column("updated_at", Int),
    Column("country", TextOrNull),
];

const ORDER: &[Column] = &[
    Column("tenant_id", Id),
    Column("id", Id),
    Column("status", Text),
    Column("expires_at", IntOrNull),
    Column("version", Int),
    Column("updated_at", Int),
];

const NEW_LINE: &[Column] = &[
    Column("tenant_id", Id),
    Column("order_id", Id),
    Column("position", Small),
    Column("kind", Text),
    Column("product_id", IdOrNull),
    Column("sku", Text),
    Column("name", Text),
    Column("stock_policy", Text),
    Column("unit_decimals", Small),
    Column("quantity", Int),
    Column("open", Int),
    Column("backordered", Int),
    Column("cancelled", Int),
    Column("fulfilled", Int),
    Column("returned", Int),
    Column("return_pending", Int),
    Column("unit_price_minor", Int),
    Column("discount_minor", Int),
    Column("tax_minor", Int),
    Column("total_minor", Int),
    Column("unit_cost_minor", IntOrNull),
];

const LINE: &[Column] = &[
    Column("tenant_id", Id),
    Column("order_id", Id),
    Column("position", Small),
    Column("open", Int),
    Column("backordered", Int),
    Column("cancelled", Int),
    Column("fulfilled", Int),
    Column("returned", Int),
    Column("return_pending", Int),
];

const PART: &[Column] = &[
    Column("tenant_id", Id),
    Column("order_id", Id),
    Column("position", Small),
    Column("product_id", Id),
    Column("nth", Small),
    Column("sku", Text),
    Column("name", Text),
    Column("unit_decimals", Small),
    Column("quantity", Int),
];

pub(super) fn moment(at: Option<Timestamp>) -> Value {
    at.map(Timestamp::micros).into()
}

fn part_row(tenant: &Value, (order, position): (OrderId, u16), part: &Part, nth: i32) -> [Value; 9] {
    [
        tenant.clone(),
        order.into(),
        i32::from(position).into(),
        part.product.into(),
        nth.into(),
        part.sku.as_str().into(),
        part.name.as_str().into(),
        i32::from(part.decimals).into(),
        part.quantity.get().into(),
    ]
}

/// Orders as they are after the batch, with their lines: new ones, then changed ones.
pub fn order_rows(tenant: TenantId, orders: &[&Order]) -> [Bulk; 5] {
    let tenant: Value = tenant.into();
    let (mut new, mut new_lines) = (Bulk::insert("sales_order", NEW_ORDER), Bulk::insert("order_line", NEW_LINE));
    let (mut changed, mut changed_lines) = (Bulk::update("sales_order", ORDER, 2), Bulk::update("order_line", LINE, 3));
    let mut parts = Bulk::insert("order_line_part", PART);
    for o in orders {
        if o.exists {
            let (status, expires) = (o.status.as_str().into(), moment(o.expires_at));
            changed.row([tenant.clone(), o.id.into(), status, expires, o.version.into(), o.updated_at.micros().into()]);
            for l in &o.lines {
                let counts = [l.open, l.backordered, l.cancelled, l.fulfilled, l.returned, l.return_pending];
                let [open, backordered, cancelled, fulfilled, returned, pending] = counts.map(|q| Value::from(q.get()));
                let position = i32::from(l.position).into();
                let (tenant, order) = (tenant.clone(), o.id.into());
                changed_lines.row([tenant, order, position, open, backordered, cancelled, fulfilled, returned, pending]);
            }
            continue;
        }
        new.row([
            tenant.clone(),
            o.id.into(),
            o.number.into(),
            o.status.as_str().into(),
            o.store.into(),
            o.channel.into(),
            o.customer.map(entity::id::Id::uuid).into(),
            o.external_ref.clone().into(),
            o.total.currency.as_str().into(),
            o.total.minor.into(),
            o.placed_at.micros().into(),
            o.business_date.into(),
            moment(o.expires_at),
            o.actor.kind.as_str().into(),
            o.actor.id.into(),
            o.version.into(),
            o.created_at.micros().into(),
            o.updated_at.micros().into(),
            o.country.clone().into(),
        ]);
        for l in &o.lines {
            new_lines.row([
                tenant.clone(),
                o.id.into(),
                i32::from(l.position).into(),
                l.kind.as_str().into(),
                l.product.map(entity::id::Id::uuid).into(),
                l.sku.as_str().into(),
                l.name.as_str().into(),
                l.policy.as_str().into(),
                i32::from(l.decimals).into(),
                l.quantity.get().into(),
                l.open.get().into(),
                l.backordered.get().into(),
                l.cancelled.get().into(),
                l.fulfilled.get().into(),
                l.returned.get().into(),
                l.return_pending.get().into(),
                l.unit_price.minor.into(),
                l.discount.minor.into(),
                l.tax.minor.into(),
                l.total.minor.into(),
                l.unit_cost.map(|c| c.minor).into(),
            ]);
            l.parts.iter().zip(1_i32..).for_each(|(part, nth)| parts.row(part_row(&tenant, (o.id, l.position), part, nth)));
        }
    }
    [new, new_lines, changed, changed_lines, parts]
}

const FULFILMENT: &[Column] = &[
    Column("tenant_id", Id),
    Column("id", Id),
    Column("order_id", Id),
    Column("store_id", Id),
    Column("status", Text),
    Column("shipped_at", IntOrNull),
    Column("created_at", Int),
];
const FULFILMENT_LINE: &[Column] = &[
    Column("tenant_id", Id),
    Column("fulfilment_id", Id),
    Column("order_id", Id),
    Column("order_position", Small),
    Column("quantity", Int),
];

/// New fulfilments and their lines.
pub fn fulfilment_rows(tenant: TenantId, fulfilments: &[&Fulfilment], now: Timestamp) -> [Bulk; 2] {
    let tenant: Value = tenant.into();
    let (mut heads, mut lines) = (Bulk::insert("fulfilment", FULFILMENT), Bulk::insert("fulfilment_line", FULFILMENT_LINE));
    for f in fulfilments {
        let status = f.status.as_str().into();
        heads.row([
            tenant.clone(),
            f.id.into(),
            f.order.into(),
            f.store.into(),
            status,
            moment(f.shipped_at),
            now.micros().into(),
        ]);
        for l in &f.lines {
            lines.row([tenant.clone(), f.id.into(), f.order.into(), i32::from(l.position).into(), l.quantity.get().into()]);
        }
    }
    [heads, lines]
}
