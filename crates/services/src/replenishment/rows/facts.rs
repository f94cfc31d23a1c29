//! Input of plans: the catalogue, levels, owed units, units under way and in drafts, a year of
//! demand, and deliveries. Each is one statement over the tenant or over a chunk of products, never
//! one for each product.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{liquidation_line, product, stock_level, supplier},
};
use inventory::{
    catalog::core::calendar::SupplierCalendar, purchasing::rows::delivery_days,
    stock::rows::expected_arrivals::all_backorders_sql,
};
use platform::storage::{Fault, Finds, Reads, Row};

use crate::{demand::rows::CURRENT, forecasting::core::Turnover, replenishment::core::LevelState};

/// Days for which nothing is ordered again that a plan of liquidation has cleared: its horizon.
const CLEARED_DAYS: i32 = 182;

/// Units of a product in a store.
pub type StoreUnits = HashMap<(ProductId, StoreId), i64>;

/// Orders that are written and not ordered: their goods are in no level's figures yet.
const UNORDERED_STATUSES: &str = "('DRAFT', 'PENDING_APPROVAL', 'APPROVED')";

/// Facts of a product that is bought and stocked.
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(of = product, alias = "p")]
pub struct ProductFacts {
    pub id: ProductId,
    pub unit_decimals: i32,
    pub price_minor: Option<i64>,
    pub price_currency: Option<String>,
    pub cost_minor: Option<i64>,
    pub cost_currency: Option<String>,
}

#[derive(Record)]
struct LevelRow {
    #[record(of = stock_level, alias = "l")]
    product_id: ProductId,
    #[record(of = stock_level, alias = "l")]
    store_id: StoreId,
    #[record(sql = "l.on_hand - l.unavailable - l.reserved")]
    available: i64,
    #[record(of = stock_level, alias = "l")]
    incoming: Quantity,
    #[record(of = stock_level, alias = "l")]
    in_transit: Quantity,
    #[record(of = stock_level, alias = "l")]
    safety_stock: Quantity,
    #[record(of = stock_level, alias = "l")]
    reorder_point: Option<Quantity>,
    #[record(of = stock_level, alias = "l")]
    maximum: Option<Quantity>,
}

#[derive(Record)]
#[record(of = liquidation_line, alias = "l")]
struct LiquidatedRow {
    product_id: ProductId,
    store_id: StoreId,
}

#[derive(Record)]
struct UnitsRow {
    #[record(sql = "w.product_id")]
    product: ProductId,
    #[record(sql = "w.store_id")]
    store: StoreId,
    #[record(sql = "CAST(sum(w.quantity) AS bigint)")]
    units: i64,
}

#[derive(Record)]
struct YearRow {
    #[record(sql = "d.product_id")]
    product: ProductId,
    #[record(sql = "d.store_id")]
    store: StoreId,
    #[record(sql = "CAST(sum(d.ordered_units - d.cancelled_units - d.taken_back_units) AS bigint)")]
    units: i64,
    #[record(sql = "CAST(sum(CAST(d.ordered_units - d.cancelled_units - d.taken_back_units AS double precision)
            * CAST(d.ordered_units - d.cancelled_units - d.taken_back_units AS double precision)) AS double precision)")]
    squares: f64,
}

#[derive(Record)]
#[record(of = supplier, alias = "s")]
struct SupplierRow {
    id: SupplierId,
    lead_time_days: Option<i32>,
    minimum_order_minor: Option<i64>,
    minimum_order_currency: Option<String>,
    calendar: Option<String>,
}

/// Stated delivery terms of a supplier, and its measured lead times.
#[derive(Debug, Clone, PartialEq)]
pub struct SupplierFacts {
    pub lead_time_days: Option<i32>,
    /// Minimum value of the goods of an order.
    pub minimum_order: Option<Money>,
    pub calendar: SupplierCalendar,
    /// Days that each of its newest deliveries took.
    pub days: Vec<f64>,
}

impl From<SupplierRow> for SupplierFacts {
    fn from(row: SupplierRow) -> Self {
        let currency = row.minimum_order_currency.as_deref().and_then(Currency::parse);
        let minimum_order = row.minimum_order_minor.zip(currency).map(|(minor, currency)| Money::new(minor, currency));
        let calendar = SupplierCalendar::read(row.calendar.as_deref());
        Self { lead_time_days: row.lead_time_days, minimum_order, calendar, days: Vec::new() }
    }
}

/// The next products that are bought and tracked: active, without kits. By ID, after `after`.
pub async fn catalogue(reads: &impl Reads, after: ProductId, limit: usize) -> Result<Vec<ProductFacts>, Fault> {
    let sql = format!(
        "SELECT {} FROM product p WHERE p.tenant_id = $1 AND p.id > $2 AND p.status = 'ACTIVE' AND p.stock_policy <> 'UNTRACKED' AND p.is_kit = 0
         ORDER BY p.id LIMIT {limit}",
        ProductFacts::SELECT
    );
    reads.records(&sql, vec![after.into()]).await
}

/// Stores that are not archived.
pub async fn stores(reads: &impl Reads) -> Result<BTreeSet<StoreId>, Fault> {
    let sql = "SELECT s.id FROM store s WHERE s.tenant_id = $1 AND s.archived_at IS NULL";
    reads.rows(sql, vec![]).await?.iter().map(Row::scalar).collect()
}

/// Current levels of products; owed, drafted and forecast units are added by the caller.
pub async fn levels(reads: &impl Reads, products: &[ProductId]) -> Result<BTreeMap<ProductId, Vec<LevelState>>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM stock_level l WHERE l.tenant_id = $1 AND {} ORDER BY l.product_id, l.store_id",
        LevelRow::SELECT,
        backend.in_ids("l.product_id", 2)
    );
    let mut levels_by_product: BTreeMap<ProductId, Vec<LevelState>> = BTreeMap::new();
    for row in reads.records::<LevelRow>(&sql, vec![backend.ids(products.iter().copied())]).await? {
        levels_by_product.entry(row.product_id).or_default().push(LevelState {
            available: row.available,
            incoming: row.incoming.get(),
            in_transit: row.in_transit.get(),
            safety_stock: row.safety_stock.get(),
            reorder_point: row.reorder_point.map(Quantity::get),
            maximum: row.maximum.map(Quantity::get),
            ..LevelState::empty(row.store_id)
        });
    }
    Ok(levels_by_product)
}

async fn units(reads: &impl Reads, from: &str) -> Result<StoreUnits, Fault> {
    let sql = format!("SELECT {} FROM {from} w GROUP BY w.product_id, w.store_id", UnitsRow::SELECT);
    let rows = reads.records::<UnitsRow>(&sql, vec![]).await?;
    Ok(rows.into_iter().map(|row| ((row.product, row.store), row.units)).collect())
}

/// Returns the units that open orders are owed beyond stock; for kits, the units of their parts.
pub async fn backordered_units(reads: &impl Reads) -> Result<StoreUnits, Fault> {
    units(reads, &all_backorders_sql(reads.backend())).await
}

/// Returns the units that drafts of purchase orders and transfers will bring, once they are ordered
/// or sent.
pub async fn drafted_units(reads: &impl Reads) -> Result<StoreUnits, Fault> {
    let from = format!(
        "(SELECT l.product_id, o.store_id, l.quantity FROM purchase_order o
          JOIN purchase_order_line l ON l.tenant_id = $1 AND l.purchase_order_id = o.id
          WHERE o.tenant_id = $1 AND o.status IN {UNORDERED_STATUSES}
          UNION ALL SELECT l.product_id, t.to_store_id AS store_id, l.quantity FROM transfer t
          JOIN transfer_line l ON l.tenant_id = $1 AND l.transfer_id = t.id
          WHERE t.tenant_id = $1 AND t.status IN ('DRAFT', 'READY'))"
    );
    units(reads, &from).await
}

/// Returns the units that drafts of transfers will take away: transfers that are READY have
/// reserved theirs already.
pub async fn outgoing_draft_units(reads: &impl Reads) -> Result<StoreUnits, Fault> {
    let from = "(SELECT l.product_id, t.from_store_id AS store_id, l.quantity FROM transfer t
          JOIN transfer_line l ON l.tenant_id = $1 AND l.transfer_id = t.id WHERE t.tenant_id = $1 AND t.status = 'DRAFT')";
    units(reads, from).await
}

/// Returns the levels that an approved plan clears: until the last day of a line that sells them off, and for `CLEARED_DAYS` after one has returned, moved
/// or removed their units.
pub async fn liquidated_levels(reads: &impl Reads, today: i32) -> Result<HashSet<(ProductId, StoreId)>, Fault> {
    let sql = format!(
        "SELECT DISTINCT {} FROM liquidation_line l WHERE l.tenant_id = $1
           AND (l.state IN ('CLAIMED', 'APPROVED') AND l.until_date >= $2
             OR l.state IN ('APPROVED', 'DONE') AND l.action IN ('RETURN', 'TRANSFER', 'WRITE_OFF') AND l.approved_date > $3)",
        LiquidatedRow::SELECT
    );
    let values = vec![today.into(), today.saturating_sub(CLEARED_DAYS).into()];
    let rows = reads.records::<LiquidatedRow>(&sql, values).await?;
    Ok(rows.into_iter().map(|row| (row.product_id, row.store_id)).collect())
}

/// Units of weeks from one day on and before another, and the sum of each week's square. Revenue is left 0.
pub async fn turnovers(
    reads: &impl Reads,
    (since, until): (i32, i32),
) -> Result<BTreeMap<(StoreId, ProductId), Turnover>, Fault> {
    let sql = format!(
        "SELECT {} FROM demand_week d WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND d.week_date >= $2 AND d.week_date < $3
         GROUP BY d.product_id, d.store_id",
        YearRow::SELECT
    );
    let rows = reads.records::<YearRow>(&sql, vec![since.into(), until.into()]).await?;
    let turnover = |row: YearRow| ((row.store, row.product), Turnover { units: row.units, squares: row.squares, revenue: 0 });
    Ok(rows.into_iter().map(turnover).collect())
}

/// Returns the terms of each supplier, and the days that each of its newest deliveries ordered
/// since a time took; with those of suppliers that were merged into it.
pub async fn suppliers(reads: &impl Reads, since: Timestamp) -> Result<HashMap<SupplierId, SupplierFacts>, Fault> {
    let sql = format!("SELECT {} FROM supplier s WHERE s.tenant_id = $1", SupplierRow::SELECT);
    let rows = reads.records::<SupplierRow>(&sql, vec![]).await?;
    let mut facts_by_supplier: HashMap<SupplierId, SupplierFacts> = rows.into_iter().map(|row| (row.id, row.into())).collect();
    for (supplier, days) in delivery_days(reads, since).await? {
        if let Some(facts) = facts_by_supplier.get_mut(&supplier) {
            facts.days = days;
        }
    }
    Ok(facts_by_supplier)
}
