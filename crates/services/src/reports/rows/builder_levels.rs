//! Changes of stock and of its booked value up to days, and the groups of products: for sums of the
//! report builder that no statement computes.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::product,
};
use platform::storage::{Fault, Finds, Reads, for_each_page};
use uuid::Uuid;

use super::narrow::{DAY_MICROS, ReportFilter, SqlParameters};
use crate::demand::rows::{CURRENT, FIRST_DAY};

/// Maximum days that a statement lists; for more its rows are of each day.
const MAX_MAPPED_DAYS: usize = 64;

/// The uppermost category of each category, as `u`.
pub(super) const ROOT_CATEGORIES_SQL: &str = "WITH RECURSIVE up (id, root) AS (
    SELECT c.id, c.id FROM category c WHERE c.tenant_id = $1 AND c.parent_id IS NULL
    UNION ALL SELECT c.id, u.root FROM up u JOIN category c ON c.tenant_id = $1 AND c.parent_id = u.id) ";

/// Groups of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProductGroups {
    pub category: Option<Uuid>,
    pub top_category: Option<Uuid>,
    pub supplier: Option<Uuid>,
}

/// A category and the uppermost one above it.
#[derive(Record)]
struct RootRow {
    #[record(sql = "u.id")]
    id: Uuid,
    #[record(sql = "u.root")]
    root: Uuid,
}

#[derive(Record)]
struct GroupedRow {
    #[record(of = product, alias = "g")]
    id: ProductId,
    #[record(sql = "g.category_id")]
    category: Option<Uuid>,
    #[record(sql = "g.supplier_id")]
    supplier: Option<Uuid>,
}

/// Change of a level, or of the booked value of a product, up to a day, since the previous day of
/// the same statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StockChange {
    pub product: ProductId,
    /// None for a value: the cost books have no stores.
    pub store: Option<StoreId>,
    pub day: i32,
    pub change: i64,
}

#[derive(Record)]
struct UnitsRow {
    #[record(sql = "z.product_id")]
    product: ProductId,
    #[record(sql = "z.store_id")]
    store: StoreId,
    #[record(sql = "CAST(z.day AS integer)")]
    day: i32,
    #[record(sql = "CAST(sum(z.net_units) AS bigint)")]
    change: i64,
}

#[derive(Record)]
struct ValueRow {
    #[record(sql = "z.product_id")]
    product: ProductId,
    #[record(sql = "CAST(z.day AS integer)")]
    day: i32,
    #[record(sql = "CAST(sum(z.minor) AS bigint)")]
    change: i64,
}

/// Maps a day to the first of `days` that is not before it; days after them, or after the first if
/// there are many, stay as they are.
fn map_to_bound(bound: &mut SqlParameters, column: &str, days: &[i32]) -> String {
    let bound_days = if days.len() > MAX_MAPPED_DAYS { &days[..1] } else { days };
    let mut cases = String::new();
    for day in bound_days {
        let day = bound.bind(i64::from(*day));
        cases.push_str(&format!(" WHEN {column} <= {day} THEN {day}"));
    }
    format!("CASE{cases} ELSE {column} END")
}

/// Unit changes of all levels in all stores: those of the first day include all days before it.
pub async fn unit_changes(reads: &impl Reads, report_filter: &ReportFilter, days: &[i32]) -> Result<Vec<StockChange>, Fault> {
    let (Some(last), mut bound) = (days.last(), SqlParameters::of(reads, report_filter)) else { return Ok(Vec::new()) };
    let (first, last) = (bound.bind(FIRST_DAY), bound.bind(i64::from(*last)));
    let day = map_to_bound(&mut bound, "d.business_date", days);
    let sql = format!(
        "SELECT {select} FROM (
           SELECT d.product_id, d.store_id, {day} AS day, d.net_units FROM demand_day d
           WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND d.business_date >= {first} AND d.business_date <= {last}{only}) z
         GROUP BY z.product_id, z.store_id, z.day",
        select = UnitsRow::SELECT,
        only = SqlParameters::of_products(report_filter, "d.product_id")
    );
    let change = |UnitsRow { product, store, day, change }| StockChange { product, store: Some(store), day, change };
    Ok(reads.records::<UnitsRow>(&sql, bound.values).await?.into_iter().map(change).collect())
}

/// Booked values of all products: those of the first day as a total, computed back from the current
/// value, so that only later postings are read.
pub async fn value_changes(
    reads: &impl Reads,
    report_filter: &ReportFilter,
    days: &[i32],
    method: CostingMethod,
) -> Result<Vec<StockChange>, Fault> {
    let Some(first) = days.first().copied() else { return Ok(Vec::new()) };
    let minor = match method {
        CostingMethod::Fifo => "fifo_minor",
        CostingMethod::MovingAverage => "average_minor",
    };
    let mut bound = SqlParameters::of(reads, report_filter);
    let (since, after) = (bound.bind((i64::from(first) - 1) * DAY_MICROS), bound.bind(i64::from(first)));
    let day = map_to_bound(&mut bound, "x.business_date", days);
    let sql = format!(
        "SELECT {select} FROM (
           SELECT c.product_id, CAST({after} AS bigint) AS day, c.{minor} AS minor FROM cost_pool c WHERE c.tenant_id = $1{of_pools}
           UNION ALL
           SELECT x.product_id, {day} AS day, x.{minor} AS minor FROM cost_posting x
           WHERE x.tenant_id = $1 AND x.occurred_at >= {since} AND x.business_date > {after}{of_postings}) z
         GROUP BY z.product_id, z.day",
        select = ValueRow::SELECT,
        of_pools = SqlParameters::of_products(report_filter, "c.product_id"),
        of_postings = SqlParameters::of_products(report_filter, "x.product_id")
    );
    let rows = reads.records::<ValueRow>(&sql, bound.values).await?;
    let (mut opening, mut changes) = (HashMap::<ProductId, i128>::new(), Vec::with_capacity(rows.len()));
    for ValueRow { product, day, change } in rows {
        let value = opening.entry(product).or_default();
        if day == first {
            *value += i128::from(change);
        } else {
            // A posting after the first day is part of the current value: it is subtracted from the
            // first day, and added again on its own day.
            *value -= i128::from(change);
            changes.push(StockChange { product, store: None, day, change });
        }
    }
    for (product, value) in opening {
        let value = i64::try_from(value).map_err(|_| Fault::Broken("a booked value passes 64 bits".to_owned()))?;
        changes.push(StockChange { product, store: None, day: first, change: value });
    }
    Ok(changes)
}

/// The category, the uppermost one above it, and the supplier of products. Categories are read by themselves: joined to a part of the products, Postgres would
/// hash and sort all products that are left for each part.
pub async fn product_groups(
    reads: &impl Reads,
    report_filter: &ReportFilter,
) -> Result<HashMap<ProductId, ProductGroups>, Fault> {
    let roots = format!("{ROOT_CATEGORIES_SQL}SELECT {} FROM up u", RootRow::SELECT);
    let roots = reads.records::<RootRow>(&roots, vec![]).await?;
    let roots: HashMap<Uuid, Uuid> = roots.into_iter().map(|row| (row.id, row.root)).collect();
    let grouped = |row: GroupedRow| {
        let top_category = row.category.and_then(|category| roots.get(&category).copied());
        (row.id, ProductGroups { category: row.category, top_category, supplier: row.supplier })
    };
    let (bound, conditions) = (SqlParameters::of(reads, report_filter), SqlParameters::of_products(report_filter, "g.id"));
    let sql = format!("SELECT {} FROM product g WHERE g.tenant_id = $1{conditions}", GroupedRow::SELECT);
    if conditions.is_empty() {
        let mut groups_by_product = HashMap::new();
        let add = |row: GroupedRow| {
            let (product, groups) = grouped(row);
            groups_by_product.insert(product, groups);
            product.uuid()
        };
        for_each_page(reads, &sql, &bound.values, "g.id", add).await?;
        return Ok(groups_by_product);
    }
    let rows = reads.records::<GroupedRow>(&sql, bound.values).await?;
    Ok(rows.into_iter().map(grouped).collect())
}
