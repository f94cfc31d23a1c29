//! Inputs of suggestions: levels, sales, backorders and offers, each in one statement regardless of
//! their number.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::stock_level,
};
use platform::storage::{Fault, Finds, Reads, Row};
use sea_orm::Value;

use super::supply::default_suppliers_of;
use crate::{
    catalog::rows::local_days::LocalDays,
    purchasing::core::{StoreStock, Supply},
    stock::rows::expected_arrivals::all_backorders_sql,
};

#[derive(Record)]
struct LevelRow {
    #[record(of = stock_level, alias = "l")]
    product_id: ProductId,
    #[record(of = stock_level, alias = "l")]
    store_id: StoreId,
    #[record(sql = "l.on_hand - l.unavailable - l.reserved")]
    available: i64,
    #[record(alias = "l")]
    level: LevelFacts,
}

#[derive(Record)]
#[record(of = stock_level)]
struct LevelFacts {
    incoming: Quantity,
    in_transit: Quantity,
    safety_stock: Quantity,
    reorder_point: Option<Quantity>,
    maximum: Option<Quantity>,
}

#[derive(Record)]
struct SoldRow {
    #[record(sql = "d.product_id")]
    product: ProductId,
    #[record(sql = "d.store_id")]
    store: StoreId,
    #[record(sql = "CAST(sum(d.sold) AS double precision)")]
    sold: f64,
    #[record(sql = "CAST(sum(CAST(d.sold AS double precision) * CAST(d.sold AS double precision)) AS double precision)")]
    squares: f64,
}

#[derive(Record)]
struct BackorderRow {
    #[record(sql = "w.product_id")]
    product: ProductId,
    #[record(sql = "w.store_id")]
    store: StoreId,
    #[record(sql = "CAST(sum(w.quantity) AS bigint)")]
    owed: i64,
}

/// A product with its stock in stores and its supplier.
#[derive(Debug, Clone)]
pub struct ReplenishmentInput {
    pub product: ProductId,
    pub stock_by_store: Vec<StoreStock>,
    pub supplier: Option<SupplierId>,
    pub supply: Option<Supply>,
}

/// Stores and days of a plan. `visible_stores` are the stores that the caller may see, `planned` those that
/// suggestions are for; `None` is all.
#[derive(Debug, Clone, Copy)]
pub struct PlanScope<'a> {
    pub visible_stores: Option<&'a [StoreId]>,
    pub planned: Option<&'a [StoreId]>,
    pub today: &'a LocalDays,
    /// Number of local days before today whose sales count.
    pub days: i32,
}

type SalesSums = HashMap<(ProductId, StoreId), (f64, f64)>;

/// Returns the situation of every product that is stocked and active, in the order of their IDs.
pub async fn replenishment_inputs(reads: &impl Reads, scope: &PlanScope<'_>) -> Result<Vec<ReplenishmentInput>, Fault> {
    let (sold, backorder_units) = (load_sales(reads, scope).await?, load_backordered_units(reads, scope).await?);
    let mut stock_by_store = levels(reads, scope, &sold, &backorder_units).await?;
    add_stores_without_level(reads, scope, &backorder_units, &mut stock_by_store).await?;
    // No suggestions for a product that has no sales, backorders or reorder points.
    stock_by_store.retain(|_, stock_by_store| {
        stock_by_store.iter().any(|store_stock| {
            store_stock.is_asked && (store_stock.reorder_point.is_some() || store_stock.sold > 0.0 || store_stock.backordered > 0)
        })
    });
    let products: Vec<ProductId> = stock_by_store.keys().copied().collect();
    let mut offers = default_suppliers_of(reads, &products).await?;
    let replenishment_input = |(product, stock_by_store)| {
        let (supplier, supply) = offers.remove(&product).map_or((None, None), |(supplier, supply)| (Some(supplier), supply));
        ReplenishmentInput { product, stock_by_store, supplier, supply }
    };
    Ok(stock_by_store.into_iter().map(replenishment_input).collect())
}

/// Returns the levels of products that have sales, backorders or a policy in any store.
async fn levels(
    reads: &impl Reads,
    scope: &PlanScope<'_>,
    sold: &SalesSums,
    backorder_units: &HashMap<(ProductId, StoreId), i64>,
) -> Result<BTreeMap<ProductId, Vec<StoreStock>>, Fault> {
    let backend = reads.backend();
    let demanded_products: BTreeSet<ProductId> = sold.keys().chain(backorder_units.keys()).map(|(product, _)| *product).collect();
    let mut values = vec![backend.ids(demanded_products)];
    let stores = backend.and_ids("l.store_id", scope.visible_stores, &mut values);
    // The condition on policies is literally that of their index.
    let sql = format!(
        "SELECT {select}
         FROM stock_level l JOIN product p ON p.tenant_id = l.tenant_id AND p.id = l.product_id
         JOIN store s ON s.tenant_id = l.tenant_id AND s.id = l.store_id
         WHERE l.tenant_id = $1 AND p.status = 'ACTIVE' AND p.stock_policy <> 'UNTRACKED' AND s.archived_at IS NULL{stores}
           AND l.product_id IN (SELECT a.product_id FROM stock_level a{policies}
             WHERE a.tenant_id = $1 AND (a.reorder_point IS NOT NULL OR a.maximum IS NOT NULL)
             UNION {demanded_products})",
        select = LevelRow::SELECT,
        policies = backend.indexed_by("stock_level_policy"),
        demanded_products = backend.select_ids(2)
    );
    let mut stocks_by_product: BTreeMap<ProductId, Vec<StoreStock>> = BTreeMap::new();
    for LevelRow { product_id: product, store_id: store, available, level } in reads.records(&sql, values).await? {
        let (sold, sold_squares) = sold.get(&(product, store)).copied().unwrap_or_default();
        stocks_by_product.entry(product).or_default().push(StoreStock {
            store,
            available,
            incoming: level.incoming.get(),
            in_transit: level.in_transit.get(),
            backordered: backorder_units.get(&(product, store)).copied().unwrap_or_default(),
            safety_stock: level.safety_stock.get(),
            reorder_point: level.reorder_point.map(Quantity::get),
            maximum: level.maximum.map(Quantity::get),
            sold,
            sold_squares,
            is_asked: scope.planned.is_none_or(|planned| planned.contains(&store)),
        });
    }
    for stock_by_store in stocks_by_product.values_mut() {
        stock_by_store.sort_by_key(|store_stock| store_stock.store);
    }
    Ok(stocks_by_product)
}

/// Adds stores with backorders of a product that they never had: they have no level yet.
async fn add_stores_without_level(
    reads: &impl Reads,
    scope: &PlanScope<'_>,
    backorder_units: &HashMap<(ProductId, StoreId), i64>,
    stock_by_store: &mut BTreeMap<ProductId, Vec<StoreStock>>,
) -> Result<(), Fault> {
    let has_level = |product, store| {
        stock_by_store.get(&product).is_some_and(|stocks| stocks.iter().any(|store_stock| store_stock.store == store))
    };
    let missing: BTreeMap<(ProductId, StoreId), i64> = backorder_units
        .iter()
        .filter(|((product, store), _)| !has_level(*product, *store))
        .map(|(key, backorder_units)| (*key, *backorder_units))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT p.id FROM product p WHERE p.tenant_id = $1 AND p.status = 'ACTIVE' AND p.stock_policy <> 'UNTRACKED' AND {}",
        backend.in_ids("p.id", 2)
    );
    let rows = reads.rows(&sql, vec![backend.ids(missing.keys().map(|(product, _)| *product))]).await?;
    let bought: BTreeSet<ProductId> = rows.iter().map(Row::scalar).collect::<Result<_, _>>()?;
    for ((product, store), backordered) in missing.into_iter().filter(|((product, _), _)| bought.contains(product)) {
        let is_asked = scope.planned.is_none_or(|planned| planned.contains(&store));
        stock_by_store.entry(product).or_default().push(StoreStock { backordered, is_asked, ..StoreStock::empty(store) });
    }
    Ok(())
}

/// Reads the sales of each product in each store, by the store's local days: the sum, and the sum
/// of the squares of each day's. Reversed sales are left out.
async fn load_sales(reads: &impl Reads, scope: &PlanScope<'_>) -> Result<SalesSums, Fault> {
    // Local days begin up to fourteen hours before UTC's and end twelve after them: the index is
    // read for a day more on both sides.
    const MICROS_PER_DAY: i64 = 86_400_000_000;
    let (from, until) =
        (i64::from(scope.today.first() - scope.days - 1) * MICROS_PER_DAY, i64::from(scope.today.last() + 1) * MICROS_PER_DAY);
    let mut values: Vec<Value> = vec![from.into(), until.into()];
    let (today, day_values) = scope.today.sql(reads.backend(), "e.store_id", 4);
    values.extend(day_values);
    let stores = reads.backend().and_ids("e.store_id", scope.visible_stores, &mut values);
    // CROSS JOIN keeps SQLite from reading all entries, and the movement of each; for Postgres it
    // is a plain inner join.
    let sql = format!(
        "SELECT {select}
         FROM (SELECT e.product_id, e.store_id, m.business_date, -sum(e.on_hand_delta) AS sold FROM movement m CROSS JOIN entry e
               WHERE m.tenant_id = $1 AND e.tenant_id = $1 AND e.seq = m.seq AND m.kind = 'SALE' AND m.occurred_at >= $2 AND m.occurred_at < $3
                 AND m.business_date >= {today} - {days} AND m.business_date < {today}{stores}
                 AND NOT EXISTS (SELECT 1 FROM movement r WHERE r.tenant_id = $1 AND r.reverses_id = m.id)
               GROUP BY e.product_id, e.store_id, m.business_date) d
         GROUP BY d.product_id, d.store_id",
        select = SoldRow::SELECT,
        days = scope.days
    );
    let rows = reads.records::<SoldRow>(&sql, values).await?;
    Ok(rows.into_iter().map(|row| ((row.product, row.store), (row.sold, row.squares))).collect())
}

/// Reads the quantities that open orders need beyond stock; for kits, of their components.
async fn load_backordered_units(reads: &impl Reads, scope: &PlanScope<'_>) -> Result<HashMap<(ProductId, StoreId), i64>, Fault> {
    let mut values = Vec::new();
    let stores = reads.backend().and_ids("w.store_id", scope.visible_stores, &mut values);
    let sql = format!(
        "SELECT {select} FROM {owed} w WHERE w.quantity > 0{stores} GROUP BY w.product_id, w.store_id",
        select = BackorderRow::SELECT,
        owed = all_backorders_sql(reads.backend())
    );
    let rows = reads.records::<BackorderRow>(&sql, values).await?;
    Ok(rows.into_iter().map(|row| ((row.product, row.store), row.owed)).collect())
}
