//! Sales since lines were approved.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
};
use platform::storage::{Fault, Finds, Reads};

use crate::{demand::rows::CURRENT, insight::core::untaxed_refund, liquidation::core::SoldDay};

#[derive(Record)]
struct DayRow {
    #[record(sql = "d.product_id")]
    product: ProductId,
    #[record(sql = "d.store_id")]
    store: StoreId,
    #[record(sql = "d.business_date")]
    date: i32,
    #[record(sql = "CAST(sum(d.ordered_units - d.cancelled_units - d.taken_back_units) AS bigint)")]
    units: i64,
    #[record(sql = "CAST(sum(d.gross_minor) AS bigint)")]
    gross: i64,
    #[record(sql = "CAST(sum(d.list_minor - d.discount_minor) AS bigint)")]
    untaxed: i64,
    #[record(sql = "CAST(sum(d.refund_minor) AS bigint)")]
    refunds: i64,
}

/// Returns the sales of products on each day since one, without tax and in one currency, by store.
pub async fn sales_since(
    reads: &impl Reads,
    products: &[ProductId],
    since: i32,
    currency: Currency,
) -> Result<HashMap<(ProductId, StoreId), Vec<SoldDay>>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM demand_day d WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND {} AND d.business_date >= $3
         AND d.currency = $4 GROUP BY d.product_id, d.store_id, d.business_date ORDER BY d.business_date",
        DayRow::SELECT,
        backend.in_ids("d.product_id", 2)
    );
    let values = vec![backend.ids(products.iter().copied()), i64::from(since).into(), currency.as_str().into()];
    let mut rows: HashMap<(ProductId, StoreId), Vec<DayRow>> = HashMap::new();
    for row in reads.records::<DayRow>(&sql, values).await? {
        rows.entry((row.product, row.store)).or_default().push(row);
    }
    Ok(rows.into_iter().map(|(level, rows)| (level, sold_days(&rows))).collect())
}

/// Days of a level, with refunds less the share of tax that its sales had.
fn sold_days(rows: &[DayRow]) -> Vec<SoldDay> {
    let sum = |of: fn(&DayRow) -> i64| rows.iter().map(|row| i128::from(of(row))).sum::<i128>();
    let sales = (sum(|row| row.gross), sum(|row| row.untaxed));
    let net = |row: &DayRow| i64::try_from(i128::from(row.untaxed) - untaxed_refund(row.refunds, sales));
    let day = |row: &DayRow| SoldDay { date: row.date, units: row.units, net_minor: net(row).unwrap_or(i64::MAX) };
    rows.iter().map(day).collect()
}
