//! Rows of days and weeks, read and written by their keys.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::{
    prelude::*,
    record::{Record, Selected, TableRecord},
    tables::{demand_day, demand_gone, demand_week, order_line, sales_order},
};
use platform::storage::{Backend, Bulk, Fault, Finds, Reads, Row, Rows, Work};
use sea_orm::Value;

use crate::demand::core::DayKey;

pub type Day = demand_day::Model;
pub type Week = demand_week::Model;

#[derive(Record)]
#[record(of = demand_day)]
struct DayGone {
    generation: i64,
    business_date: i32,
    product_id: ProductId,
    store_id: StoreId,
    channel_id: ChannelId,
    currency: String,
}

/// A key that is not said to be gone any more.
#[derive(Record)]
#[record(of = demand_gone)]
struct Forgotten {
    generation: i64,
    business_date: i32,
    product_id: ProductId,
    store_id: StoreId,
    channel_id: ChannelId,
    currency: String,
}

impl Forgotten {
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

fn gone_at(row: &Day, revised_seq: i64) -> demand_gone::Model {
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
struct WeekGone {
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

/// The rows of these days, channels, products and stores, among them those of the keys.
pub async fn days(
    reads: &impl Reads,
    generation: i64,
    keys: impl Iterator<Item = &DayKey>,
) -> Result<HashMap<DayKey, Day>, Fault> {
    let mut channels = BTreeSet::new();
    let keys = keys.map(|key| {
        channels.insert(key.channel);
        (key.date, (key.product, key.store))
    });
    let (dates, levels) = keys.unzip();
    let backend = reads.backend();
    let of_channels = (format!(" AND {}", backend.in_ids("d.channel_id", 4)), vec![backend.ids(channels)]);
    let rows: Vec<Day> = of_days(reads, "d.business_date", generation, (dates, levels), of_channels).await?;
    Ok(rows.into_iter().map(|row| (key_of(&row), row)).collect())
}

/// The same of weeks.
pub async fn weeks(
    reads: &impl Reads,
    generation: i64,
    keys: impl Iterator<Item = &(i32, ProductId, StoreId)>,
) -> Result<HashMap<(i32, ProductId, StoreId), Week>, Fault> {
    let keys = keys.map(|(week, product, store)| (*week, (*product, *store)));
    let (dates, levels) = keys.unzip();
    let rows: Vec<Week> = of_days(reads, "d.week_date", generation, (dates, levels), (String::new(), Vec::new())).await?;
    Ok(rows.into_iter().map(|row| ((row.week_date, row.product_id, row.store_id), row)).collect())
}

async fn of_days<R: TableRecord + Send>(
    reads: &impl Reads,
    day: &str,
    generation: i64,
    (dates, levels): (BTreeSet<i32>, Vec<(ProductId, StoreId)>),
    (besides, given_besides): (String, Vec<Value>),
) -> Result<Vec<R>, Fault> {
    if dates.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let (k, of_levels) = backend.pairs(&levels, 4 + given_besides.len());
    // Days first, then levels, each by the key: SQLite would go through all products of a day for a few of them.
    let (given, of_day) = match backend {
        Backend::Sqlite => ("(SELECT value AS day FROM json_each($3)) x CROSS JOIN ", format!("{day} = x.day")),
        Backend::Postgres => ("", backend.in_numbers(day, 3)),
    };
    let sql = format!(
        "SELECT {} FROM {given}{k} CROSS JOIN {} d
         WHERE d.tenant_id = $1 AND d.generation = $2 AND {of_day} AND d.product_id = k.a AND d.store_id = k.b{besides}",
        R::select("d"),
        R::TABLE,
    );
    let mut values = vec![generation.into(), backend.numbers(dates.into_iter().map(i64::from))];
    values.extend(given_besides);
    values.extend(of_levels);
    reads.rows(&sql, values).await?.iter().map(|row| Row::new(row).record()).collect()
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

/// A day before and after a page; None where it has no row.
pub struct DayChange {
    pub before: Option<Day>,
    pub after: Option<Day>,
    /// The event that changed it.
    pub seq: i64,
}

/// Writes days in the order of their keys. The key of a row that goes is kept, until there is one of that key again: whoever copies what is revised
/// has to know.
pub async fn write_days(work: &Work, days: Vec<DayChange>) -> Result<(), Fault> {
    let tenant = work.tenant();
    let (mut new, mut changed, mut gone) =
        (Rows::<Day>::insert(tenant), Rows::<Day>::update(tenant), Rows::<DayGone>::delete(tenant));
    let (mut kept, mut forgotten) = (Rows::<demand_gone::Model>::insert(tenant), Rows::<Forgotten>::delete(tenant));
    for DayChange { before, after, seq } in days {
        match (before, after) {
            (Some(_), Some(row)) => changed.push(row),
            (None, Some(row)) => {
                forgotten.push(Forgotten::of(&row));
                new.push(row);
            }
            (Some(row), None) => {
                forgotten.push(Forgotten::of(&row));
                kept.push(gone_at(&row, seq));
                gone.push(DayGone {
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
    write_all(work, [forgotten.into(), new.into(), changed.into(), gone.into(), kept.into()]).await
}

/// The same of weeks.
pub async fn write_weeks(work: &Work, weeks: Vec<(Option<Week>, Option<Week>)>) -> Result<(), Fault> {
    let tenant = work.tenant();
    let (mut new, mut changed) = (Rows::<Week>::insert(tenant), Rows::<Week>::update(tenant));
    let mut gone = Rows::<WeekGone>::delete(tenant);
    for (before, after) in weeks {
        match (before, after) {
            (Some(_), Some(row)) => changed.push(row),
            (None, Some(row)) => new.push(row),
            (Some(Week { generation, week_date, product_id, store_id, .. }), None) => {
                gone.push(WeekGone { generation, week_date, product_id, store_id });
            }
            (None, None) => {}
        }
    }
    write_all(work, [new.into(), changed.into(), gone.into()]).await
}

async fn write_all<const N: usize>(work: &Work, bulks: [Bulk; N]) -> Result<(), Fault> {
    for bulk in bulks {
        work.write(bulk).await?;
    }
    Ok(())
}

const DAY: i64 = 86_400_000_000;

/// The largest line of each key as documents stand; a key without one is left out. One statement a store and day: only a cancelled line asks for it.
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
