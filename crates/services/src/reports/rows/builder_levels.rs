//! How stock and its booked value changed up to days, and what products are grouped by: for sums of the report builder that no statement makes.

use std::collections::HashMap;

use entity::prelude::*;
use platform::storage::{Fault, Reads, Row};
use sea_orm::QueryResult;
use uuid::Uuid;

use super::{
    builder::TOP,
    narrow::{Bound, CURRENT, DAY_MICROS, Narrow},
};
use crate::demand::rows::FIRST_DAY;

/// Days that a statement names one by one; with more of them its rows are of each day.
const MOST_NAMED: usize = 64;

/// What a product is grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProductGroups {
    pub category: Option<Uuid>,
    pub top_category: Option<Uuid>,
    pub supplier: Option<Uuid>,
}

/// By how much a level, or the booked value of a product, changed up to a day, since the day before it of the same statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StockChange {
    pub product: ProductId,
    /// None of a value: the books know no stores.
    pub store: Option<StoreId>,
    pub day: i32,
    pub change: i64,
}

/// A day as the first of these that is not before it; as itself where there are many of them.
fn up_to(bound: &mut Bound, column: &str, days: &[i32]) -> String {
    let named = if days.len() > MOST_NAMED { &days[..1] } else { days };
    let mut cases = String::new();
    for day in named {
        let day = bound.mark(i64::from(*day));
        cases.push_str(&format!(" WHEN {column} <= {day} THEN {day}"));
    }
    format!("CASE{cases} ELSE {column} END")
}

/// Units of all levels, of whatever store: those of the first day hold all that was before it.
pub async fn unit_changes(reads: &impl Reads, narrow: &Narrow, days: &[i32]) -> Result<Vec<StockChange>, Fault> {
    let (Some(last), mut bound) = (days.last(), Bound::of(reads, narrow)) else { return Ok(Vec::new()) };
    let (first, last) = (bound.mark(FIRST_DAY), bound.mark(i64::from(*last)));
    let day = up_to(&mut bound, "d.business_date", days);
    let sql = format!(
        "SELECT z.product_id, z.store_id, CAST(z.day AS integer), CAST(sum(z.net_units) AS bigint) FROM (
           SELECT d.product_id, d.store_id, {day} AS day, d.net_units FROM demand_day d
           WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND d.business_date >= {first} AND d.business_date <= {last}{only}) z
         GROUP BY z.product_id, z.store_id, z.day",
        only = Bound::of_products(narrow, "d.product_id")
    );
    let change = |row: &QueryResult| -> Result<StockChange, Fault> {
        let mut row = Row::new(row);
        Ok(StockChange { product: row.take()?, store: Some(row.take()?), day: row.take()?, change: row.take()? })
    };
    reads.rows(&sql, bound.values).await?.iter().map(change).collect()
}

/// Booked values of all products: those of the first day as a whole, back from what there is now, so that only postings behind it are read.
pub async fn value_changes(
    reads: &impl Reads,
    narrow: &Narrow,
    days: &[i32],
    method: CostingMethod,
) -> Result<Vec<StockChange>, Fault> {
    let Some(first) = days.first().copied() else { return Ok(Vec::new()) };
    let minor = match method {
        CostingMethod::Fifo => "fifo_minor",
        CostingMethod::MovingAverage => "average_minor",
    };
    let mut bound = Bound::of(reads, narrow);
    let (since, after) = (bound.mark((i64::from(first) - 1) * DAY_MICROS), bound.mark(i64::from(first)));
    let day = up_to(&mut bound, "x.business_date", days);
    // A posting behind the first day is in the value of now: it is taken from the first day, and comes again on its own.
    let sql = format!(
        "SELECT z.product_id, CAST(z.day AS integer), CAST(sum(z.minor) AS bigint) FROM (
           SELECT c.product_id, CAST({after} AS bigint) AS day, c.{minor} AS minor FROM cost_pool c WHERE c.tenant_id = $1{of_pools}
           UNION ALL
           SELECT x.product_id, CAST({after} AS bigint) AS day, -x.{minor} AS minor FROM cost_posting x
           WHERE x.tenant_id = $1 AND x.occurred_at >= {since} AND x.business_date > {after}{of_postings}
           UNION ALL
           SELECT x.product_id, {day} AS day, x.{minor} AS minor FROM cost_posting x
           WHERE x.tenant_id = $1 AND x.occurred_at >= {since} AND x.business_date > {after}{of_postings}) z
         GROUP BY z.product_id, z.day",
        of_pools = Bound::of_products(narrow, "c.product_id"),
        of_postings = Bound::of_products(narrow, "x.product_id")
    );
    let change = |row: &QueryResult| -> Result<StockChange, Fault> {
        let mut row = Row::new(row);
        Ok(StockChange { product: row.take()?, store: None, day: row.take()?, change: row.take()? })
    };
    reads.rows(&sql, bound.values).await?.iter().map(change).collect()
}

/// The category, the uppermost one above it, and the supplier of products.
pub async fn product_groups(reads: &impl Reads, narrow: &Narrow) -> Result<HashMap<ProductId, ProductGroups>, Fault> {
    let bound = Bound::of(reads, narrow);
    let sql = format!(
        "{TOP}SELECT g.id, g.category_id, u.root, g.supplier_id FROM product g LEFT JOIN up u ON u.id = g.category_id
         WHERE g.tenant_id = $1{only}",
        only = Bound::of_products(narrow, "g.id")
    );
    let groups = |row: &QueryResult| -> Result<(ProductId, ProductGroups), Fault> {
        let mut row = Row::new(row);
        Ok((row.take()?, ProductGroups { category: row.take()?, top_category: row.take()?, supplier: row.take()? }))
    };
    reads.rows(&sql, bound.values).await?.iter().map(groups).collect()
}
