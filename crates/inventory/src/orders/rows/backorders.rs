//! Backordered lines, the oldest order first.

use std::collections::BTreeSet;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{order_line, order_line_part, sales_order, stock_level},
};
use platform::{
    paging::{Key, ListPage, ListSource, PageRequest, SortBy, Sorted},
    storage::{Fault, Finds, Nested, Reads},
};
use uuid::Uuid;

use super::{
    clause::Clause,
    column_tests::TextTest,
    documents::sku,
    filter::{Filter, compile},
};
use crate::stock::{core::LevelKey, rows::expected_arrivals::waiting_lines_hint};

/// The statuses of orders that may have backordered lines to fill.
const WAITING_ORDER_CONDITION: &str = "o.status IN ('PENDING', 'CONFIRMED', 'PARTIALLY_FULFILLED')";

#[derive(Record)]
struct WaitingRow {
    #[record(of = sales_order, alias = "o")]
    id: OrderId,
    #[record(of = order_line, alias = "l")]
    position: i32,
    #[record(of = sales_order, alias = "o")]
    placed_at: Timestamp,
    #[record(of = sales_order, alias = "o")]
    number: i64,
    #[record(of = order_line, alias = "l")]
    backordered: Quantity,
}

/// A line that is backordered at a level: `takes` of its product for each of the `units` that could
/// be made.
#[derive(Record)]
struct QueuedRow {
    #[record(of = sales_order, alias = "w")]
    placed_at: Timestamp,
    #[record(of = sales_order, alias = "w")]
    number: i64,
    #[record(of = sales_order, alias = "w")]
    id: OrderId,
    #[record(of = order_line, alias = "w")]
    position: i32,
    #[record(sql = "w.backordered")]
    backordered: i64,
    #[record(sql = "w.takes")]
    takes: i64,
    #[record(sql = "w.units")]
    units: i64,
    #[record(sql = "w.is_part")]
    is_part: i32,
}

#[derive(Record)]
struct PartLevelRow {
    #[record(of = order_line_part, alias = "n")]
    order_id: OrderId,
    #[record(of = order_line_part, alias = "n")]
    product_id: ProductId,
    #[record(of = sales_order, alias = "o")]
    store_id: StoreId,
    #[record(sql = "v.on_hand - v.unavailable - v.reserved")]
    available: i64,
}

/// A backordered line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackorderedLine {
    pub order: OrderId,
    pub position: u16,
    pub placed_at: Timestamp,
    pub number: i64,
    pub backordered: i64,
}

/// Sort fields of backordered lines; the number of the order and the line's position break ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackorderSort {
    PlacedAt,
    Backordered,
}

/// A sort and its direction.
pub type BackordersSorted = Sorted<BackorderSort>;

impl SortBy for BackorderSort {
    type Row = BackorderedLine;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::PlacedAt, descending: false };

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::PlacedAt => ("PLACED_AT", &["o.placed_at", "o.number", "l.position"]),
            Self::Backordered => ("BACKORDERED", &["l.backordered", "o.number", "l.position"]),
        }
    }
    fn keys(self, backorder: &BackorderedLine) -> Vec<Key> {
        let first_key = match self {
            Self::PlacedAt => backorder.placed_at.micros(),
            Self::Backordered => backorder.backordered,
        };
        vec![Key::Int(first_key), Key::Int(backorder.number), Key::Int(i64::from(backorder.position))]
    }
}

/// Tests of the lines, all of which must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BackorderTests {
    /// Conditions on the lines' orders.
    pub orders: Filter,
    /// A product of each list; an empty list matches nothing.
    pub products: Vec<Vec<Uuid>>,
    /// SKUs of the product, without regard to case.
    pub skus: Vec<TextTest>,
    /// Minimum and maximum of the backordered quantity.
    pub least: Option<i64>,
    pub most: Option<i64>,
}

impl BackorderTests {
    /// Adds the conditions on `order_line l` and on its `sales_order o`, each beginning with ` AND `.
    fn push_to(&self, clause: &mut Clause) {
        let (orders, values) = compile(&self.orders, clause.backend(), clause.next());
        clause.push(&format!(" AND {orders}"));
        clause.values.extend(values);
        for products in &self.products {
            clause.push(" AND ");
            clause.ids("l.product_id", products);
        }
        for test in &self.skus {
            clause.push(" AND l.product_id IN (SELECT p.id FROM product p WHERE p.tenant_id = $1 AND ");
            sku(clause, test);
            clause.push(")");
        }
        for (bound, operator) in [(self.least, ">="), (self.most, "<=")] {
            if let Some(quantity) = bound {
                let number = clause.bind(quantity);
                clause.push(&format!(" AND l.backordered {operator} ${number}"));
            }
        }
    }
}

/// Returns a page of the backordered lines that pass the tests.
pub async fn backorders(
    reads: &impl Reads,
    filter: &Filter,
    tests: &Nested<BackorderTests>,
    sorted: BackordersSorted,
    request: &PageRequest,
) -> Result<ListPage<BackorderedLine>, Fault> {
    let mut clause = Clause::new(reads.backend(), 2);
    clause.nested(tests, |clause, tests: &BackorderTests| tests.push_to(clause));
    let (condition, filter_values) = compile(filter, reads.backend(), clause.next());
    let Clause { sql: of_lines, mut values, .. } = clause;
    values.extend(filter_values);
    let waiting = waiting_lines_hint(reads.backend());
    let from = format!(
        "FROM order_line l{waiting} JOIN sales_order o ON o.tenant_id = $1 AND o.id = l.order_id
         WHERE l.tenant_id = $1 AND l.backordered > 0 AND {WAITING_ORDER_CONDITION}{of_lines} AND {condition}"
    );
    let source = ListSource { from, values };
    let (sql, values) = sorted.page(source.clone(), WaitingRow::SELECT, request);
    let rows = reads.records::<WaitingRow>(&sql, values).await?;
    let waiting = |row: WaitingRow| {
        let (position, placed_at) = (row.position as u16, row.placed_at);
        BackorderedLine { order: row.id, position, placed_at, number: row.number, backordered: row.backordered.get() }
    };
    Ok(ListPage { rows: rows.into_iter().map(waiting).collect(), source })
}

/// Number of whole kits of the line `l` of the order `o` that the available stock of the order's
/// store suffices for: 0 if a part cannot be held.
pub const WHOLE_KITS: &str = "(SELECT min(CASE WHEN q.status = 'ARCHIVED' OR q.stock_policy = 'UNTRACKED' THEN 0
      ELSE coalesce(v.on_hand - v.unavailable - v.reserved, 0) END / m.quantity) FROM order_line_part m
    JOIN product q ON q.tenant_id = m.tenant_id AND q.id = m.product_id
    LEFT JOIN stock_level v ON v.tenant_id = m.tenant_id AND v.product_id = m.product_id AND v.store_id = o.store_id
    WHERE m.tenant_id = l.tenant_id AND m.order_id = l.order_id AND m.position = l.position)";

/// A condition that the order's own store has not refused the line `l` of the order `o`: the store
/// gets no units again that it did not send.
pub const NOT_REFUSED_BY_STORE: &str =
    "NOT EXISTS (SELECT 1 FROM order_line_barred x WHERE x.tenant_id = l.tenant_id AND x.order_id = l.order_id
    AND x.position = l.position AND x.store_id = o.store_id)";

/// A line that is backordered for a product in a store, and the quantity that it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueuedBackorder {
    pub placed_at: Timestamp,
    pub number: i64,
    pub order: OrderId,
    pub position: u16,
    pub quantity: i64,
    /// True if the product is a part of a kit.
    pub is_part: bool,
}

/// Reads the orders that wait for a level, the oldest first, up to `most`: lines of the product
/// itself, and kits that could be made whole now, with the quantity that they would take. A kit
/// that lacks another part does not block those behind it.
pub async fn backorder_queue(reads: &impl Reads, key: LevelKey, limit: usize) -> Result<Vec<QueuedBackorder>, Fault> {
    // CROSS JOIN makes SQLite begin with the parts: otherwise it begins with all open orders of the
    // store, even for a product that is in no kit.
    let sql = format!(
        "SELECT {select} FROM (
           SELECT o.placed_at, o.number, o.id, l.position, l.backordered, 1 AS takes, l.backordered AS units, 0 AS is_part FROM order_line l{waiting}
           JOIN sales_order o ON o.tenant_id = $1 AND o.id = l.order_id
           WHERE l.tenant_id = $1 AND l.product_id = $2 AND l.backordered > 0 AND l.stock_policy <> 'UNTRACKED' AND o.store_id = $3 AND {WAITING_ORDER_CONDITION}
             AND {NOT_REFUSED_BY_STORE}
           UNION ALL SELECT o.placed_at, o.number, o.id, l.position, l.backordered, n.quantity, {WHOLE_KITS}, 1
           FROM order_line_part n CROSS JOIN order_line l CROSS JOIN sales_order o
           WHERE n.tenant_id = $1 AND n.product_id = $2 AND l.tenant_id = $1 AND l.order_id = n.order_id AND l.position = n.position
             AND l.backordered > 0 AND o.tenant_id = $1 AND o.id = n.order_id AND o.store_id = $3 AND {WAITING_ORDER_CONDITION} AND {NOT_REFUSED_BY_STORE}) w
         WHERE w.units > 0 ORDER BY w.placed_at, w.number, w.position LIMIT {limit}",
        select = QueuedRow::SELECT,
        waiting = waiting_lines_hint(reads.backend())
    );
    let rows = reads.records::<QueuedRow>(&sql, vec![key.product.into(), key.store.into()]).await?;
    let queued_backorder = |row: QueuedRow| QueuedBackorder {
        placed_at: row.placed_at,
        number: row.number,
        order: row.id,
        position: row.position as u16,
        quantity: row.backordered.min(row.units) * row.takes,
        is_part: row.is_part == 1,
    };
    Ok(rows.into_iter().map(queued_backorder).collect())
}

#[derive(Record)]
struct AvailableRow {
    #[record(of = stock_level, alias = "v")]
    product_id: ProductId,
    #[record(of = stock_level, alias = "v")]
    store_id: StoreId,
    #[record(sql = "v.on_hand - v.unavailable - v.reserved")]
    available: i64,
}

/// Reads the available quantities of those of these levels that have any.
pub async fn available_at(reads: &impl Reads, keys: &[LevelKey]) -> Result<Vec<(LevelKey, i64)>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM stock_level v
         WHERE v.tenant_id = $1 AND v.on_hand - v.unavailable - v.reserved > 0 AND {}",
        AvailableRow::SELECT,
        backend.in_ids("v.product_id", 2)
    );
    let requested_keys: BTreeSet<LevelKey> = keys.iter().copied().collect();
    let rows = reads.records::<AvailableRow>(&sql, vec![backend.ids(keys.iter().map(|key| key.product))]).await?;
    let available_levels = rows.into_iter().map(|row| (LevelKey { product: row.product_id, store: row.store_id }, row.available));
    Ok(available_levels.filter(|(key, _)| requested_keys.contains(key)).collect())
}

/// Returns the levels of the parts of these orders' backordered kits, and the available quantities
/// there.
pub async fn backordered_part_levels(reads: &impl Reads, orders: &[OrderId]) -> Result<Vec<(OrderId, LevelKey, i64)>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT DISTINCT {select} FROM order_line_part n
         JOIN order_line l ON l.tenant_id = $1 AND l.order_id = n.order_id AND l.position = n.position AND l.backordered > 0
         JOIN sales_order o ON o.tenant_id = $1 AND o.id = n.order_id
         JOIN stock_level v ON v.tenant_id = $1 AND v.product_id = n.product_id AND v.store_id = o.store_id
         WHERE n.tenant_id = $1 AND {of}",
        select = PartLevelRow::SELECT,
        of = backend.in_ids("n.order_id", 2)
    );
    let rows = reads.records::<PartLevelRow>(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    let part_level = |row: PartLevelRow| (row.order_id, LevelKey { product: row.product_id, store: row.store_id }, row.available);
    Ok(rows.into_iter().map(part_level).collect())
}
