//! Locking orders.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::order_line,
};
use platform::storage::{Fault, Reads, Row};

use super::{
    line::LineRow,
    load::{OrderRow, fill_parts, orders},
};
use crate::orders::core::Order;

/// An order joined with one of its lines, whose columns follow.
#[derive(Record)]
struct LockedRow {
    order: OrderRow,
    /// None if the order has no lines.
    #[record(of = order_line, alias = "l", column = "order_id", outer)]
    of_line: Option<OrderId>,
}

/// Returns orders with their lines, locked in the order of their IDs until the transaction ends.
/// The transaction holds the tenant's counter: the lines are read as of the start of the statement,
/// and while the counter is held no other transaction writes any (0266).
pub async fn lock_orders(work: &impl Reads, ids: &[OrderId]) -> Result<Vec<Order>, Fault> {
    let backend = work.backend();
    let lock = backend.for_change("o");
    if ids.is_empty() || lock.is_empty() {
        return orders(work, ids).await;
    }
    let sql = format!(
        "SELECT {order}, {line} FROM sales_order o LEFT JOIN order_line l ON l.tenant_id = $1 AND l.order_id = o.id
         WHERE o.tenant_id = $1 AND {of} ORDER BY o.id, l.position{lock}",
        order = LockedRow::SELECT,
        line = LineRow::SELECT,
        of = backend.in_ids("o.id", 2)
    );
    let mut locked_orders: Vec<Order> = Vec::with_capacity(ids.len());
    for row in &work.rows(&sql, vec![backend.ids(ids.iter().copied())]).await? {
        let mut row = Row::new(row);
        let LockedRow { order: head, of_line } = row.record()?;
        if locked_orders.last().is_none_or(|order| order.id != head.id) {
            locked_orders.push(head.order()?);
        }
        // An order without lines has one row, whose line columns are null.
        if let Some(order) = locked_orders.last_mut().filter(|_| of_line.is_some()) {
            let line: LineRow = row.record()?;
            order.lines.push(line.line(order.total.currency)?);
        }
    }
    let indexes: HashMap<OrderId, usize> = locked_orders.iter().enumerate().map(|(index, order)| (order.id, index)).collect();
    fill_parts(work, &indexes, &mut locked_orders).await?;
    Ok(locked_orders)
}
