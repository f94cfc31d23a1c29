//! Sums of forecasts, and the facts of days that they are computed from.

use std::collections::BTreeMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{category, demand_day, forecast_sum, product},
};
use platform::storage::{
    Bulk, Fault, Finds, ROWS_PER_PAGE, Reads, Rows, Work,
    packed::{self, PackedIds, PackedNumbers},
};

use super::facts::NET_DEMAND;
use crate::{
    demand::rows::CURRENT,
    forecasting::core::{OpenDays, StoredSum, SumKey, WeekDays},
};

/// Maximum categories above a product: a guard against a cycle.
const MAX_LEVELS: usize = 64;

/// Demand of a product on the days of a week, in each store that has any: a row for each level
/// would take many times the memory of the stored form.
#[derive(Record)]
struct WeekRow {
    #[record(of = demand_day, alias = "d")]
    product_id: ProductId,
    #[record(sql = "{stores}")]
    stores: PackedIds,
    #[record(sql = "{monday}")]
    monday: PackedNumbers,
    #[record(sql = "{tuesday}")]
    tuesday: PackedNumbers,
    #[record(sql = "{wednesday}")]
    wednesday: PackedNumbers,
    #[record(sql = "{thursday}")]
    thursday: PackedNumbers,
    #[record(sql = "{friday}")]
    friday: PackedNumbers,
    #[record(sql = "{saturday}")]
    saturday: PackedNumbers,
    #[record(sql = "{sunday}")]
    sunday: PackedNumbers,
}

/// The days of a week. Day 0 was a Thursday, and Monday is the first.
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The first day on which a store sold anything on a weekday; Monday is 0.
#[derive(Record)]
struct OpenRow {
    #[record(of = demand_day, alias = "d")]
    store_id: StoreId,
    #[record(sql = "CAST((d.business_date + 3) % 7 AS bigint)")]
    weekday: i64,
    #[record(sql = "min(d.business_date)")]
    first: i32,
}

#[derive(Record)]
#[record(of = category, alias = "c")]
struct CategoryRow {
    id: CategoryId,
    parent_id: Option<CategoryId>,
}

#[derive(Record)]
#[record(of = product, alias = "p")]
struct ProductRow {
    id: ProductId,
    #[record(not_null)]
    category_id: CategoryId,
}

#[derive(Record)]
#[record(of = forecast_sum, alias = "s")]
struct SumRow {
    body: String,
}

/// Reads the demand on each day of the week that begins on a Monday: one row for each product and
/// store that has any.
pub async fn week_days(reads: &impl Reads, monday: i32) -> Result<Vec<WeekDays>, Fault> {
    let backend = reads.backend();
    let sum = |(nth, name): (usize, &&str)| {
        format!("CAST(sum(CASE WHEN (d.business_date + 3) % 7 = {nth} THEN {NET_DEMAND} ELSE 0 END) AS bigint) AS {name}")
    };
    let column =
        |select: String, name: &&str| select.replace(&format!("{{{name}}}"), &packed::numbers(backend, &format!("d.{name}")));
    let sql = format!(
        "SELECT {select} FROM (
           SELECT d.product_id, d.store_id, {sums} FROM demand_day d
           WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND d.business_date >= $2 AND d.business_date < $3
           GROUP BY d.product_id, d.store_id) d
         GROUP BY d.product_id",
        select = WEEKDAYS.iter().fold(WeekRow::SELECT.replace("{stores}", &packed::ids(backend, "d.store_id")), column),
        sums = WEEKDAYS.iter().enumerate().map(sum).collect::<Vec<_>>().join(", ")
    );
    let mut weeks = Vec::new();
    for row in reads.records::<WeekRow>(&sql, vec![monday.into(), (monday + 7).into()]).await? {
        let days = [&row.monday, &row.tuesday, &row.wednesday, &row.thursday, &row.friday, &row.saturday, &row.sunday];
        packed::each_line("demand_day", &row.stores, days, |store, units| {
            weeks.push(WeekDays { product: row.product_id, store: StoreId::from_uuid(store), units });
        })?;
    }
    Ok(weeks)
}

/// The first day on which each store sold anything on each weekday, of days from `since` and before `until`.
pub async fn open_weekdays(reads: &impl Reads, since: i32, until: i32) -> Result<OpenDays, Fault> {
    let sql = format!(
        "SELECT {} FROM demand_day d
         WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND d.business_date >= $2 AND d.business_date < $3 AND d.ordered_units > 0
         GROUP BY d.store_id, (d.business_date + 3) % 7",
        OpenRow::SELECT
    );
    let rows = reads.records::<OpenRow>(&sql, vec![since.into(), until.into()]).await?;
    let first = |row: OpenRow| ((row.store_id, usize::try_from(row.weekday).unwrap_or_default()), row.first);
    Ok(rows.into_iter().map(first).collect())
}

/// Reads the category of a product, and all categories above it; empty if it has none.
pub async fn categories_of(reads: &impl Reads, product: ProductId) -> Result<Vec<CategoryId>, Fault> {
    Ok(categories(reads, &[product]).await?.remove(&product).unwrap_or_default())
}

/// The category of each of these products that has one, and all categories above it.
pub async fn categories(reads: &impl Reads, products: &[ProductId]) -> Result<BTreeMap<ProductId, Vec<CategoryId>>, Fault> {
    let sql = format!("SELECT {} FROM category c WHERE c.tenant_id = $1", CategoryRow::SELECT);
    let rows = reads.records::<CategoryRow>(&sql, vec![]).await?;
    let parents: BTreeMap<CategoryId, Option<CategoryId>> = rows.into_iter().map(|row| (row.id, row.parent_id)).collect();
    let parent_of = |category: CategoryId| {
        let above = std::iter::successors(Some(category), |below| parents.get(below).copied().flatten());
        above.take(MAX_LEVELS).collect::<Vec<_>>()
    };
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM product p WHERE p.tenant_id = $1 AND p.category_id IS NOT NULL AND {}",
        ProductRow::SELECT,
        backend.in_ids("p.id", 2)
    );
    let mut ancestors_by_product = BTreeMap::new();
    for part in products.chunks(ROWS_PER_PAGE) {
        let rows = reads.records::<ProductRow>(&sql, vec![backend.ids(part.iter().copied())]).await?;
        ancestors_by_product.extend(rows.into_iter().map(|row| (row.id, parent_of(row.category_id))));
    }
    Ok(ancestors_by_product)
}

/// Reads the sum of a run; `None` if nothing of it was ever ordered, and in runs of earlier
/// versions.
pub async fn sum(reads: &impl Reads, first_week: i32, (category, store): SumKey) -> Result<Option<StoredSum>, Fault> {
    let sql = format!(
        "SELECT {} FROM forecast_sum s WHERE s.tenant_id = $1 AND s.first_week = $2 AND s.category_id = $3 AND s.store_id = $4",
        SumRow::SELECT
    );
    let sum_row = reads.records::<SumRow>(&sql, vec![first_week.into(), category.into(), store.into()]).await?.pop();
    let Some(SumRow { body }) = sum_row else { return Ok(None) };
    serde_json::from_str(&body).map(Some).map_err(|_| Fault::corrupt("forecast_sum", "its body is that of a sum"))
}

pub async fn insert_sums(work: &Work, sums: Vec<forecast_sum::Model>) -> Result<(), Fault> {
    let mut rows = Rows::<forecast_sum::Model>::insert(work.tenant());
    sums.into_iter().for_each(|row| rows.push(row));
    work.write(Bulk::from(rows)).await
}
