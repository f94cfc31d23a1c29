//! Sums of forecasts, and what they and the days of a week are made of.

use std::collections::BTreeMap;

use entity::{prelude::*, tables::forecast_sum};
use platform::storage::{Bulk, Fault, Reads, Row, Rows, Work};
use sea_orm::Value;

use super::facts::{CURRENT, WANTED};
use crate::forecasting::core::{OpenDays, StoredSum, SumKey, WeekDays};

/// Categories above a product at most: a guard against a circle.
const MOST_LEVELS: usize = 64;

/// Units wanted on each day of the week that begins on a Monday: one row for each product and store that has any.
pub async fn week_days(reads: &impl Reads, monday: i32) -> Result<Vec<WeekDays>, Fault> {
    // Day 0 was a Thursday.
    let day =
        |weekday: i32| format!("CAST(sum(CASE WHEN (d.business_date + 3) % 7 = {weekday} THEN {WANTED} ELSE 0 END) AS bigint)");
    let days: Vec<String> = (0..7).map(day).collect();
    let sql = format!(
        "SELECT d.product_id, d.store_id, {} FROM demand_day d
         WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND d.business_date >= $2 AND d.business_date < $3
         GROUP BY d.product_id, d.store_id",
        days.join(", ")
    );
    let read = |row| {
        let mut row = Row::new(row);
        let (product, store) = (row.take()?, row.take()?);
        let mut units = [0; 7];
        for units in &mut units {
            *units = row.take()?;
        }
        Ok(WeekDays { product, store, units })
    };
    reads.rows(&sql, vec![monday.into(), (monday + 7).into()]).await?.iter().map(read).collect()
}

/// The first day on which each store sold anything on each weekday, of days from `since` and before `until`.
pub async fn open_weekdays(reads: &impl Reads, since: i32, until: i32) -> Result<OpenDays, Fault> {
    let sql = format!(
        "SELECT d.store_id, CAST((d.business_date + 3) % 7 AS bigint), min(d.business_date) FROM demand_day d
         WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND d.business_date >= $2 AND d.business_date < $3 AND d.ordered_units > 0
         GROUP BY d.store_id, (d.business_date + 3) % 7"
    );
    let read = |row| {
        let mut row = Row::new(row);
        let (store, weekday): (StoreId, i64) = (row.take()?, row.take()?);
        Ok(((store, usize::try_from(weekday).unwrap_or_default()), row.take()?))
    };
    reads.rows(&sql, vec![since.into(), until.into()]).await?.iter().map(read).collect()
}

/// The category of each product that has one, and all categories above it.
pub async fn categories(reads: &impl Reads) -> Result<BTreeMap<ProductId, Vec<CategoryId>>, Fault> {
    categories_where(reads, "", vec![]).await
}

/// The category of a product, and all categories above it; empty where it has none.
pub async fn categories_of(reads: &impl Reads, product: ProductId) -> Result<Vec<CategoryId>, Fault> {
    Ok(categories_where(reads, " AND p.id = $2", vec![product.into()]).await?.remove(&product).unwrap_or_default())
}

async fn categories_where(
    reads: &impl Reads,
    only: &str,
    values: Vec<Value>,
) -> Result<BTreeMap<ProductId, Vec<CategoryId>>, Fault> {
    let mut parents: BTreeMap<CategoryId, Option<CategoryId>> = BTreeMap::new();
    for row in &reads.rows("SELECT c.id, c.parent_id FROM category c WHERE c.tenant_id = $1", vec![]).await? {
        let mut row = Row::new(row);
        let (id, parent): (CategoryId, Option<CategoryId>) = (row.take()?, row.take()?);
        parents.insert(id, parent);
    }
    let up = |category: CategoryId| {
        let above = std::iter::successors(Some(category), |below| parents.get(below).copied().flatten());
        above.take(MOST_LEVELS).collect::<Vec<_>>()
    };
    let mut found = BTreeMap::new();
    let sql = format!("SELECT p.id, p.category_id FROM product p WHERE p.tenant_id = $1 AND p.category_id IS NOT NULL{only}");
    for row in &reads.rows(&sql, values).await? {
        let mut row = Row::new(row);
        let (product, category): (ProductId, CategoryId) = (row.take()?, row.take()?);
        found.insert(product, up(category));
    }
    Ok(found)
}

/// The sum of a run; None where nothing of it was ever ordered, and in runs of earlier versions.
pub async fn sum(reads: &impl Reads, first_week: i32, (category, store): SumKey) -> Result<Option<StoredSum>, Fault> {
    let sql = "SELECT s.body FROM forecast_sum s WHERE s.tenant_id = $1 AND s.first_week = $2 AND s.category_id = $3 AND s.store_id = $4";
    let found = reads.rows(sql, vec![first_week.into(), category.into(), store.into()]).await?;
    let Some(row) = found.first() else { return Ok(None) };
    let body: String = Row::new(row).take()?;
    serde_json::from_str(&body).map(Some).map_err(|_| Fault::corrupt("forecast_sum", "its body is that of a sum"))
}

pub async fn insert_sums(work: &Work, sums: Vec<forecast_sum::Model>) -> Result<(), Fault> {
    let mut rows = Rows::<forecast_sum::Model>::insert(work.tenant());
    sums.into_iter().for_each(|row| rows.push(row));
    work.write(Bulk::from(rows)).await
}
