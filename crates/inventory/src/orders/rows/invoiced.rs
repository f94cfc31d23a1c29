//! Invoiced quantities of orders. Invoices belong to a later room; their rows are facts that
//! documents of this one depend on.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::invoice_line,
};
use platform::storage::{Fault, Finds, Reads};

#[derive(Record)]
struct InvoicedRow {
    #[record(of = invoice_line, alias = "l")]
    order_id: OrderId,
    #[record(of = invoice_line, alias = "l")]
    position: i32,
    #[record(sql = "CAST(sum(CASE i.kind WHEN 'INVOICE' THEN l.quantity ELSE -l.quantity END) AS bigint)")]
    quantity: i64,
}

/// Reads the invoiced quantities that are not credited, by order and position.
pub async fn load_invoiced(reads: &impl Reads, orders: &[OrderId]) -> Result<HashMap<(OrderId, u16), i64>, Fault> {
    if orders.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM invoice_line l JOIN invoice i ON i.tenant_id = l.tenant_id AND i.id = l.invoice_id
         WHERE l.tenant_id = $1 AND {} GROUP BY l.order_id, l.position",
        InvoicedRow::SELECT,
        backend.in_ids("l.order_id", 2)
    );
    let rows = reads.records::<InvoicedRow>(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| ((row.order_id, row.position as u16), row.quantity)).collect())
}
