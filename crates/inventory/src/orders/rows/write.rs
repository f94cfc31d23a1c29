//! Documents as a batch decided them, as rows: each table in bulk.

use std::collections::HashSet;

use entity::{
    prelude::*,
    record::Record,
    tables::{fulfilment, fulfilment_line, order_line, order_line_part, sales_order},
};
use platform::storage::{Bulk, Rows};

use super::load::{LineRow, OrderRow};
use crate::orders::core::{Fulfilment, FulfilmentLine, Line, Order, Part};

#[derive(Record)]
#[record(of = sales_order)]
struct ChangedOrder {
    id: OrderId,
    status: OrderStatus,
    expires_at: Option<Timestamp>,
    version: i64,
    updated_at: Timestamp,
}

#[derive(Record)]
#[record(of = order_line)]
struct ChangedLine {
    order_id: OrderId,
    position: i32,
    open: Quantity,
    backordered: Quantity,
    cancelled: Quantity,
    fulfilled: Quantity,
    returned: Quantity,
    return_pending: Quantity,
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
        }
    }
}

impl From<&Order> for ChangedOrder {
    fn from(order: &Order) -> Self {
        Self {
            id: order.id,
            status: order.status,
            expires_at: order.expires_at,
            version: order.version,
            updated_at: order.updated_at,
        }
    }
}

impl LineRow {
    fn of(order: OrderId, line: &Line) -> Self {
        Self {
            order_id: order,
            position: line.position.into(),
            kind: line.kind(),
            product_id: line.product(),
            sku: line.sku.clone(),
            name: line.name.clone(),
            stock_policy: line.policy(),
            unit_decimals: line.decimals.into(),
            quantity: line.quantity,
            open: line.open,
            backordered: line.backordered,
            cancelled: line.cancelled,
            fulfilled: line.fulfilled,
            returned: line.returned,
            return_pending: line.return_pending,
            unit_price_minor: line.unit_price.minor,
            discount_minor: line.discount.minor,
            tax_minor: line.tax.minor,
            total_minor: line.total.minor,
            unit_cost_minor: line.unit_cost.map(|cost| cost.minor),
        }
    }
}

impl ChangedLine {
    fn of(order: OrderId, line: &Line) -> Self {
        Self {
            order_id: order,
            position: line.position.into(),
            open: line.open,
            backordered: line.backordered,
            cancelled: line.cancelled,
            fulfilled: line.fulfilled,
            returned: line.returned,
            return_pending: line.return_pending,
        }
    }
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

/// Orders as they are after the batch, with their lines: those that it `made`, then those that it changed.
pub fn order_rows(tenant: TenantId, orders: &[&Order], made: &HashSet<OrderId>) -> [Bulk; 5] {
    let (mut new, mut new_lines) = (Rows::<OrderRow>::insert(tenant), Rows::<LineRow>::insert(tenant));
    let (mut changed, mut changed_lines) = (Rows::<ChangedOrder>::update(tenant), Rows::<ChangedLine>::update(tenant));
    let mut parts = Rows::<NewPart>::insert(tenant);
    for &order in orders {
        if !made.contains(&order.id) {
            changed.push(order.into());
            changed_lines.extend(order.lines.iter().map(|line| ChangedLine::of(order.id, line)));
            continue;
        }
        new.push(order.into());
        for line in &order.lines {
            new_lines.push(LineRow::of(order.id, line));
            parts.extend(line.parts().iter().zip(1_i32..).map(|(part, nth)| NewPart::of((order.id, line.position), part, nth)));
        }
    }
    [new.into(), new_lines.into(), changed.into(), changed_lines.into(), parts.into()]
}

/// New fulfilments and their lines.
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
