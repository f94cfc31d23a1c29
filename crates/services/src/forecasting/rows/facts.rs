//! Input of forecasts: weeks of demand, days in stock, and facts of products.

use std::collections::{BTreeMap, HashMap};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{demand_day, demand_week, order_line, product, sales_order, stock_level},
};
use platform::storage::{
    Fault, Finds, ROWS_PER_PAGE, Reads, Row,
    packed::{self, PackedIds, PackedNumbers},
};
use sea_orm::Value;
use uuid::Uuid;

use crate::{
    demand::{
        core::Span,
        rows::{CURRENT, SpanRow, by_level, spans_within, weeks_by_level},
    },
    forecasting::core::{LevelDay, LevelFacts, UnitCost},
};

type Levels = BTreeMap<(ProductId, StoreId), LevelFacts>;

/// SQL of the demand: a return that was matched with its order is subtracted.
pub(super) const NET_DEMAND: &str = "d.ordered_units - d.cancelled_units - d.taken_back_units";

#[derive(Record)]
struct WeekRow {
    #[record(of = demand_week, alias = "d")]
    product_id: ProductId,
    #[record(of = demand_week, alias = "d")]
    store_id: StoreId,
    #[record(of = demand_week, alias = "d")]
    week_date: i32,
    #[record(sql = "d.ordered_units - d.cancelled_units - d.taken_back_units")]
    units: i64,
}

/// Demand for a product in a week, in each store that has any: a row for each level would take many
/// times the memory.
#[derive(Record)]
struct ProductWeekRow {
    #[record(of = demand_week, alias = "d")]
    product_id: ProductId,
    #[record(of = demand_week, alias = "d")]
    week_date: i32,
    #[record(sql = "{stores}")]
    stores: PackedIds,
    #[record(sql = "{units}")]
    units: PackedNumbers,
}

#[derive(Record)]
struct ProductRow {
    #[record(of = product, alias = "p")]
    id: ProductId,
    #[record(of = product, alias = "p")]
    status: ProductStatus,
    #[record(of = product, alias = "p")]
    stock_policy: StockPolicy,
    #[record(of = product, alias = "p")]
    category_id: Option<CategoryId>,
}

#[derive(Record)]
#[record(of = stock_level, alias = "l")]
struct IncomingRow {
    product_id: ProductId,
    store_id: StoreId,
}

/// Units of a product in a store of orders that were recorded late.
#[derive(Record)]
struct LateRow {
    #[record(of = order_line, alias = "l", not_null)]
    product_id: ProductId,
    #[record(of = sales_order, alias = "o")]
    store_id: StoreId,
    #[record(sql = "CAST(sum(l.quantity - l.cancelled) AS bigint)")]
    units: i64,
}

/// A day, in microseconds.
const DAY: i64 = 86_400_000_000;
/// Delay, in microseconds, from which an order is recorded late: seven days.
const LATE_AFTER_MICROS: i64 = 7 * DAY;
/// Days whose weeks are read at once: three years of many products are millions of values, each of
/// which takes more memory than its stored form.
const DAYS_PER_READ: u16 = 7;

/// Reads the facts of all levels that ever had demand: weeks from `since` and before `until`.
pub async fn level_facts(reads: &impl Reads, since: i32, until: i32) -> Result<Levels, Fault> {
    let mut levels = Levels::new();
    let oldest = oldest_week(reads, (since, until)).await?.unwrap_or(until);
    each_level_week(reads, (oldest, until), |level, week, units| levels.entry(level).or_default().weeks.push((week, units)))
        .await?;
    let keys: Vec<(ProductId, StoreId)> = levels.keys().copied().collect();
    for part in keys.chunks(ROWS_PER_PAGE) {
        for (level, spans) in spans_within(reads, part, (i32::MIN, until - 1)).await? {
            levels.entry(level).or_default().spans = spans;
        }
    }
    add_products(reads, &mut levels).await?;
    add_late_units(reads, &mut levels, (since, until)).await?;
    Ok(levels)
}

/// Calls `take` with the demand of each level and week, the oldest week first: weeks from `since`
/// and before `until`.
pub(super) async fn each_level_week(
    reads: &impl Reads,
    (since, until): (i32, i32),
    mut take: impl FnMut((ProductId, StoreId), i32, i64),
) -> Result<(), Fault> {
    let backend = reads.backend();
    let select = ProductWeekRow::SELECT
        .replace("{stores}", &packed::ids(backend, "d.store_id"))
        .replace("{units}", &packed::numbers(backend, &format!("({NET_DEMAND})")));
    let sql = format!(
        "SELECT {select} FROM demand_week d WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND d.week_date >= $2 AND d.week_date < $3
         GROUP BY d.week_date, d.product_id ORDER BY d.week_date"
    );
    for from in (since..until).step_by(DAYS_PER_READ.into()) {
        let to = (from + i32::from(DAYS_PER_READ)).min(until);
        for row in reads.records::<ProductWeekRow>(&sql, vec![from.into(), to.into()]).await? {
            packed::each_line("demand_week", &row.stores, [&row.units], |store, [units]| {
                take((row.product_id, StoreId::from_uuid(store)), row.week_date, units);
            })?;
        }
    }
    Ok(())
}

/// Adds the fields of products, and marks levels with incoming units. Products that never had
/// demand are not read: in a large catalogue they are most.
async fn add_products(reads: &impl Reads, levels: &mut Levels) -> Result<(), Fault> {
    let backend = reads.backend();
    let incoming = format!(
        "SELECT {} FROM stock_level l WHERE l.tenant_id = $1 AND {} AND l.incoming + l.in_transit > 0",
        IncomingRow::SELECT,
        backend.in_ids("l.product_id", 2)
    );
    let products = format!(
        "SELECT {} FROM product p WHERE p.tenant_id = $1 AND {} ORDER BY p.id",
        ProductRow::SELECT,
        backend.in_ids("p.id", 2)
    );
    let mut ids: Vec<ProductId> = levels.keys().map(|(product, _)| *product).collect();
    ids.dedup();
    let mut categories: HashMap<Option<CategoryId>, u32> = HashMap::new();
    let mut product_facts = HashMap::with_capacity(ids.len());
    for part in ids.chunks(ROWS_PER_PAGE) {
        let id_values = backend.ids(part.iter().copied());
        for IncomingRow { product_id, store_id } in reads.records::<IncomingRow>(&incoming, vec![id_values.clone()]).await? {
            if let Some(facts) = levels.get_mut(&(product_id, store_id)) {
                facts.has_incoming = true;
            }
        }
        for row in reads.records::<ProductRow>(&products, vec![id_values]).await? {
            let next = categories.len() as u32;
            let category = *categories.entry(row.category_id).or_insert(next);
            let (is_archived, is_backorderable) =
                (row.status == ProductStatus::Archived, row.stock_policy == StockPolicy::Backorder);
            product_facts.insert(row.id, (category, is_archived, is_backorderable));
        }
    }
    for ((product, _), facts) in levels {
        (facts.category, facts.is_archived, facts.is_backorderable) = product_facts.get(product).copied().unwrap_or_default();
    }
    Ok(())
}

/// The oldest week with facts, from `since` on and before `until`.
async fn oldest_week(reads: &impl Reads, (since, until): (i32, i32)) -> Result<Option<i32>, Fault> {
    let sql = format!(
        "SELECT min(d.week_date) FROM demand_week d
         WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND d.week_date >= $2 AND d.week_date < $3"
    );
    let week_rows = reads.rows(&sql, vec![since.into(), until.into()]).await?;
    Ok(week_rows.first().map(Row::scalar::<Option<i32>>).transpose()?.flatten())
}

/// Adds units of orders that were recorded late. Orders from before the tenant's creation are
/// imported history, and not late. Orders are read by `placed_at`; a business date is at most a day
/// from it.
async fn add_late_units(reads: &impl Reads, levels: &mut Levels, (since, until): (i32, i32)) -> Result<(), Fault> {
    let sql = format!(
        "SELECT {} FROM sales_order o JOIN order_line l ON l.tenant_id = $1 AND l.order_id = o.id
         WHERE o.tenant_id = $1
         AND o.placed_at >= (SELECT CASE WHEN t.created_at > $4 THEN t.created_at ELSE $4 END FROM tenant t WHERE t.id = $1)
         AND o.created_at - o.placed_at > {LATE_AFTER_MICROS} AND o.business_date >= $2 AND o.business_date < $3
         AND o.status IN ('CONFIRMED', 'PARTIALLY_FULFILLED', 'FULFILLED', 'CLOSED') AND l.product_id IS NOT NULL
         GROUP BY l.product_id, o.store_id",
        LateRow::SELECT
    );
    let placed_since = (i64::from(since) - 1) * DAY;
    for row in reads.records::<LateRow>(&sql, vec![since.into(), until.into(), placed_since.into()]).await? {
        if let Some(facts) = levels.get_mut(&(row.product_id, row.store_id)) {
            facts.late_units = row.units;
        }
    }
    Ok(())
}

/// Reads demand and days in stock of products in one store: weeks from `since` and before `until`.
/// Read by level, so that other levels cost nothing.
pub async fn store_facts(
    reads: &impl Reads,
    products: &[ProductId],
    store: StoreId,
    (since, until): (i32, i32),
) -> Result<Levels, Fault> {
    let (backend, mut levels) = (reads.backend(), Levels::new());
    let weeks = format!(
        "SELECT {} FROM demand_week d{} WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND {} AND {} AND d.store_id = $4
         ORDER BY d.week_date, d.product_id",
        WeekRow::SELECT,
        weeks_by_level(backend),
        backend.in_numbers("d.week_date", 2),
        backend.in_ids("d.product_id", 3)
    );
    let mondays = (since..until).step_by(7).map(i64::from);
    let values: Vec<Value> = vec![backend.numbers(mondays), backend.ids(products.iter().copied()), store.into()];
    for row in reads.records::<WeekRow>(&weeks, values).await? {
        levels.entry((row.product_id, row.store_id)).or_default().weeks.push((row.week_date, row.units));
    }
    let spans = format!(
        "SELECT {} FROM stock_span s WHERE s.tenant_id = $1 AND s.generation = {CURRENT} AND {} AND s.store_id = $3
         AND s.from_date < $4 ORDER BY s.product_id, s.from_date",
        SpanRow::SELECT,
        backend.in_ids("s.product_id", 2)
    );
    let values: Vec<Value> = vec![backend.ids(products.iter().copied()), store.into(), until.into()];
    for SpanRow { product_id, store_id, from_date, to_date, state } in reads.records::<SpanRow>(&spans, values).await? {
        if let Some(facts) = levels.get_mut(&(product_id, store_id)) {
            facts.spans.push(Span { from: from_date, to: to_date, state });
        }
    }
    let backorderable = format!(
        "SELECT p.id FROM product p WHERE p.tenant_id = $1 AND {} AND p.stock_policy = 'BACKORDER'",
        backend.in_ids("p.id", 2)
    );
    for row in &reads.rows(&backorderable, vec![backend.ids(products.iter().copied())]).await? {
        if let Some(facts) = levels.get_mut(&(Row::scalar(row)?, store)) {
            facts.is_backorderable = true;
        }
    }
    Ok(levels)
}

/// Whether the tenant has the product, and whether it has the store.
pub async fn exist_product_and_store(reads: &impl Reads, product: ProductId, store: StoreId) -> Result<(bool, bool), Fault> {
    let products = reads.rows("SELECT p.id FROM product p WHERE p.tenant_id = $1 AND p.id = $2", vec![product.into()]).await?;
    let stores = reads.rows("SELECT s.id FROM store s WHERE s.tenant_id = $1 AND s.id = $2", vec![store.into()]).await?;
    Ok((!products.is_empty(), !stores.is_empty()))
}

/// Change of a level's units on hand on a day.
#[derive(Record)]
struct DayRow {
    #[record(of = demand_day, alias = "d")]
    business_date: i32,
    #[record(sql = "CAST(sum(d.net_units) AS bigint)")]
    net: i64,
    #[record(sql = "CAST(sum(d.received_units + d.moved_in_units) AS bigint)")]
    received: i64,
}

#[derive(Record)]
#[record(of = product, alias = "p")]
struct CostRow {
    cost_minor: Option<i64>,
    cost_currency: Option<String>,
    unit_decimals: i32,
}

#[derive(Record)]
#[record(of = product, alias = "p")]
struct ProductCostRow {
    id: ProductId,
    cost_minor: Option<i64>,
    cost_currency: Option<String>,
    unit_decimals: i32,
}

/// Demand of a product on a day.
#[derive(Record)]
struct DemandDayRow {
    #[record(of = demand_day, alias = "d")]
    product_id: ProductId,
    #[record(of = demand_day, alias = "d")]
    business_date: i32,
    #[record(sql = "CAST(sum({wanted}) AS bigint)")]
    units: i64,
}

/// Demand of a product in a week.
#[derive(Record)]
struct DemandWeekRow {
    #[record(of = demand_week, alias = "d")]
    week_date: i32,
    #[record(sql = "CAST(sum({wanted}) AS bigint)")]
    units: i64,
}

/// Reads the changes of a product's units on hand in a store on each day before one, oldest first.
pub async fn level_days(reads: &impl Reads, product: ProductId, store: StoreId, until: i32) -> Result<Vec<LevelDay>, Fault> {
    let sql = format!(
        "SELECT {} FROM demand_day d{} WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND d.product_id = $2 AND d.store_id = $3
         AND d.business_date < $4 GROUP BY d.business_date ORDER BY d.business_date",
        DayRow::SELECT,
        by_level(reads.backend())
    );
    let rows = reads.records::<DayRow>(&sql, vec![product.into(), store.into(), until.into()]).await?;
    Ok(rows.into_iter().map(|row| LevelDay { day: row.business_date, net: row.net, received: row.received }).collect())
}

/// Reads the demand of products in a store by day, oldest first: days from `since` and before
/// `until`. Products without any are left out.
pub async fn demand_days(
    reads: &impl Reads,
    products: &[ProductId],
    store: StoreId,
    (since, until): (i32, i32),
) -> Result<BTreeMap<ProductId, Vec<(i32, i64)>>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM demand_day d{} WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND {} AND d.store_id = $3
         AND d.business_date >= $4 AND d.business_date < $5 GROUP BY d.product_id, d.business_date ORDER BY d.product_id, d.business_date",
        DemandDayRow::SELECT.replace("{wanted}", NET_DEMAND),
        by_level(backend),
        backend.in_ids("d.product_id", 2)
    );
    let values: Vec<Value> = vec![backend.ids(products.iter().copied()), store.into(), since.into(), until.into()];
    let mut days_by_product: BTreeMap<ProductId, Vec<(i32, i64)>> = BTreeMap::new();
    for DemandDayRow { product_id, business_date, units } in reads.records::<DemandDayRow>(&sql, values).await? {
        days_by_product.entry(product_id).or_default().push((business_date, units));
    }
    Ok(days_by_product)
}

/// Reads the catalogue cost of a product; `None` without one.
pub async fn unit_cost(reads: &impl Reads, product: ProductId) -> Result<Option<UnitCost>, Fault> {
    let sql = format!("SELECT {} FROM product p WHERE p.tenant_id = $1 AND p.id = $2", CostRow::SELECT);
    let Some(row) = reads.records::<CostRow>(&sql, vec![product.into()]).await?.pop() else { return Ok(None) };
    let currency = row.cost_currency.and_then(|code| Currency::parse(&code));
    let cost = row.cost_minor.zip(currency).map(|(minor, currency)| Money::new(minor, currency));
    Ok(cost.map(|cost| UnitCost { cost, decimals: row.unit_decimals }))
}

/// A product's catalogue cost of a whole unit, `None` without one, and the decimals of the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProductCost {
    pub product: ProductId,
    pub decimals: i32,
    pub cost: Option<Money>,
}

/// Reads the catalogue costs of products.
pub async fn product_costs(reads: &impl Reads, products: &[ProductId]) -> Result<Vec<ProductCost>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM product p WHERE p.tenant_id = $1 AND {} ORDER BY p.id",
        ProductCostRow::SELECT,
        backend.in_ids("p.id", 2)
    );
    let rows = reads.records::<ProductCostRow>(&sql, vec![backend.ids(products.iter().copied())]).await?;
    let cost = |row: &ProductCostRow| {
        let currency = row.cost_currency.as_deref().and_then(Currency::parse)?;
        Some(Money::new(row.cost_minor?, currency))
    };
    Ok(rows.iter().map(|row| ProductCost { product: row.id, decimals: row.unit_decimals, cost: cost(row) }).collect())
}

/// Reads the demand of a product by the Monday of its week, from one week on and before another;
/// without a store for these stores together, or for all.
pub async fn demand_weeks(
    reads: &impl Reads,
    product: ProductId,
    store: Option<StoreId>,
    (since, until): (i32, i32),
) -> Result<BTreeMap<i32, i64>, Fault> {
    let sql = format!(
        "SELECT {} FROM demand_week d{} WHERE d.tenant_id = $1 AND d.generation = {CURRENT}
         AND d.week_date >= $2 AND d.week_date < $3 AND d.product_id = $4 AND (d.store_id = $5 OR $6 = 1) GROUP BY d.week_date",
        DemandWeekRow::SELECT.replace("{wanted}", NET_DEMAND),
        weeks_by_level(reads.backend())
    );
    let store_id = store.map_or_else(Uuid::nil, StoreId::uuid);
    let values: Vec<Value> = vec![since.into(), until.into(), product.into(), store_id.into(), i64::from(store.is_none()).into()];
    let rows = reads.records::<DemandWeekRow>(&sql, values).await?;
    Ok(rows.into_iter().map(|row| (row.week_date, row.units)).collect())
}
