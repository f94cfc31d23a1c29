//! Rows of days and weeks, read and written by their keys.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::{
    prelude::*,
    record::{Record, Selected, TableRecord},
    tables::{demand_day, demand_gone, demand_week, order_line, sales_order},
};
use platform::storage::{Backend, Bulk, Fault, Finds, Reads, Row, Rows, Work};
use sea_orm::{Value, sea_query::ArrayType};
use uuid::Uuid;

use super::day_parts::{AdjustedDay, OrderedDay, StockOfDay, insert_days};
use crate::demand::core::DayKey;

pub type Day = demand_day::Model;
pub type Week = demand_week::Model;

#[derive(Record)]
#[record(of = demand_day)]
struct DeletedDay {
    generation: i64,
    business_date: i32,
    product_id: ProductId,
    store_id: StoreId,
    channel_id: ChannelId,
    currency: String,
}

/// Key to delete from `demand_gone`: its row exists again.
#[derive(Record)]
#[record(of = demand_gone)]
struct RestoredDay {
    generation: i64,
    business_date: i32,
    product_id: ProductId,
    store_id: StoreId,
    channel_id: ChannelId,
    currency: String,
}

impl RestoredDay {
    fn of(row: &Day) -> Self {
        Self {
            generation: row.generation,
            business_date: row.business_date,
            product_id: row.product_id,
            store_id: row.store_id,
            channel_id: row.channel_id,
            currency: row.currency.clone(),
        }
    }
}

fn tombstone_at(row: &Day, revised_seq: i64) -> demand_gone::Model {
    demand_gone::Model {
        tenant_id: row.tenant_id,
        generation: row.generation,
        business_date: row.business_date,
        product_id: row.product_id,
        store_id: row.store_id,
        channel_id: row.channel_id,
        currency: row.currency.clone(),
        revised_seq,
    }
}

#[derive(Record)]
#[record(of = demand_week)]
struct DeletedWeek {
    generation: i64,
    week_date: i32,
    product_id: ProductId,
    store_id: StoreId,
}

#[derive(Record)]
struct LargestRow {
    #[record(of = order_line, alias = "l", not_null)]
    product_id: ProductId,
    #[record(of = sales_order, alias = "o")]
    channel_id: ChannelId,
    #[record(of = sales_order, alias = "o")]
    currency: String,
    #[record(sql = "max(l.quantity - l.cancelled)")]
    largest: i64,
}

/// Keys that one statement looks up. A row has thirty-five values, and takes some 5 kB while it is
/// read.
const KEYS_PER_QUERY: usize = 1_000;

/// Returns the rows of the keys' days, products, stores and channels, in all currencies; the rows
/// of the keys are among them.
pub async fn days(
    reads: &impl Reads,
    generation: i64,
    keys: impl Iterator<Item = &DayKey>,
) -> Result<HashMap<DayKey, Day>, Fault> {
    let keys = keys.map(|key| (key.date, [key.product.uuid(), key.store.uuid(), key.channel.uuid()]));
    let match_condition = "d.business_date = k.day AND d.product_id = k.id1 AND d.store_id = k.id2 AND d.channel_id = k.id3";
    let rows: Vec<Day> = of_keys(reads, generation, keys.collect(), match_condition).await?;
    Ok(rows.into_iter().map(|row| (key_of(&row), row)).collect())
}

/// Returns the weeks of these keys.
pub async fn weeks(
    reads: &impl Reads,
    generation: i64,
    keys: impl Iterator<Item = &(i32, ProductId, StoreId)>,
) -> Result<HashMap<(i32, ProductId, StoreId), Week>, Fault> {
    let keys = keys.map(|(week, product, store)| (*week, [product.uuid(), store.uuid()]));
    let match_condition = "d.week_date = k.day AND d.product_id = k.id1 AND d.store_id = k.id2";
    let rows: Vec<Week> = of_keys(reads, generation, keys.collect(), match_condition).await?;
    Ok(rows.into_iter().map(|row| ((row.week_date, row.product_id, row.store_id), row)).collect())
}

/// Returns the rows of a generation whose `match_condition` columns equal those of a key. Keys are looked up
/// one by one: the product of days and levels would have many more rows if few of them belong to
/// old days.
async fn of_keys<R: TableRecord + Send, const N: usize>(
    reads: &impl Reads,
    generation: i64,
    keys: BTreeSet<(i32, [Uuid; N])>,
    match_condition: &str,
) -> Result<Vec<R>, Fault> {
    let keys: Vec<_> = keys.into_iter().collect();
    let mut records = Vec::new();
    for chunk in keys.chunks(KEYS_PER_QUERY) {
        let (table, key_values) = keys_table(reads.backend(), chunk);
        let sql = format!(
            "SELECT {} FROM {table} CROSS JOIN {} d WHERE d.tenant_id = $1 AND d.generation = $2 AND {match_condition}",
            R::select("d"),
            R::TABLE,
        );
        let values = std::iter::once(generation.into()).chain(key_values).collect();
        for row in &reads.rows(&sql, values).await? {
            records.push(Row::new(row).record()?);
        }
    }
    Ok(records)
}

/// A table `k (day, id1, id2 …)` of keys, whose values are parameters from $3 on.
fn keys_table<const N: usize>(backend: Backend, keys: &[(i32, [Uuid; N])]) -> (String, Vec<Value>) {
    match backend {
        Backend::Postgres => {
            let array = |array_type, values| Value::Array(array_type, Some(Box::new(values)));
            let days = keys.iter().map(|(day, _)| Value::from(*day)).collect();
            let ids = (0..N).map(|n| array(ArrayType::Uuid, keys.iter().map(|(_, ids)| Value::from(ids[n])).collect()));
            let values = std::iter::once(array(ArrayType::Int, days)).chain(ids).collect();
            let arrays = (0..N).map(|n| format!(", ${}::uuid[]", n + 4)).collect::<Vec<_>>().concat();
            let names = (1..=N).map(|n| format!(", id{n}")).collect::<Vec<_>>().concat();
            (format!("unnest($3::integer[]{arrays}) AS k(day{names})"), values)
        }
        Backend::Sqlite => {
            // One text for each key, 32 hex digits for each ID and then the day: cheaper to parse
            // than nested JSON.
            let text = |(day, ids): &(i32, [Uuid; N])| {
                let ids: String = ids.iter().map(|id| id.simple().to_string()).collect();
                format!("{ids}{day}")
            };
            let texts: serde_json::Value = keys.iter().map(text).collect();
            let id = |n: usize| format!(", unhex(substr(value, {}, 32)) AS id{}", 32 * n + 1, n + 1);
            let ids = (0..N).map(id).collect::<Vec<_>>().concat();
            let day = format!("CAST(substr(value, {}) AS integer) AS day", 32 * N + 1);
            (format!("(SELECT {day}{ids} FROM json_each($3)) AS k"), vec![Value::from(texts.to_string())])
        }
    }
}

fn key_of(row: &Day) -> DayKey {
    DayKey {
        date: row.business_date,
        product: row.product_id,
        store: row.store_id,
        channel: row.channel_id,
        currency: Currency::parse(&row.currency),
    }
}

/// A day before and after a page; None if it has no row.
pub struct DayChange {
    pub before: Option<Day>,
    pub after: Option<Day>,
    /// The event that changed it.
    pub seq: i64,
}

/// Days whose values are in memory at once while they are written.
const DAYS_PER_WRITE: usize = 2_000;

/// Writes days in the order of their keys. The key of a deleted row is kept until a row with that
/// key exists again, because readers that copy revisions need the deletions.
pub async fn write_days(work: &Work, generation: i64, days: Vec<DayChange>) -> Result<(), Fault> {
    let may_be_forgotten = has_tombstones(work, generation).await?;
    let mut days = days.into_iter().peekable();
    while days.peek().is_some() {
        write_day_chunk(work, may_be_forgotten, days.by_ref().take(DAYS_PER_WRITE)).await?;
    }
    Ok(())
}

async fn write_day_chunk(work: &Work, may_be_forgotten: bool, days: impl Iterator<Item = DayChange> + Send) -> Result<(), Fault> {
    let tenant = work.tenant();
    let (mut new_days, mut changed_days, mut deleted_days) =
        (Vec::new(), Rows::<Day>::update(tenant), Rows::<DeletedDay>::delete(tenant));
    let (mut adjusted_days, mut stock_days) = (Rows::<AdjustedDay>::update(tenant), Rows::<StockOfDay>::update(tenant));
    let mut ordered_days = Rows::<OrderedDay>::update(tenant);
    let (mut tombstones, mut dropped_tombstones) =
        (Rows::<demand_gone::Model>::insert(tenant), Rows::<RestoredDay>::delete(tenant));
    for DayChange { before, after, seq } in days {
        match (before, after) {
            (Some(before), Some(row)) => {
                if let Some(change) = AdjustedDay::diff(&before, &row) {
                    adjusted_days.push(change);
                } else if let Some(change) = StockOfDay::diff(&before, &row) {
                    stock_days.push(change);
                } else if let Some(change) = OrderedDay::diff(&before, &row) {
                    ordered_days.push(change);
                } else {
                    changed_days.push(row);
                }
            }
            (None, Some(row)) => {
                if may_be_forgotten {
                    dropped_tombstones.push(RestoredDay::of(&row));
                }
                new_days.push(row);
            }
            (Some(row), None) => {
                if may_be_forgotten {
                    dropped_tombstones.push(RestoredDay::of(&row));
                }
                tombstones.push(tombstone_at(&row, seq));
                deleted_days.push(DeletedDay {
                    generation: row.generation,
                    business_date: row.business_date,
                    product_id: row.product_id,
                    store_id: row.store_id,
                    channel_id: row.channel_id,
                    currency: row.currency,
                });
            }
            (None, None) => {}
        }
    }
    work.write(dropped_tombstones.into()).await?;
    insert_days(work, new_days).await?;
    write_all(
        work,
        [
            changed_days.into(),
            adjusted_days.into(),
            stock_days.into(),
            ordered_days.into(),
            deleted_days.into(),
            tombstones.into(),
        ],
    )
    .await
}

/// Whether any row of the generation has ever gone: seldom.
async fn has_tombstones(reads: &impl Reads, generation: i64) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM demand_gone WHERE tenant_id = $1 AND generation = $2 LIMIT 1";
    Ok(!reads.rows(sql, vec![generation.into()]).await?.is_empty())
}

/// Writes weeks: inserts, updates and deletes their rows.
pub async fn write_weeks(work: &Work, weeks: Vec<(Option<Week>, Option<Week>)>) -> Result<(), Fault> {
    let tenant = work.tenant();
    let (mut new_weeks, mut changed_weeks) = (Rows::<Week>::insert(tenant), Rows::<Week>::update(tenant));
    let mut deleted_weeks = Rows::<DeletedWeek>::delete(tenant);
    for (before, after) in weeks {
        match (before, after) {
            (Some(_), Some(row)) => changed_weeks.push(row),
            (None, Some(row)) => new_weeks.push(row),
            (Some(Week { generation, week_date, product_id, store_id, .. }), None) => {
                deleted_weeks.push(DeletedWeek { generation, week_date, product_id, store_id });
            }
            (None, None) => {}
        }
    }
    write_all(work, [new_weeks.into(), changed_weeks.into(), deleted_weeks.into()]).await
}

async fn write_all<const N: usize>(work: &Work, bulks: [Bulk; N]) -> Result<(), Fault> {
    for bulk in bulks {
        work.write(bulk).await?;
    }
    Ok(())
}

/// Microseconds of a day.
pub(super) const DAY: i64 = 86_400_000_000;

/// Returns the largest line of each key by the current documents; a key without one is left out.
/// One statement for each store and day: only cancelled lines need it.
pub async fn largest_lines(reads: &impl Reads, keys: &[DayKey]) -> Result<HashMap<DayKey, i64>, Fault> {
    let mut places: BTreeMap<(StoreId, i32), BTreeSet<ProductId>> = BTreeMap::new();
    for key in keys {
        places.entry((key.store, key.date)).or_default().insert(key.product);
    }
    let backend = reads.backend();
    // A business day of any time zone lies within a day before and two after its midnight in UTC.
    let sql = format!(
        "SELECT {select} FROM sales_order o CROSS JOIN order_line l
         WHERE o.tenant_id = $1 AND o.store_id = $2 AND o.business_date = $3 AND o.placed_at >= $4 AND o.placed_at < $5
           AND o.status IN ('CONFIRMED', 'PARTIALLY_FULFILLED', 'FULFILLED', 'CLOSED')
           AND l.tenant_id = $1 AND l.order_id = o.id AND {of} AND l.quantity > l.cancelled
         GROUP BY l.product_id, o.channel_id, o.currency",
        select = LargestRow::SELECT,
        of = backend.in_ids("l.product_id", 6)
    );
    let mut largest = HashMap::new();
    for ((store, date), products) in places {
        let midnight = i64::from(date) * DAY;
        let values: [Value; 4] = [store.into(), date.into(), (midnight - DAY).into(), (midnight + 2 * DAY).into()];
        let values = values.into_iter().chain([backend.ids(products)]).collect();
        for row in reads.records::<LargestRow>(&sql, values).await? {
            let (product, channel, currency) = (row.product_id, row.channel_id, Currency::parse(&row.currency));
            largest.insert(DayKey { date, product, store, channel, currency }, row.largest);
        }
    }
    Ok(largest)
}
