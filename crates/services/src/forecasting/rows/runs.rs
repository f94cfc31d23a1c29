//! Runs and their series.

use std::collections::BTreeMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{forecast_pool, forecast_run, forecast_series},
};
use forecast::{class::Class, intervals::SumPools, panel::LastClass};
use platform::storage::{Bulk, Fault, Finds, Global, ROWS_PER_PAGE, Reads, Row, Rows, SUSPENDED, Work};
use sea_orm::Value;

use crate::forecasting::core::{StoredDayErrors, StoredSeries, class_of};

/// Maximum series of one read.
const MAX_SERIES_PER_READ: i64 = 4_000;

/// A run without its series.
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(of = forecast_run, alias = "r")]
pub struct StoredRun {
    pub first_week: i32,
    pub made_at: Timestamp,
    pub seq: i64,
    pub weeks: i32,
    pub series: i64,
    pub choices: String,
    pub factors: String,
}

#[derive(Record)]
#[record(of = forecast_series, alias = "s")]
pub(super) struct SeriesRow {
    first_week: i32,
    product_id: ProductId,
    store_id: StoreId,
    class: DemandClass,
    status: ForecastStatus,
    body: String,
}

/// The forecast of a product in a store, or in all stores.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredForecast {
    pub first_week: i32,
    pub product: ProductId,
    /// Nil for all stores together.
    pub store: StoreId,
    pub class: DemandClass,
    pub status: ForecastStatus,
    pub body: StoredSeries,
}

impl StoredForecast {
    /// Whether the forecast is scored. A dormant product, long out of stock, is shown with its last
    /// forecast, which is not scored.
    pub fn is_scored(&self) -> bool {
        self.status != ForecastStatus::Dormant
    }
}

impl TryFrom<SeriesRow> for StoredForecast {
    type Error = Fault;
    fn try_from(row: SeriesRow) -> Result<Self, Fault> {
        let SeriesRow { first_week, product_id, store_id, class, status, body } = row;
        let body =
            serde_json::from_str(&body).map_err(|_| Fault::corrupt("forecast_series", "its body is that of a forecast"))?;
        Ok(Self { first_week, product: product_id, store: store_id, class, status, body })
    }
}

/// Number of a run's series of a product.
#[derive(Record)]
struct CountRow {
    #[record(of = forecast_series, alias = "s")]
    product_id: ProductId,
    #[record(sql = "count(*)")]
    series: i64,
}

#[derive(Record)]
#[record(of = forecast_series, alias = "s")]
struct ClassRow {
    product_id: ProductId,
    store_id: StoreId,
    class: DemandClass,
    computed_class: DemandClass,
}

/// A run, and the last event that it includes.
#[derive(Record)]
#[record(of = forecast_run, alias = "r")]
struct RunSeq {
    first_week: i32,
    seq: i64,
}

#[derive(Record)]
#[record(of = forecast_run, alias = "r")]
struct ChoicesRow {
    choices: String,
}

#[derive(Record)]
#[record(of = forecast_pool, alias = "p")]
struct PoolRow {
    method: i32,
    body: String,
}

/// Reads the newest run; `None` before the first. It is the one with the highest `seq`, since each
/// run writes an event: a run of a later week can be older, by a clock that was ahead.
pub async fn last_run(reads: &impl Reads) -> Result<Option<StoredRun>, Fault> {
    let sql = format!(
        "SELECT {} FROM forecast_run r WHERE r.tenant_id = $1 ORDER BY r.seq DESC, r.first_week DESC LIMIT 1",
        StoredRun::SELECT
    );
    Ok(reads.records::<StoredRun>(&sql, vec![]).await?.pop())
}

/// The last run of a week before this one.
pub async fn run_before(reads: &impl Reads, first_week: i32) -> Result<Option<StoredRun>, Fault> {
    let sql = format!(
        "SELECT {} FROM forecast_run r WHERE r.tenant_id = $1 AND r.first_week < $2 ORDER BY r.first_week DESC LIMIT 1",
        StoredRun::SELECT
    );
    Ok(reads.records::<StoredRun>(&sql, vec![first_week.into()]).await?.pop())
}

/// Reads the first weeks of all runs up to one, each with the last event that the run includes.
pub async fn runs_until(reads: &impl Reads, first_week: i32) -> Result<Vec<(i32, i64)>, Fault> {
    let sql = format!("SELECT {} FROM forecast_run r WHERE r.tenant_id = $1 AND r.first_week <= $2", RunSeq::SELECT);
    let rows = reads.records::<RunSeq>(&sql, vec![first_week.into()]).await?;
    Ok(rows.into_iter().map(|row| (row.first_week, row.seq)).collect())
}

/// The first weeks of all runs since one, oldest first.
pub async fn run_weeks(reads: &impl Reads, since: i32) -> Result<Vec<i32>, Fault> {
    let sql = "SELECT r.first_week FROM forecast_run r WHERE r.tenant_id = $1 AND r.first_week >= $2 ORDER BY r.first_week";
    reads.rows(sql, vec![since.into()]).await?.iter().map(Row::scalar).collect()
}

/// The methods of all runs since one, with the errors of the weeks that they scored, as JSON; oldest first.
pub async fn choices(reads: &impl Reads, since: i32) -> Result<Vec<String>, Fault> {
    let sql = format!(
        "SELECT {} FROM forecast_run r WHERE r.tenant_id = $1 AND r.first_week >= $2 ORDER BY r.first_week",
        ChoicesRow::SELECT
    );
    let rows = reads.records::<ChoicesRow>(&sql, vec![since.into()]).await?;
    Ok(rows.into_iter().map(|row| row.choices).collect())
}

/// Reads the errors of days of a run; empty for a run of an earlier version.
pub async fn day_errors(reads: &impl Reads, first_week: i32) -> Result<StoredDayErrors, Fault> {
    let sql = format!("SELECT {} FROM forecast_run r WHERE r.tenant_id = $1 AND r.first_week = $2", ChoicesRow::SELECT);
    let choices_row = reads.records::<ChoicesRow>(&sql, vec![first_week.into()]).await?.pop();
    let Some(ChoicesRow { choices }) = choices_row else { return Ok(StoredDayErrors::default()) };
    StoredDayErrors::parse_choices(&choices).ok_or_else(|| Fault::corrupt("forecast_run", "its choices are those of a run"))
}

/// The classes that a run assigned and computed for these products, by product and store.
pub async fn classes(
    reads: &impl Reads,
    first_week: i32,
    products: &[ProductId],
) -> Result<BTreeMap<(ProductId, StoreId), LastClass>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM forecast_series s WHERE s.tenant_id = $1 AND s.first_week = $2 AND {}",
        ClassRow::SELECT,
        backend.in_ids("s.product_id", 3)
    );
    let class_of_word = |word: DemandClass| Class::ALL.into_iter().find(|class| class_of(*class) == word).unwrap_or(Class::New);
    let last = |row: ClassRow| {
        let last = LastClass { assigned: class_of_word(row.class), computed: class_of_word(row.computed_class) };
        ((row.product_id, row.store_id), last)
    };
    let mut classes_by_level = BTreeMap::new();
    for part in products.chunks(ROWS_PER_PAGE) {
        let values: Vec<Value> = vec![first_week.into(), backend.ids(part.iter().copied())];
        classes_by_level.extend(reads.records::<ClassRow>(&sql, values).await?.into_iter().map(last));
    }
    Ok(classes_by_level)
}

/// Splits the products of a run into parts, whose series are read one part after the other: the
/// bodies of all would take too much memory. A product is in one part with all its stores.
pub async fn parts_of_run(reads: &impl Reads, first_week: i32) -> Result<Vec<Vec<ProductId>>, Fault> {
    let sql = format!(
        "SELECT {} FROM forecast_series s WHERE s.tenant_id = $1 AND s.first_week = $2 GROUP BY s.product_id ORDER BY s.product_id",
        CountRow::SELECT
    );
    let counts = reads.records::<CountRow>(&sql, vec![first_week.into()]).await?;
    Ok(parts(counts.into_iter().map(|row| (row.product_id, row.series)), MAX_SERIES_PER_READ))
}

/// Splits products, in order, into parts of at most `max_size` series. A product that has more is a
/// part of its own.
fn parts(counts: impl Iterator<Item = (ProductId, i64)>, max_size: i64) -> Vec<Vec<ProductId>> {
    let (mut product_parts, mut size): (Vec<Vec<ProductId>>, i64) = (Vec::new(), 0);
    for (product, series) in counts {
        if let Some(part) = product_parts.last_mut().filter(|_| size + series <= max_size) {
            part.push(product);
            size += series;
        } else {
            product_parts.push(vec![product]);
            size = series;
        }
    }
    product_parts
}

/// A run's series of products, in single stores and in all together.
pub async fn all_series_of_products(
    reads: &impl Reads,
    first_week: i32,
    products: &[ProductId],
) -> Result<Vec<StoredForecast>, Fault> {
    let backend = reads.backend();
    let condition = format!("s.first_week = $2 AND {}", backend.in_ids("s.product_id", 3));
    series(reads, &condition, vec![first_week.into(), backend.ids(products.iter().copied())]).await
}

/// A run's series of products, each in one store.
pub async fn series_of_levels(
    reads: &impl Reads,
    first_week: i32,
    levels: &[(ProductId, StoreId)],
) -> Result<Vec<StoredForecast>, Fault> {
    let (pairs, pair_values) = reads.backend().pairs(levels, 3);
    let condition = format!("s.first_week = $2 AND (s.product_id, s.store_id) IN (SELECT k.a, k.b FROM {pairs})");
    let mut values: Vec<Value> = vec![first_week.into()];
    values.extend(pair_values);
    series(reads, &condition, values).await
}

/// A run's series of products in single stores.
pub async fn series_of_products(
    reads: &impl Reads,
    first_week: i32,
    products: &[ProductId],
) -> Result<Vec<StoredForecast>, Fault> {
    let backend = reads.backend();
    let condition = format!("s.first_week = $2 AND {} AND s.store_id <> $4", backend.in_ids("s.product_id", 3));
    let values: Vec<Value> = vec![first_week.into(), backend.ids(products.iter().copied()), StoreId::NIL.into()];
    series(reads, &condition, values).await
}

/// Reads the errors of sums over weeks, of each method of a run. Empty for a run of an earlier
/// version, which did not store them.
pub async fn pools(reads: &impl Reads, first_week: i32) -> Result<BTreeMap<u16, SumPools>, Fault> {
    let sql =
        format!("SELECT {} FROM forecast_pool p WHERE p.tenant_id = $1 AND p.first_week = $2 ORDER BY p.method", PoolRow::SELECT);
    let mut pools_by_method = BTreeMap::new();
    for PoolRow { method, body } in reads.records::<PoolRow>(&sql, vec![first_week.into()]).await? {
        let corrupt = || Fault::corrupt("forecast_pool", "its body is a list of errors for each length");
        let statistics: Vec<Vec<f32>> = serde_json::from_str(&body).map_err(|_| corrupt())?;
        pools_by_method.insert(u16::try_from(method).map_err(|_| corrupt())?, SumPools::from_order_statistics(statistics));
    }
    Ok(pools_by_method)
}

/// Reads the products that have a series in a run and store, by ID.
pub async fn products_of_run(reads: &impl Reads, first_week: i32, store: StoreId) -> Result<Vec<ProductId>, Fault> {
    let sql = "SELECT s.product_id FROM forecast_series s WHERE s.tenant_id = $1 AND s.first_week = $2 AND s.store_id = $3
        ORDER BY s.product_id";
    reads.rows(sql, vec![first_week.into(), store.into()]).await?.iter().map(Row::scalar).collect()
}

/// The series of a product in a store (nil: all stores), of all runs since one, oldest first.
pub async fn series_of_runs(
    reads: &impl Reads,
    product: ProductId,
    store: StoreId,
    since: i32,
) -> Result<Vec<StoredForecast>, Fault> {
    let condition = "s.first_week IN (SELECT r.first_week FROM forecast_run r WHERE r.tenant_id = $1 AND r.first_week >= $2)
        AND s.product_id = $3 AND s.store_id = $4";
    series(reads, condition, vec![since.into(), product.into(), store.into()]).await
}

async fn series(reads: &impl Reads, condition: &str, values: Vec<Value>) -> Result<Vec<StoredForecast>, Fault> {
    let sql = format!(
        "SELECT {} FROM forecast_series s WHERE s.tenant_id = $1 AND {condition} ORDER BY s.first_week",
        SeriesRow::SELECT
    );
    reads.records::<SeriesRow>(&sql, values).await?.into_iter().map(TryInto::try_into).collect()
}

pub async fn insert_run(work: &Work, run: forecast_run::Model) -> Result<(), Fault> {
    work.insert::<forecast_run::Entity>(run).await
}

pub async fn insert_pools(work: &Work, pools: Vec<forecast_pool::Model>) -> Result<(), Fault> {
    let mut rows = Rows::<forecast_pool::Model>::insert(work.tenant());
    pools.into_iter().for_each(|row| rows.push(row));
    work.write(Bulk::from(rows)).await
}

pub async fn insert_series(work: &Work, series: Vec<forecast_series::Model>) -> Result<(), Fault> {
    let mut rows = Rows::<forecast_series::Model>::insert(work.tenant());
    series.into_iter().for_each(|row| rows.push(row));
    work.write(Bulk::from(rows)).await
}

/// Removes runs from before a week.
pub async fn remove_runs_before(work: &Work, before: i32) -> Result<(), Fault> {
    remove(work, "first_week < $2", before).await
}

/// Removes the run of a week.
pub async fn remove_run(work: &Work, first_week: i32) -> Result<(), Fault> {
    remove(work, "first_week = $2", first_week).await
}

async fn remove(work: &Work, condition: &str, week: i32) -> Result<(), Fault> {
    for table in ["forecast_series", "forecast_sum", "forecast_pool", "forecast_run"] {
        let sql = format!("DELETE FROM {table} WHERE tenant_id = $1 AND {condition}");
        work.execute(&sql, vec![week.into()]).await?;
    }
    Ok(())
}

/// Tenants that have demand facts.
pub async fn tenants_with_facts(global: &Global) -> Result<Vec<TenantId>, Fault> {
    let sql = format!(
        "SELECT b.tenant_id FROM demand_book b WHERE b.is_current AND b.row_count > 0 AND b.tenant_id NOT IN {SUSPENDED} ORDER BY b.tenant_id"
    );
    global.rows(&sql, vec![]).await?.iter().map(Row::scalar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_read_in_parts_of_whole_products() {
        let product = |n: u128| ProductId::from_uuid(uuid::Uuid::from_u128(n));
        let of = |counts: &[i64]| {
            let found = parts((1..).map(product).zip(counts.iter().copied()), 10);
            let numbers = found.iter().map(|part| part.iter().map(|one| one.uuid().as_u128()).collect::<Vec<_>>());
            numbers.collect::<Vec<_>>()
        };
        assert_eq!(of(&[4, 6, 1, 2]), [vec![1, 2], vec![3, 4]], "ten are not too many");
        assert_eq!(of(&[4, 7, 3, 1]), [vec![1], vec![2, 3], vec![4]]);
        assert_eq!(of(&[21, 1, 30]), [vec![1], vec![2], vec![3]], "what has more than that is read by itself");
        assert!(of(&[]).is_empty());
    }
}
