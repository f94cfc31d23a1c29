//! What of orders is invoiced. Invoices are a later room's; their rows are facts that this one's documents rest on.

use std::collections::HashMap;

use entity::prelude::*;
use platform::storage::{Fault, Reads, Row};

/// How much of each line of these orders is invoiced and not credited, by order and position.
pub async fn invoiced(reads: &impl Reads, orders: &[OrderId]) -> Result<HashMap<(OrderId, u16), i64>, Fault> {
    if orders.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT l.order_id, l.position, CAST(sum(CASE i.kind WHEN 'INVOICE' THEN l.quantity ELSE -l.quantity END) AS bigint)
         FROM invoice_line l JOIN invoice i ON i.tenant_id = l.tenant_id AND i.id = l.invoice_id
         WHERE l.tenant_id = $1 AND {} GROUP BY l.order_id, l.position",
        backend.in_ids("l.order_id", 2)
    );
    let rows = reads.rows(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            let (order, position, quantity): (OrderId, i32, i64) = (row.take()?, row.take()?, row.take()?);
            Ok(((order, position as u16), quantity))
        })
        .collect()
}
