//! What a supplier delivered: orders of which nothing more is to come.

use std::collections::BTreeMap;

use entity::prelude::*;

use crate::{
    purchasing::core::Delivery,
    storage::{Fault, Reads, Row},
};

/// Microseconds of a day.
const DAY: f64 = 86_400_000_000.0;
/// Orders that are looked at, the newest first: ten years of one a day.
const MOST: i64 = 4_000;

/// The supplier's orders that were ordered in this span, from their RECEIVED on; of the stores given, or of all.
pub async fn deliveries(
    reads: &impl Reads,
    supplier: SupplierId,
    (from, to): (Timestamp, Timestamp),
    stores: Option<&[StoreId]>,
) -> Result<Vec<Delivery>, Fault> {
    let backend = reads.backend();
    let mut values = vec![supplier.into(), from.micros().into(), to.micros().into(), MOST.into()];
    let mut within = String::new();
    if let Some(stores) = stores {
        values.push(backend.ids(stores.iter().copied()));
        within = format!(" AND {}", backend.in_ids("o.store_id", 6));
    }
    let sql = format!(
        "SELECT o.id, o.ordered_at, o.received_at, o.expected_on, (SELECT max(g.business_date) FROM goods_receipt g WHERE g.tenant_id = $1 AND g.purchase_order_id = o.id),
           l.quantity, l.received
         FROM (SELECT o.tenant_id, o.id, o.ordered_at, o.received_at, o.expected_on FROM purchase_order o
               WHERE o.tenant_id = $1 AND o.supplier_id = $2 AND o.ordered_at >= $3 AND o.ordered_at < $4 AND o.status IN ('RECEIVED', 'CLOSED'){within}
               ORDER BY o.ordered_at DESC LIMIT $5) o
         JOIN purchase_order_line l ON l.tenant_id = $1 AND l.purchase_order_id = o.id ORDER BY o.id, l.position"
    );
    let mut found: BTreeMap<PurchaseOrderId, Delivery> = BTreeMap::new();
    for row in &reads.rows(&sql, values).await? {
        let mut row = Row::new(row);
        let (id, ordered, received): (PurchaseOrderId, i64, Option<i64>) = (row.take()?, row.take()?, row.take()?);
        let (expected, day): (Option<i32>, Option<i32>) = (row.take()?, row.take()?);
        let line = (row.take()?, row.take()?);
        let delivery = found.entry(id).or_insert_with(|| Delivery {
            lead_days: received.map(|at| (at - ordered) as f64 / DAY),
            was_on_time: expected.zip(day).map(|(expected, day)| day <= expected),
            lines: Vec::new(),
        });
        delivery.lines.push(line);
    }
    Ok(found.into_values().collect())
}
