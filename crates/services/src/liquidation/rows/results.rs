//! Sales since lines were approved.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
};
use platform::storage::{Fault, Finds, Reads};

use crate::{demand::rows::CURRENT, liquidation::core::SoldDay};

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
    #[record(sql = "CAST(sum(d.gross_minor - d.refund_minor) AS bigint)")]
    net: i64,
}

/// Returns the sales of products on each day since one, in one currency, by store.
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
    let mut sold_days: HashMap<(ProductId, StoreId), Vec<SoldDay>> = HashMap::new();
    for row in reads.records::<DayRow>(&sql, values).await? {
        let day = SoldDay { date: row.date, units: row.units, net_minor: row.net };
        sold_days.entry((row.product, row.store)).or_default().push(day);
    }
    Ok(sold_days)
}
