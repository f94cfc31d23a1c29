//! Units of days by kind of movement, from demand facts. Movements that are posted to the ledger
//! without a document are rows without a currency.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{anomaly_book, demand_day, store},
};
use platform::storage::{Fault, Finds, Reads, Row};
use sea_orm::Value;

use super::lines::largest_lines;
use crate::{
    anomalies::core::{HISTORY_DAYS, Series, SeriesDay, SeriesKey, whole_units},
    demand::rows::CURRENT,
};

/// Maximum lines from which the tenant's size is computed: the newest days' largest ones.
const MAX_LINES: u32 = 100_000;

/// A store, and its last judged day.
#[derive(Debug, Clone, PartialEq, Eq, Record)]
pub struct JudgedStore {
    #[record(of = store, alias = "s")]
    pub id: StoreId,
    #[record(of = store, alias = "s")]
    pub time_zone: String,
    #[record(of = store, alias = "s")]
    pub anomaly_limits: String,
    #[record(of = anomaly_book, alias = "b", column = "business_date", outer)]
    pub judged: Option<i32>,
}

/// The most units that a product had on a day, by kind.
#[derive(Record)]
struct DayMaximumRow {
    #[record(sql = "g.product_id")]
    product_id: ProductId,
    #[record(sql = "g.store_id")]
    store_id: StoreId,
    #[record(sql = "g.unit_decimals")]
    decimals: i32,
    #[record(sql = "g.cost_minor")]
    cost: Option<i64>,
    #[record(sql = "g.cost_currency")]
    currency: Option<String>,
    #[record(sql = "CAST(max(g.sale) AS bigint)")]
    sale: i64,
    #[record(sql = "CAST(max(g.back) AS bigint)")]
    back: i64,
    #[record(sql = "CAST(max(g.adjusted_in) AS bigint)")]
    adjusted_in: i64,
    #[record(sql = "CAST(max(g.adjusted_out) AS bigint)")]
    adjusted_out: i64,
    #[record(sql = "CAST(max(g.removed) AS bigint)")]
    removed: i64,
}

impl DayMaximumRow {
    const fn of(&self, kind: AnomalyKind) -> i64 {
        match kind {
            AnomalyKind::Sale => self.sale,
            AnomalyKind::Return => self.back,
            AnomalyKind::AdjustIn => self.adjusted_in,
            AnomalyKind::AdjustOut => self.adjusted_out,
            AnomalyKind::Removal => self.removed,
            // Patterns have no days that are judged.
            AnomalyKind::BelowCost
            | AnomalyKind::Reversals
            | AnomalyKind::CountsShort
            | AnomalyKind::Duplicate
            | AnomalyKind::Unmoved
            | AnomalyKind::ReceivedTwice => 0,
        }
    }
}

/// Returns the SQL of the units of a day's row.
const fn units(kind: AnomalyKind) -> &'static str {
    match kind {
        AnomalyKind::Sale => "d.ordered_units - d.cancelled_units + CASE WHEN d.currency = '' THEN d.shipped_units ELSE 0 END",
        AnomalyKind::Return => "d.returned_units + CASE WHEN d.currency = '' THEN d.restocked_units ELSE 0 END",
        AnomalyKind::AdjustIn => "d.adjusted_in_units",
        AnomalyKind::AdjustOut => "d.adjusted_out_units",
        AnomalyKind::Removal => "d.removed_units",
        AnomalyKind::BelowCost
        | AnomalyKind::Reversals
        | AnomalyKind::CountsShort
        | AnomalyKind::Duplicate
        | AnomalyKind::Unmoved
        | AnomalyKind::ReceivedTwice => "0",
    }
}

/// All stores of the tenant.
pub async fn stores(reads: &impl Reads) -> Result<Vec<JudgedStore>, Fault> {
    let sql = format!(
        "SELECT {} FROM store s LEFT JOIN anomaly_book b ON b.tenant_id = $1 AND b.store_id = s.id WHERE s.tenant_id = $1 ORDER BY s.id",
        JudgedStore::SELECT
    );
    reads.records(&sql, vec![]).await
}

/// A series that may have an anomalous day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    pub key: SeriesKey,
    /// Decimals of the product's unit.
    pub decimals: i32,
    /// Cost of a whole unit in the catalogue.
    pub cost: Option<Money>,
}

/// Returns an amount, if its currency is known.
pub(super) fn money(minor: Option<i64>, currency: Option<&str>) -> Option<Money> {
    Some(Money::new(minor?, Currency::parse(currency?)?))
}

/// Reads the series of these stores that have a day in the span with at least a number of whole
/// units: no other day can be anomalous.
pub async fn candidates(
    reads: &impl Reads,
    stores: &[StoreId],
    (from, to): (i32, i32),
    min_units: f64,
) -> Result<Vec<Candidate>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM (SELECT d.product_id, d.store_id, p.unit_decimals, p.cost_minor, p.cost_currency, sum({sale}) AS sale, sum({back}) AS back,
           sum({adjusted_in}) AS adjusted_in, sum({adjusted_out}) AS adjusted_out, sum({removed}) AS removed
         FROM demand_day d JOIN product p ON p.tenant_id = $1 AND p.id = d.product_id
         WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND d.business_date >= $2 AND d.business_date <= $3 AND {of_stores}
         GROUP BY d.product_id, d.store_id, p.unit_decimals, p.cost_minor, p.cost_currency, d.business_date) g
         GROUP BY g.product_id, g.store_id, g.unit_decimals, g.cost_minor, g.cost_currency ORDER BY g.store_id, g.product_id",
        select = DayMaximumRow::SELECT,
        sale = units(AnomalyKind::Sale),
        back = units(AnomalyKind::Return),
        adjusted_in = units(AnomalyKind::AdjustIn),
        adjusted_out = units(AnomalyKind::AdjustOut),
        removed = units(AnomalyKind::Removal),
        of_stores = backend.in_ids("d.store_id", 4)
    );
    let values: Vec<Value> = vec![from.into(), to.into(), backend.ids(stores.iter().copied())];
    let rows = reads.records::<DayMaximumRow>(&sql, values).await?;
    let candidates_of = |row: &DayMaximumRow| {
        let kinds: Vec<AnomalyKind> =
            AnomalyKind::ALL.iter().copied().filter(|kind| whole_units(row.of(*kind), row.decimals) >= min_units).collect();
        let (product, store, decimals) = (row.product_id, row.store_id, row.decimals);
        let cost = money(row.cost, row.currency.as_deref());
        kinds.into_iter().map(move |kind| Candidate { key: SeriesKey { store, product, kind }, decimals, cost })
    };
    Ok(rows.iter().flat_map(candidates_of).collect())
}

/// An active day of a series.
#[derive(Record)]
struct DayRow {
    #[record(of = demand_day, alias = "d")]
    business_date: i32,
    #[record(sql = "CAST(sum({units}) AS bigint)")]
    units: i64,
    #[record(sql = "CAST({line} AS bigint)")]
    largest_line: i64,
}

impl From<DayRow> for SeriesDay {
    fn from(row: DayRow) -> Self {
        Self { date: row.business_date, units: row.units, largest_line: row.largest_line }
    }
}

/// The last active days of a series up to a day, each with its largest line.
pub async fn series(reads: &impl Reads, candidate: Candidate, to: i32) -> Result<Series, Fault> {
    let Candidate { key, decimals, cost } = candidate;
    // Facts have the largest line of orders alone.
    let line = if key.kind == AnomalyKind::Sale { "max(d.max_line_units)" } else { "0" };
    let sql = format!(
        "SELECT {select} FROM demand_day d
         WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND d.product_id = $2 AND d.store_id = $3 AND d.business_date <= $4
         GROUP BY d.business_date HAVING sum({units}) > 0 ORDER BY d.business_date DESC LIMIT {HISTORY_DAYS}",
        select = DayRow::SELECT.replace("{units}", units(key.kind)).replace("{line}", line),
        units = units(key.kind)
    );
    let values: Vec<Value> = vec![key.product.into(), key.store.into(), to.into()];
    let rows = reads.records::<DayRow>(&sql, values).await?;
    let mut days: Vec<SeriesDay> = rows.into_iter().rev().map(Into::into).collect();
    if let Some(first) = days.first().map(|day| day.date) {
        let lines = largest_lines(reads, key, (first, to)).await?;
        for day in &mut days {
            day.largest_line = lines.get(&day.date).copied().unwrap_or_default().max(day.largest_line);
        }
    }
    Ok(Series { key, decimals, cost, days })
}

/// Returns the 99th percentile, by nearest rank, of the largest sold lines of a product, store,
/// channel and day, from one day on, in whole units. `None` without such a line.
pub async fn p99_line_units(reads: &impl Reads, from: i32) -> Result<Option<f64>, Fault> {
    // Days are read from the end of the key, so that only rows which count are read.
    let sql = format!(
        "SELECT w.units FROM (SELECT l.units, row_number() OVER (ORDER BY l.units) AS nth, count(*) OVER () AS lines
           FROM (SELECT CAST(n.max_line_units AS double precision) / CAST('1e' || p.unit_decimals AS double precision) AS units
             FROM (SELECT d.product_id, d.max_line_units FROM demand_day d
               WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND d.business_date >= $2 AND d.max_line_units > 0
               ORDER BY d.business_date DESC, d.product_id DESC, d.store_id DESC, d.channel_id DESC, d.currency DESC LIMIT {MAX_LINES}) n
             JOIN product p ON p.tenant_id = $1 AND p.id = n.product_id) l) w
         WHERE w.nth = (w.lines * 99 + 99) / 100"
    );
    reads.rows(&sql, vec![from.into()]).await?.first().map(Row::scalar).transpose()
}
