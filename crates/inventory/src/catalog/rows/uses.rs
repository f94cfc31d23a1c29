//! Stock and open documents of a product or a store. The rooms that own those tables come later;
//! the queries here only ask if anything is left, by the columns that the constraints of the tables
//! name.

use std::collections::HashMap;

use entity::{
    prelude::{Id, ProductId},
    record::{Record, Selected},
};
use platform::storage::{Backend, Fault, Finds as _, Reads as _, Row, Work, journal};
use uuid::Uuid;

use crate::catalog::core::RowUsage;

/// Column of those tables that refers to the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsedColumn {
    Product,
    Store,
}

/// A kind of document that, while open, needs its products and its stores.
struct Document {
    /// Distinguishes the kind in the result, and sorts the uses.
    number: i32,
    usage: RowUsage,
    table: &'static str,
    /// The columns that name its stores.
    stores: &'static [&'static str],
    /// The states in which it is open.
    states: &'static str,
    lines: &'static str,
    /// The column by which a line names its document.
    parent_column: &'static str,
    /// Whether a line is not done with its product, on alias `n`.
    is_left: &'static str,
}

/// The states in which an order is open.
const OPEN_ORDER: &str = "'DRAFT', 'PENDING', 'CONFIRMED', 'PARTIALLY_FULFILLED'";

const DOCUMENTS: &[Document] = &[
    Document {
        number: 2,
        usage: RowUsage::OpenOrders,
        table: "sales_order",
        stores: &["store_id"],
        states: OPEN_ORDER,
        lines: "order_line",
        parent_column: "order_id",
        is_left: "(n.open > 0 OR n.backordered > 0)",
    },
    Document {
        number: 3,
        usage: RowUsage::OpenTransfers,
        table: "transfer",
        stores: &["from_store_id", "to_store_id"],
        states: "'DRAFT', 'READY', 'IN_TRANSIT', 'PARTIALLY_RECEIVED'",
        lines: "transfer_line",
        parent_column: "transfer_id",
        is_left: "n.quantity > 0",
    },
    Document {
        number: 4,
        usage: RowUsage::OpenCounts,
        table: "stock_count",
        stores: &["store_id"],
        states: "'OPEN', 'COUNTING', 'REVIEW'",
        lines: "count_line",
        parent_column: "count_id",
        is_left: "TRUE",
    },
    // Purchase orders in these states may still deliver the product.
    Document {
        number: 6,
        usage: RowUsage::OpenPurchaseOrders,
        table: "purchase_order",
        stores: &["store_id"],
        states: "'DRAFT', 'PENDING_APPROVAL', 'APPROVED', 'REJECTED', 'ORDERED', 'PARTIALLY_RECEIVED'",
        lines: "purchase_order_line",
        parent_column: "purchase_order_id",
        is_left: "n.open > 0",
    },
    // The goods of these returns are awaited, or not yet inspected.
    Document {
        number: 7,
        usage: RowUsage::OpenReturns,
        table: "sales_return",
        stores: &["store_id"],
        states: "'REQUESTED', 'APPROVED', 'PARTIALLY_RECEIVED', 'RECEIVED'",
        lines: "return_line",
        parent_column: "return_id",
        is_left: "TRUE",
    },
    // A call-off can be reversed, and its units are open again then. The document names no store.
    Document {
        number: 9,
        usage: RowUsage::OpenBlanketOrders,
        table: "blanket_order",
        stores: &[],
        states: "'DRAFT', 'ACTIVE', 'EXHAUSTED'",
        lines: "blanket_order_line",
        parent_column: "blanket_order_id",
        is_left: "TRUE",
    },
];

impl Document {
    /// Returns the statement of the products or stores that open documents of this kind still need.
    fn open_documents_sql(&self, used_column: UsedColumn, backend: Backend) -> String {
        let Self { number, table, states, lines, parent_column: document_column, is_left, .. } = self;
        if used_column == UsedColumn::Product {
            return format!(
                "SELECT n.product_id, {number} FROM {lines} n JOIN {table} d ON d.tenant_id = $1 AND d.id = n.{document_column}
                 WHERE n.tenant_id = $1 AND {} AND {is_left} AND d.status IN ({states})",
                backend.in_ids("n.product_id", 2)
            );
        }
        let column_select = |column: &&str| {
            let id_condition = backend.in_ids(&format!("d.{column}"), 2);
            format!(
                "SELECT d.{column}, {number} FROM {table} d WHERE d.tenant_id = $1 AND {id_condition} AND d.status IN ({states})"
            )
        };
        self.stores.iter().map(column_select).collect::<Vec<_>>().join(" UNION ")
    }
}

/// Returns the statement of the products that open orders still need as components of kits. An
/// order's components stay as they were when it was placed, even if the kit has others now.
fn ordered_component_sql(backend: Backend) -> String {
    // CROSS JOIN tells SQLite to begin with the parts, and not with all open orders.
    format!(
        " UNION SELECT n.product_id, 8 FROM order_line_part n CROSS JOIN order_line l CROSS JOIN sales_order d
         WHERE n.tenant_id = $1 AND {} AND l.tenant_id = $1 AND l.order_id = n.order_id AND l.position = n.position
           AND (l.open > 0 OR l.backordered > 0) AND d.tenant_id = $1 AND d.id = n.order_id AND d.status IN ({OPEN_ORDER})",
        backend.in_ids("n.product_id", 2)
    )
}

/// Use of a product or a store, by the document's number; the statements of all documents return
/// this row.
#[derive(Record)]
struct UseRow {
    #[record(sql = "l.{column}")]
    id: Uuid,
    #[record(sql = "0")]
    number: i32,
}

/// Returns the remaining uses of each row. Locks their levels first, in the ledger's own order, so
/// that nothing is received while the answer is used.
pub async fn of<K: Send>(work: &Work, used_column: UsedColumn, ids: &[Id<K>]) -> Result<HashMap<Id<K>, Vec<RowUsage>>, Fault> {
    let mut uses_by_id: HashMap<Id<K>, Vec<RowUsage>> = HashMap::new();
    if ids.is_empty() {
        return Ok(uses_by_id);
    }
    let (backend, column) = (work.backend(), if used_column == UsedColumn::Product { "product_id" } else { "store_id" });
    let id_condition = |alias: &str| backend.in_ids(&format!("{alias}.{column}"), 2);
    let value = || vec![backend.ids(ids.iter().copied())];
    let lock = backend.for_update("l");
    if !lock.is_empty() {
        journal::hold(work).await?;
        let sql = format!(
            "SELECT 1 FROM stock_level l WHERE l.tenant_id = $1 AND {} ORDER BY l.product_id, l.store_id{lock}",
            id_condition("l")
        );
        work.rows(&sql, value()).await?;
    }
    let kits = match used_column {
        UsedColumn::Product => format!(
            " UNION SELECT c.component_id, 5 FROM kit_component c WHERE c.tenant_id = $1 AND {}{}",
            backend.in_ids("c.component_id", 2),
            ordered_component_sql(backend)
        ),
        UsedColumn::Store => String::new(),
    };
    let matching_documents =
        DOCUMENTS.iter().filter(|document| used_column == UsedColumn::Product || !document.stores.is_empty());
    let documents =
        matching_documents.map(|document| document.open_documents_sql(used_column, backend)).collect::<Vec<_>>().join(" UNION ");
    let sql = format!(
        "SELECT {} FROM stock_level l WHERE l.tenant_id = $1 AND {}
           AND (l.on_hand > 0 OR l.unavailable > 0 OR l.incoming > 0 OR l.in_transit > 0)
         UNION SELECT r.{column}, 1 FROM reservation r WHERE r.tenant_id = $1 AND {} AND r.status = 'ACTIVE'
         UNION {documents}{kits} ORDER BY 2",
        UseRow::SELECT.replace("{column}", column),
        id_condition("l"),
        id_condition("r")
    );
    for UseRow { id, number } in work.records(&sql, value()).await? {
        let usage = match number {
            0 => RowUsage::Stock,
            1 => RowUsage::Reservations,
            8 => RowUsage::OrderedKits,
            number => {
                DOCUMENTS.iter().find(|document| document.number == number).map_or(RowUsage::Kits, |document| document.usage)
            }
        };
        uses_by_id.entry(Id::from_uuid(id)).or_default().push(usage);
    }
    Ok(uses_by_id)
}

/// Returns those of the products that have ledger entries. Takes the journal's lock first, so that
/// the entries of a batch that is being written are seen.
pub async fn filter_with_entries(work: &Work, ids: &[ProductId]) -> Result<Vec<ProductId>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    journal::hold(work).await?;
    let backend = work.backend();
    let sql = format!(
        "SELECT p.id FROM product p WHERE p.tenant_id = $1 AND {} AND EXISTS
           (SELECT 1 FROM entry e WHERE e.tenant_id = $1 AND e.product_id = p.id)",
        backend.in_ids("p.id", 2)
    );
    let rows = work.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    rows.iter().map(Row::scalar).collect()
}

/// Quantities of products that are set outside of documents: their table, and the condition that
/// there is one. A 0 is the same in every unit, and a pack of one is no pack.
const QUANTITY_SETTINGS: [(RowUsage, &str, &str); 3] = [
    (RowUsage::ReorderPolicies, "stock_level", "(n.safety_stock > 0 OR n.reorder_point > 0 OR n.maximum > 0)"),
    (RowUsage::SupplierTerms, "supplier_product", "(n.pack_size > 1 OR n.minimum_order > 1 OR n.price_breaks <> '[]')"),
    (RowUsage::AlertThresholds, "alert_rule", "n.threshold > 0"),
];

/// Returns the settings of each product, outside of documents, that are in its smallest unit. Takes
/// the journal's lock first: settings that are written meanwhile are in the new unit.
pub async fn quantities(work: &Work, ids: &[ProductId]) -> Result<HashMap<ProductId, Vec<RowUsage>>, Fault> {
    let mut uses_by_product: HashMap<ProductId, Vec<RowUsage>> = HashMap::new();
    if ids.is_empty() {
        return Ok(uses_by_product);
    }
    journal::hold(work).await?;
    let backend = work.backend();
    let condition = backend.in_ids("n.product_id", 2);
    for (usage, table, is_set) in QUANTITY_SETTINGS {
        let sql = format!("SELECT DISTINCT n.product_id FROM {table} n WHERE n.tenant_id = $1 AND {condition} AND {is_set}");
        for row in work.rows(&sql, vec![backend.ids(ids.iter().copied())]).await? {
            uses_by_product.entry(Row::scalar(&row)?).or_default().push(usage);
        }
    }
    Ok(uses_by_product)
}
