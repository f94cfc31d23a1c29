//! Units by product and store, including those in transit to the store. Transfers have no postings,
//! so the units come from stock levels and entries.

use entity::{
    prelude::*,
    record::{Record, Selected},
};
use platform::storage::{Fault, Finds, Reads};
use sea_orm::Value;

use super::Worth;
use crate::catalog::rows::page::ProductCondition;

/// Units of a product in a store, in its smallest unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Record)]
pub struct StoreUnits {
    #[record(sql = "s.product_id")]
    pub product: ProductId,
    #[record(sql = "s.store_id")]
    pub store: StoreId,
    #[record(sql = "s.units")]
    pub units: i64,
}

/// Returns the units of each product in each store, in this order, without zeros: one statement.
pub async fn units_by_store(reads: &impl Reads, of: Worth, products: &ProductCondition) -> Result<Vec<StoreUnits>, Fault> {
    let mut values: Vec<Value> = products.values.clone();
    let only = |column: &str| products.on(column).map(|fits| format!(" AND {fits}")).unwrap_or_default();
    let units = match of {
        Worth::Now => format!(
            "SELECT l.product_id, l.store_id, l.on_hand + l.in_transit AS units FROM stock_level l WHERE l.tenant_id = $1{}",
            only("l.product_id")
        ),
        Worth::At { occurred, known } => {
            let mut tests = only("e.product_id");
            for (column, at) in [("occurred_at", Some(occurred)), ("recorded_at", known)] {
                let Some(at) = at else { continue };
                values.push(at.micros().into());
                tests.push_str(&format!(" AND e.{column} <= ${}", values.len() + 1));
            }
            format!(
                "SELECT e.product_id, e.store_id, CAST(sum(e.on_hand_delta + e.in_transit_delta) AS bigint) AS units
                 FROM entry e WHERE e.tenant_id = $1{tests} GROUP BY e.product_id, e.store_id"
            )
        }
    };
    let sql = format!(
        "SELECT {select} FROM ({units}) s WHERE s.units <> 0 ORDER BY s.product_id, s.store_id",
        select = StoreUnits::SELECT
    );
    reads.records::<StoreUnits>(&sql, values).await
}
