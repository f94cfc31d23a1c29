//! Units by product and store, including those in transit to the store. Transfers have no postings,
//! so the units come from stock levels and entries.

use entity::{
    prelude::*,
    record::{Record, Selected},
};
use platform::storage::{Fault, Finds, Reads};
use sea_orm::Value;

use super::ValuationTime;
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
pub async fn units_by_store(
    reads: &impl Reads,
    valuation_time: ValuationTime,
    products: &ProductCondition,
) -> Result<Vec<StoreUnits>, Fault> {
    let mut values: Vec<Value> = products.values.clone();
    let product_condition = |column: &str| products.on(column).map(|condition| format!(" AND {condition}")).unwrap_or_default();
    let units = match valuation_time {
        ValuationTime::Now => format!(
            "SELECT l.product_id, l.store_id, l.on_hand + l.in_transit AS units FROM stock_level l WHERE l.tenant_id = $1{}",
            product_condition("l.product_id")
        ),
        ValuationTime::At { occurred, known } => {
            let mut conditions = product_condition("e.product_id");
            for (column, at) in [("occurred_at", Some(occurred)), ("recorded_at", known)] {
                let Some(at) = at else { continue };
                values.push(at.micros().into());
                conditions.push_str(&format!(" AND e.{column} <= ${}", values.len() + 1));
            }
            format!(
                "SELECT e.product_id, e.store_id, CAST(sum(e.on_hand_delta + e.in_transit_delta) AS bigint) AS units
                 FROM entry e WHERE e.tenant_id = $1{conditions} GROUP BY e.product_id, e.store_id"
            )
        }
    };
    let sql = format!(
        "SELECT {select} FROM ({units}) s WHERE s.units <> 0 ORDER BY s.product_id, s.store_id",
        select = StoreUnits::SELECT
    );
    reads.records::<StoreUnits>(&sql, values).await
}
