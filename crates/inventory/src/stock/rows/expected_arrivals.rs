//! Expected arrivals at a level, by document: the open quantities of purchase orders, and transfers
//! under way. The rooms that own the tables are above this one; their promises for a level are read
//! here, so that the code that explains a figure need not know them. The same holds for the units
//! that orders need beyond stock.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{purchase_order_line, transfer},
};
use platform::{
    clock,
    storage::{Backend, Fault, Finds, Reads, Row},
};

use crate::stock::core::{Arrival, Level, Reference, ReferenceKind, arrivals};

#[derive(Record)]
struct OrderedRow {
    #[record(of = purchase_order_line, alias = "l")]
    purchase_order_id: PurchaseOrderId,
    #[record(of = purchase_order_line, alias = "l")]
    open: Quantity,
    #[record(sql = "coalesce(l.confirmed_on, l.expected_on, o.expected_on, l.lead_on)")]
    expected_on: Option<i32>,
}

#[derive(Record)]
struct InTransitRow {
    #[record(of = transfer, alias = "t")]
    id: TransferId,
    #[record(sql = "l.shipped - l.received - l.lost")]
    quantity: i64,
    #[record(of = transfer, alias = "t")]
    expected_at: Option<Timestamp>,
}

/// Documents that bring stock to a level: ordered from suppliers, and under way from other stores.
#[derive(Debug, Clone, Default)]
pub struct ExpectedArrivals {
    pub incoming: Vec<Arrival>,
    pub in_transit: Vec<Arrival>,
}

/// Reads the expected arrivals at a level: each document's share, and the rest that no document
/// accounts for. They sum to the level's own `incoming` and `in_transit`.
pub async fn load_expected(reads: &impl Reads, level: &Level) -> Result<ExpectedArrivals, Fault> {
    let (mut incoming, mut in_transit) = (Vec::new(), Vec::new());
    if !level.incoming.is_zero() {
        incoming = load_ordered_arrivals(reads, level).await?;
    }
    if !level.in_transit.is_zero() {
        in_transit = load_transfer_arrivals(reads, level).await?;
    }
    Ok(ExpectedArrivals {
        incoming: arrivals(level.incoming.get(), incoming),
        in_transit: arrivals(level.in_transit.get(), in_transit),
    })
}

/// Returns the index hint after `order_line l`, if only waiting lines are read: SQLite would scan
/// all lines to find them.
pub fn waiting_lines_hint(backend: Backend) -> String {
    backend.indexed_by("order_line_backordered")
}

/// Returns the SQL of the units that open orders need beyond stock, of all levels: a table
/// expression of products, stores and quantities, of the tenant `$1`.
pub fn all_backorders_sql(backend: Backend) -> String {
    let index = waiting_lines_hint(backend);
    backorders_sql(&index, &format!("order_line l{index} CROSS JOIN sales_order o CROSS JOIN order_line_part n"))
}

/// Returns the SQL of the units that open orders need beyond stock, for each line of a product or
/// component of a kit. `index` follows the lines' table, and `kits` joins lines `l`, their orders
/// `o` and their components `n` in the order in which SQLite is to read them.
fn backorders_sql(index: &str, kits: &str) -> String {
    format!(
        "(SELECT l.product_id, o.store_id, l.backordered AS quantity FROM order_line l{index}
          JOIN sales_order o ON o.tenant_id = l.tenant_id AND o.id = l.order_id AND o.status IN ('PENDING', 'CONFIRMED', 'PARTIALLY_FULFILLED')
          WHERE l.tenant_id = $1 AND l.backordered > 0 AND l.stock_policy <> 'UNTRACKED'
          UNION ALL SELECT n.product_id, o.store_id, l.backordered * n.quantity FROM {kits}
          WHERE l.tenant_id = $1 AND n.tenant_id = $1 AND n.order_id = l.order_id AND n.position = l.position AND o.tenant_id = $1 AND o.id = l.order_id
            AND o.status IN ('PENDING', 'CONFIRMED', 'PARTIALLY_FULFILLED') AND l.backordered > 0 AND l.stock_policy = 'UNTRACKED')"
    )
}

/// Reads the units that open orders need of a level beyond stock.
pub async fn load_backordered(reads: &impl Reads, level: &Level) -> Result<i64, Fault> {
    // Otherwise SQLite begins with all open orders of the store, also for a product that no kit
    // has.
    let owed_sql = backorders_sql("", "order_line_part n CROSS JOIN order_line l CROSS JOIN sales_order o");
    let sql = format!(
        "SELECT CAST(coalesce(sum(w.quantity), 0) AS bigint) FROM {owed_sql} w WHERE w.product_id = $2 AND w.store_id = $3"
    );
    let rows = reads.rows(&sql, vec![level.key.product.into(), level.key.store.into()]).await?;
    rows.first().map_or(Ok(0), Row::scalar)
}

async fn load_ordered_arrivals(reads: &impl Reads, level: &Level) -> Result<Vec<Arrival>, Fault> {
    let sql = format!(
        "SELECT {select} FROM purchase_order_line l
         JOIN purchase_order o ON o.tenant_id = l.tenant_id AND o.id = l.purchase_order_id
         WHERE l.tenant_id = $1 AND l.product_id = $2 AND l.open > 0 AND o.store_id = $3
           AND o.status IN ('ORDERED', 'PARTIALLY_RECEIVED') ORDER BY o.number, l.position",
        select = OrderedRow::SELECT
    );
    let rows = reads.records::<OrderedRow>(&sql, vec![level.key.product.into(), level.key.store.into()]).await?;
    let arrival = |row: OrderedRow| {
        let document = Reference { kind: ReferenceKind::PurchaseOrder, id: row.purchase_order_id.uuid() };
        Arrival { quantity: row.open.get(), on: row.expected_on, document: Some(document) }
    };
    Ok(rows.into_iter().map(arrival).collect())
}

async fn load_transfer_arrivals(reads: &impl Reads, level: &Level) -> Result<Vec<Arrival>, Fault> {
    let sql = format!(
        "SELECT {select} FROM transfer_line l
         JOIN transfer t ON t.tenant_id = l.tenant_id AND t.id = l.transfer_id
         WHERE l.tenant_id = $1 AND l.product_id = $2 AND l.shipped > l.received + l.lost AND t.to_store_id = $3
           AND t.status IN ('IN_TRANSIT', 'PARTIALLY_RECEIVED') ORDER BY t.number",
        select = InTransitRow::SELECT
    );
    let rows = reads.records::<InTransitRow>(&sql, vec![level.key.product.into(), level.key.store.into()]).await?;
    let arrival = |row: InTransitRow| {
        let expected_day = row.expected_at.map(|at| clock::local_day(at, &level.facts.time_zone));
        let document = Reference { kind: ReferenceKind::Transfer, id: row.id.uuid() };
        Arrival { quantity: row.quantity, on: expected_day, document: Some(document) }
    };
    Ok(rows.into_iter().map(arrival).collect())
}
