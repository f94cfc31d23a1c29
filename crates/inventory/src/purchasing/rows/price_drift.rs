//! First and last purchase prices of suppliers' products.

use entity::{
    prelude::*,
    record::{Record, Selected},
};
use platform::storage::{Fault, Finds, Reads};
use sea_orm::Value;

use super::performance::{DeliveryFilter, MAX_ORDERS_PER_SUPPLIER, bind_filter, newest_orders};
use crate::purchasing::core::ProductPrices;

#[derive(Record)]
struct PricesRow {
    #[record(sql = "x.supplier_id")]
    supplier: SupplierId,
    #[record(sql = "x.currency")]
    currency: String,
    #[record(sql = "CAST(max(x.unit_decimals) AS integer)")]
    decimals: i32,
    #[record(sql = "CAST(max(CASE WHEN x.oldest = 1 THEN x.unit_cost_minor END) AS bigint)")]
    first: i64,
    #[record(sql = "CAST(max(CASE WHEN x.newest = 1 THEN x.unit_cost_minor END) AS bigint)")]
    last: i64,
    #[record(sql = "CAST(sum(x.quantity) AS bigint)")]
    quantity: i64,
}

/// Returns the products that were ordered more than once in this span, by supplier, merged
/// suppliers counted as their survivor: of the suppliers, stores and products of a filter; of the
/// given stores, or of all. Cancelled orders and lines do not count.
pub async fn product_prices(
    reads: &impl Reads,
    filter: &DeliveryFilter,
    (from, to): (Timestamp, Timestamp),
    stores: Option<&[StoreId]>,
) -> Result<Vec<(SupplierId, ProductPrices)>, Fault> {
    // The condition on products has the first parameters.
    let mut values: Vec<Value> = filter.products.values.clone();
    let first = values.len() + 2;
    let (since_mark, limit_mark) = (first, first + 2);
    values.extend([Value::from(from.micros()), to.micros().into(), MAX_ORDERS_PER_SUPPLIER.into()]);
    let conditions = bind_filter(reads, filter, stores, &mut values).await?;
    let of_products = filter.products.on("l.product_id").map(|condition| format!(" AND {condition}")).unwrap_or_default();
    let newest = newest_orders("o.currency", "'ORDERED', 'PARTIALLY_RECEIVED', 'RECEIVED', 'CLOSED'", since_mark, &conditions);
    let by_product = "PARTITION BY o.supplier_id, o.currency, l.product_id";
    let sql = format!(
        "SELECT {select} FROM (
           SELECT o.supplier_id, o.id, o.currency, l.product_id, l.unit_cost_minor, l.quantity, l.unit_decimals,
             row_number() OVER ({by_product} ORDER BY o.ordered_at, o.id, l.position) AS oldest,
             row_number() OVER ({by_product} ORDER BY o.ordered_at DESC, o.id DESC, l.position DESC) AS newest
           FROM ({newest}) o
           JOIN purchase_order_line l ON l.tenant_id = $1 AND l.purchase_order_id = o.id AND l.cancelled_at IS NULL AND l.quantity > 0{of_products}
           WHERE o.nth <= ${limit_mark}) x
         GROUP BY x.supplier_id, x.currency, x.product_id HAVING count(DISTINCT x.id) > 1
         ORDER BY x.supplier_id, x.currency, x.product_id",
        select = PricesRow::SELECT
    );
    let prices = |row: PricesRow| {
        let currency = Currency::parse(&row.currency)?;
        let PricesRow { supplier, decimals, first, last, quantity, .. } = row;
        Some((supplier, ProductPrices { currency, decimals, first, last, quantity }))
    };
    Ok(reads.records::<PricesRow>(&sql, values).await?.into_iter().filter_map(prices).collect())
}
