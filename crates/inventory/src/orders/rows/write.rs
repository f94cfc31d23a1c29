//! Rows of orders after a batch: each table in bulk.

use std::collections::HashSet;

use entity::{
    prelude::*,
    record::Record,
    tables::{fulfilment, fulfilment_line, order_line_part, sales_order},
};
use platform::storage::{Bulk, Rows};

use super::{
    line::{ChangedLine, LineRow, RARELY_SET_LINE_COLUMNS},
    load::OrderRow,
};
use crate::orders::core::{Fulfilment, FulfilmentLine, Order, Part};

#[derive(Record)]
#[record(of = sales_order)]
struct ChangedOrder {
    id: OrderId,
    status: OrderStatus,
    customer_id: Option<CustomerId>,
    external_ref: Option<String>,
    total_minor: i64,
    expires_at: Option<Timestamp>,
    version: i64,
    updated_at: Timestamp,
    hold_kinds: Option<String>,
    authorised_minor: i64,
    captured_minor: i64,
    refunded_minor: i64,
    returned_minor: i64,
    payment_status: PaymentStatus,
    refund_status: RefundStatus,
    country: Option<String>,
}

#[derive(Record)]
#[record(of = order_line_part)]
struct NewPart {
    order_id: OrderId,
    position: i32,
    product_id: ProductId,
    nth: i32,
    sku: String,
    name: String,
    unit_decimals: i32,
    quantity: Quantity,
}

#[derive(Record)]
#[record(of = fulfilment)]
struct NewFulfilment {
    id: FulfilmentId,
    order_id: OrderId,
    store_id: StoreId,
    status: FulfilmentStatus,
    shipped_at: Option<Timestamp>,
    created_at: Timestamp,
    work_id: Option<FulfilmentWorkId>,
}

#[derive(Record)]
#[record(of = fulfilment_line)]
struct NewFulfilmentLine {
    fulfilment_id: FulfilmentId,
    order_id: OrderId,
    order_position: i32,
    quantity: Quantity,
}

impl From<&Order> for OrderRow {
    fn from(order: &Order) -> Self {
        let paid = order.derived_paid();
        Self {
            id: order.id,
            number: order.number.get(),
            status: order.status,
            store_id: order.store,
            channel_id: order.channel,
            customer_id: order.customer,
            external_ref: order.external_ref.clone(),
            currency: order.total.currency.to_string(),
            total_minor: order.total.minor,
            placed_at: order.placed_at,
            business_date: order.business_date,
            expires_at: order.expires_at,
            actor_kind: order.actor.kind,
            actor_id: order.actor.id,
            version: order.version,
            created_at: order.created_at,
            updated_at: order.updated_at,
            country: order.country.clone(),
            hold_kinds: hold_kinds(order),
            authorised_minor: paid.authorised,
            captured_minor: paid.captured,
            refunded_minor: paid.refunded,
            returned_minor: paid.returned,
            payment_status: paid.payment,
            refund_status: paid.refund,
            register: order.register.clone(),
        }
    }
}

impl From<&Order> for ChangedOrder {
    /// Payment statuses are derived from the current order, whichever part of it changed.
    fn from(order: &Order) -> Self {
        let paid = order.derived_paid();
        Self {
            id: order.id,
            status: order.status,
            customer_id: order.customer,
            external_ref: order.external_ref.clone(),
            total_minor: order.total.minor,
            expires_at: order.expires_at,
            version: order.version,
            updated_at: order.updated_at,
            hold_kinds: hold_kinds(order),
            authorised_minor: paid.authorised,
            captured_minor: paid.captured,
            refunded_minor: paid.refunded,
            returned_minor: paid.returned,
            payment_status: paid.payment,
            refund_status: paid.refund,
            country: order.country.clone(),
        }
    }
}

/// Returns the kinds of an order's holds as its row has them: one a line, as no kind contains a
/// line break.
fn hold_kinds(order: &Order) -> Option<String> {
    (!order.hold_kinds.is_empty()).then(|| order.hold_kinds.join("\n"))
}

impl NewPart {
    fn of((order, position): (OrderId, u16), part: &Part, nth: i32) -> Self {
        Self {
            order_id: order,
            position: position.into(),
            product_id: part.product,
            nth,
            sku: part.sku.clone(),
            name: part.name.clone(),
            unit_decimals: part.decimals.into(),
            quantity: part.quantity,
        }
    }
}

impl NewFulfilmentLine {
    fn of(fulfilment: &Fulfilment, line: &FulfilmentLine) -> Self {
        Self {
            fulfilment_id: fulfilment.id,
            order_id: fulfilment.order,
            order_position: line.position.into(),
            quantity: line.quantity,
        }
    }
}

/// Orders that a batch created, and lines that it added to existing orders.
#[derive(Debug, Default)]
pub struct CreatedRows {
    pub orders: HashSet<OrderId>,
    pub lines: HashSet<(OrderId, u16)>,
    /// Existing drafts whose store, channel or time changed: their rows are written whole.
    pub moved_orders: HashSet<OrderId>,
}

/// Returns the rows of orders after the batch, with their lines: those in `created` first, then the
/// changed ones.
pub fn order_rows(tenant: TenantId, orders: &[&Order], created: &CreatedRows) -> [Bulk; 6] {
    let (mut new_orders, mut new_lines) = (Rows::<OrderRow>::insert(tenant), Rows::<LineRow>::insert(tenant));
    let mut moved_orders = Rows::<OrderRow>::update(tenant);
    let (mut changed_orders, mut changed_lines) = (Rows::<ChangedOrder>::update(tenant), Rows::<ChangedLine>::update(tenant));
    let mut parts = Rows::<NewPart>::insert(tenant);
    for &order in orders {
        let is_new = created.orders.contains(&order.id);
        if is_new {
            new_orders.push(order.into());
        } else if created.moved_orders.contains(&order.id) {
            moved_orders.push(order.into());
        } else {
            changed_orders.push(order.into());
        }
        for line in &order.lines {
            if !is_new && !created.lines.contains(&(order.id, line.position)) {
                changed_lines.push(ChangedLine::of(order.id, line));
                continue;
            }
            new_lines.push(LineRow::of(order.id, line));
            parts.extend(line.parts().iter().zip(1_i32..).map(|(part, nth)| NewPart::of((order.id, line.position), part, nth)));
        }
    }
    [
        new_orders.into(),
        Bulk::from(new_lines).rarely_set(RARELY_SET_LINE_COLUMNS),
        moved_orders.into(),
        changed_orders.into(),
        changed_lines.into(),
        parts.into(),
    ]
}

/// Returns the rows of new fulfilments and of their lines.
pub fn fulfilment_rows(tenant: TenantId, fulfilments: &[&Fulfilment], now: Timestamp) -> [Bulk; 2] {
    let (mut heads, mut lines) = (Rows::<NewFulfilment>::insert(tenant), Rows::<NewFulfilmentLine>::insert(tenant));
    for fulfilment in fulfilments {
        heads.push(NewFulfilment {
            id: fulfilment.id,
            order_id: fulfilment.order,
            store_id: fulfilment.store,
            status: fulfilment.status,
            shipped_at: fulfilment.shipped_at,
            created_at: now,
            work_id: fulfilment.work,
        });
        lines.extend(fulfilment.lines.iter().map(|line| NewFulfilmentLine::of(fulfilment, line)));
    }
    [heads.into(), lines.into()]
}
