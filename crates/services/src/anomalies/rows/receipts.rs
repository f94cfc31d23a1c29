//! Units that receipts of purchase orders added.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{goods_receipt, product},
};
use platform::storage::{Fault, Finds, Reads};

use super::{facts::money, people::Span};
use crate::anomalies::core::ReceiptUnits;

/// Maximum lines of receipts of one read: the newest ones.
const MAX: usize = 10_000;

#[derive(Record)]
struct ReceivedRow {
    #[record(of = goods_receipt, alias = "g")]
    store_id: StoreId,
    #[record(of = goods_receipt, alias = "g")]
    business_date: i32,
    #[record(of = goods_receipt, alias = "g")]
    external_ref: Option<String>,
    #[record(sql = "o.supplier_id")]
    supplier_id: SupplierId,
    #[record(sql = "l.product_id")]
    product_id: ProductId,
    #[record(sql = "CAST(sum(r.quantity - r.reversed) AS bigint)")]
    units: i64,
    #[record(of = product, alias = "p")]
    unit_decimals: i32,
    #[record(of = product, alias = "p")]
    cost_minor: Option<i64>,
    #[record(of = product, alias = "p")]
    cost_currency: Option<String>,
}

/// Reads the units of each product in each receipt of the span, in the order of their days.
pub async fn receipt_units(reads: &impl Reads, span: Span<'_>) -> Result<Vec<ReceiptUnits>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM goods_receipt g JOIN goods_receipt_line r ON r.tenant_id = $1 AND r.receipt_id = g.id
         JOIN purchase_order o ON o.tenant_id = $1 AND o.id = g.purchase_order_id
         JOIN purchase_order_line l ON l.tenant_id = $1 AND l.purchase_order_id = r.purchase_order_id AND l.position = r.position
         JOIN product p ON p.tenant_id = $1 AND p.id = l.product_id
         WHERE g.tenant_id = $1 AND {} AND g.business_date >= $3 AND g.business_date <= $4
         GROUP BY g.store_id, g.business_date, g.external_ref, g.id, o.supplier_id, l.product_id, p.unit_decimals, p.cost_minor, p.cost_currency
         HAVING sum(r.quantity - r.reversed) > 0 ORDER BY g.business_date DESC, g.id DESC, l.product_id LIMIT {MAX}",
        ReceivedRow::SELECT,
        backend.in_ids("g.store_id", 2)
    );
    let values = vec![backend.ids(span.stores.iter().copied()), i64::from(span.from).into(), i64::from(span.to).into()];
    let mut rows = reads.records::<ReceivedRow>(&sql, values).await?;
    rows.reverse();
    let to_receipt = |row: ReceivedRow| ReceiptUnits {
        store: row.store_id,
        supplier: row.supplier_id,
        product: row.product_id,
        date: row.business_date,
        reference: row.external_ref,
        units: row.units,
        decimals: row.unit_decimals,
        cost: money(row.cost_minor, row.cost_currency.as_deref()),
    };
    Ok(rows.into_iter().map(to_receipt).collect())
}
