//! Days on which units can be sold, from the lots of their products.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::lot,
};
use platform::storage::{Fault, Finds, Reads};
use sea_orm::Value;

/// Minimum lots of a measured shelf life.
const MIN_LOTS: i64 = 3;
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

#[derive(Record)]
struct SellableRow {
    #[record(of = lot, alias = "t")]
    product_id: ProductId,
    #[record(sql = "CAST(avg(t.expires_on - t.created_at / {day}) - coalesce(p.minimum_remaining_days, 0) AS double precision)")]
    days: f64,
}

/// Returns the average number of days on which lots of products created since a time could be sold:
/// the days to their expiry, less those that the product must have left when it is sold. Products
/// with fewer than [`MIN_LOTS`] expiring lots are left out, and so are those with less than a
/// day: their lots arrived late, and do not predict the next delivery.
pub async fn sellable_days(
    reads: &impl Reads,
    products: &[ProductId],
    since: Timestamp,
) -> Result<HashMap<ProductId, f64>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM lot t JOIN product p ON p.tenant_id = $1 AND p.id = t.product_id
         WHERE t.tenant_id = $1 AND {} AND t.expires_on IS NOT NULL AND t.created_at >= $3
         GROUP BY t.product_id, p.minimum_remaining_days HAVING count(*) >= {MIN_LOTS}",
        SellableRow::SELECT.replace("{day}", &DAY.to_string()),
        backend.in_ids("t.product_id", 2)
    );
    let values: Vec<Value> = vec![backend.ids(products.iter().copied()), since.micros().into()];
    let rows = reads.records::<SellableRow>(&sql, values).await?;
    Ok(rows.into_iter().filter(|row| row.days >= 1.0).map(|row| (row.product_id, row.days)).collect())
}
