//! Stock of a missing product in other stores, and its next arrivals. They are read after a
//! refusal, outside of every transaction: they inform, and promise nothing.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{purchase_order, purchase_order_line, stock_level, transfer, transfer_line},
};
use platform::storage::{Fault, Finds, Reads};
use sea_orm::Value;

use crate::stock::core::LevelKey;

/// The most stores that are returned for a product. One more is read, as the store that is short is
/// left out.
pub const MAX_PLACES: usize = 5;
/// The most arrivals that are read, the earliest first.
const MAX_ARRIVALS: usize = 1_000;

#[derive(Record)]
struct PlaceRow {
    #[record(of = stock_level, alias = "x")]
    product_id: ProductId,
    #[record(of = stock_level, alias = "x")]
    store_id: StoreId,
    #[record(sql = "x.available")]
    available: i64,
}

#[derive(Record)]
struct OrderedRow {
    #[record(of = purchase_order_line, alias = "l")]
    product_id: ProductId,
    #[record(of = purchase_order, alias = "o")]
    store_id: StoreId,
    #[record(of = purchase_order_line, alias = "l")]
    open: Quantity,
    #[record(sql = "coalesce(l.confirmed_on, l.expected_on, o.expected_on, l.lead_on)")]
    expected_on: Option<i32>,
}

#[derive(Record)]
struct InTransitRow {
    #[record(of = transfer_line, alias = "l")]
    product_id: ProductId,
    #[record(of = transfer, alias = "t")]
    to_store_id: StoreId,
    #[record(sql = "l.shipped - l.received - l.lost")]
    quantity: i64,
    #[record(of = transfer, alias = "t")]
    expected_at: Option<Timestamp>,
}

/// Available quantity of a product in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreStock {
    pub product: ProductId,
    pub store: StoreId,
    pub available: i64,
}

/// Due time of an arrival: orders have a day, transfers a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    Day(i32),
    Moment(Timestamp),
}

/// Quantity on its way to a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IncomingQuantity {
    pub level: LevelKey,
    pub due: Due,
    pub quantity: i64,
}

/// Returns the open stores with the most available units of each product, only among `stores` if
/// given; the greatest first, equal ones by their codes. For a channel, safety stock is not
/// available.
pub async fn load_stores_with_stock(
    reads: &impl Reads,
    products: &[ProductId],
    stores: Option<&[StoreId]>,
    is_of_channel: bool,
) -> Result<Vec<StoreStock>, Fault> {
    let backend = reads.backend();
    let mut values = vec![backend.ids(products.iter().copied())];
    let mut condition = backend.in_ids("l.product_id", 2);
    if let Some(stores) = stores {
        condition = format!("{condition} AND {}", backend.in_ids("l.store_id", 3));
        values.push(backend.ids(stores.iter().copied()));
    }
    let safety_term = if is_of_channel { " - l.safety_stock" } else { "" };
    let available = format!("l.on_hand - l.unavailable - l.reserved{safety_term}");
    let sql = format!(
        "SELECT {select} FROM (
           SELECT l.product_id, l.store_id, {available} AS available,
             row_number() OVER (PARTITION BY l.product_id ORDER BY {available} DESC, s.code_key) AS place
           FROM stock_level l JOIN store s ON s.tenant_id = l.tenant_id AND s.id = l.store_id
           WHERE l.tenant_id = $1 AND {condition} AND {available} > 0 AND s.archived_at IS NULL) x
         WHERE x.place <= {most} ORDER BY x.product_id, x.place",
        select = PlaceRow::SELECT,
        most = MAX_PLACES + 1,
    );
    let place = |row: PlaceRow| StoreStock { product: row.product_id, store: row.store_id, available: row.available };
    Ok(reads.records::<PlaceRow>(&sql, values).await?.into_iter().map(place).collect())
}

/// Reads the arrivals from suppliers and other stores at these levels from a day on, which began at
/// this moment; the earliest first of both.
pub async fn load_incoming_quantities(
    reads: &impl Reads,
    levels: &[LevelKey],
    (day, moment): (i32, Timestamp),
) -> Result<Vec<IncomingQuantity>, Fault> {
    let pairs: Vec<(ProductId, StoreId)> = levels.iter().map(|key| (key.product, key.store)).collect();
    let (key_table, values) = reads.backend().pairs(&pairs, 3);
    let mut incoming_quantities = Vec::new();
    let sql = format!(
        "SELECT {select} FROM {key_table} CROSS JOIN purchase_order_line l
         JOIN purchase_order o ON o.tenant_id = l.tenant_id AND o.id = l.purchase_order_id
         WHERE l.tenant_id = $1 AND l.product_id = k.a AND l.open > 0 AND o.store_id = k.b
           AND o.status IN ('ORDERED', 'PARTIALLY_RECEIVED')
           AND coalesce(l.confirmed_on, l.expected_on, o.expected_on, l.lead_on) >= $2
         ORDER BY coalesce(l.confirmed_on, l.expected_on, o.expected_on, l.lead_on) LIMIT {MAX_ARRIVALS}",
        select = OrderedRow::SELECT
    );
    let from = |first: Value| std::iter::once(first).chain(values.iter().cloned()).collect::<Vec<_>>();
    for row in reads.records::<OrderedRow>(&sql, from(day.into())).await? {
        let level = LevelKey { product: row.product_id, store: row.store_id };
        incoming_quantities.extend(row.expected_on.map(|expected_day| IncomingQuantity {
            level,
            due: Due::Day(expected_day),
            quantity: row.open.get(),
        }));
    }
    // CROSS JOIN tells SQLite to begin with the lines: otherwise it begins with all transfers that
    // are still expected.
    let sql = format!(
        "SELECT {select} FROM {key_table} CROSS JOIN transfer_line l CROSS JOIN transfer t
         WHERE l.tenant_id = $1 AND l.product_id = k.a AND l.shipped > l.received + l.lost
           AND t.tenant_id = l.tenant_id AND t.id = l.transfer_id AND t.to_store_id = k.b
           AND t.status IN ('IN_TRANSIT', 'PARTIALLY_RECEIVED') AND t.expected_at >= $2
         ORDER BY t.expected_at LIMIT {MAX_ARRIVALS}",
        select = InTransitRow::SELECT
    );
    for row in reads.records::<InTransitRow>(&sql, from(moment.into())).await? {
        let level = LevelKey { product: row.product_id, store: row.to_store_id };
        incoming_quantities.extend(row.expected_at.map(|at| IncomingQuantity {
            level,
            due: Due::Moment(at),
            quantity: row.quantity,
        }));
    }
    Ok(incoming_quantities)
}
