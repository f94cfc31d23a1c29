//! What ties a product or a store to stock and orders. The rooms that own those tables come later; what is asked here is only whether
//! something is left, by the columns that the constraints of the tables speak of.

use std::collections::HashMap;

use entity::{
    prelude::{Id, ProductId},
    record::{Record, Selected},
};
use platform::storage::{Backend, Fault, Finds as _, Reads as _, Row, Work, journal};
use uuid::Uuid;

use crate::catalog::core::Use;

/// Which column of those tables names the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tied {
    Product,
    Store,
}

/// A document that is not done with its products and its stores.
struct Document {
    /// Tells it apart in the answer, and orders what is said.
    number: i32,
    what: Use,
    table: &'static str,
    /// The columns that name its stores.
    stores: &'static [&'static str],
    /// The states in which it is open.
    states: &'static str,
    lines: &'static str,
    /// The column by which a line names its document.
    of: &'static str,
    /// Whether a line is not done with its product, on alias `n`.
    is_left: &'static str,
}

/// The states in which an order is open.
const OPEN_ORDER: &str = "'DRAFT', 'PENDING', 'CONFIRMED', 'PARTIALLY_FULFILLED'";

const DOCUMENTS: &[Document] = &[
    Document {
        number: 2,
        what: Use::OpenOrders,
        table: "sales_order",
        stores: &["store_id"],
        states: OPEN_ORDER,
        lines: "order_line",
        of: "order_id",
        is_left: "(n.open > 0 OR n.backordered > 0)",
    },
    Document {
        number: 3,
        what: Use::OpenTransfers,
        table: "transfer",
        stores: &["from_store_id", "to_store_id"],
        states: "'DRAFT', 'READY', 'IN_TRANSIT', 'PARTIALLY_RECEIVED'",
        lines: "transfer_line",
        of: "transfer_id",
        is_left: "n.quantity > 0",
    },
    Document {
        number: 4,
        what: Use::OpenCounts,
        table: "stock_count",
        stores: &["store_id"],
        states: "'OPEN', 'COUNTING', 'REVIEW'",
        lines: "count_line",
        of: "count_id",
        is_left: "TRUE",
    },
    // It may still bring it.
    Document {
        number: 6,
        what: Use::OpenPurchaseOrders,
        table: "purchase_order",
        stores: &["store_id"],
        states: "'DRAFT', 'PENDING_APPROVAL', 'APPROVED', 'REJECTED', 'ORDERED', 'PARTIALLY_RECEIVED'",
        lines: "purchase_order_line",
        of: "purchase_order_id",
        is_left: "n.open > 0",
    },
    // Its goods are awaited, or not yet inspected.
    Document {
        number: 7,
        what: Use::OpenReturns,
        table: "sales_return",
        stores: &["store_id"],
        states: "'REQUESTED', 'APPROVED', 'PARTIALLY_RECEIVED', 'RECEIVED'",
        lines: "return_line",
        of: "return_id",
        is_left: "TRUE",
    },
    // What is given back may be called off again. It names no store.
    Document {
        number: 9,
        what: Use::OpenBlanketOrders,
        table: "blanket_order",
        stores: &[],
        states: "'DRAFT', 'ACTIVE', 'EXHAUSTED'",
        lines: "blanket_order_line",
        of: "blanket_order_id",
        is_left: "TRUE",
    },
];

impl Document {
    /// The products or stores that open ones of its kind are not done with.
    fn open(&self, tied: Tied, backend: Backend) -> String {
        let Self { number, table, states, lines, of, is_left, .. } = self;
        if tied == Tied::Product {
            return format!(
                "SELECT n.product_id, {number} FROM {lines} n JOIN {table} d ON d.tenant_id = $1 AND d.id = n.{of}
                 WHERE n.tenant_id = $1 AND {} AND {is_left} AND d.status IN ({states})",
                backend.in_ids("n.product_id", 2)
            );
        }
        let by = |column: &&str| {
            let ours = backend.in_ids(&format!("d.{column}"), 2);
            format!("SELECT d.{column}, {number} FROM {table} d WHERE d.tenant_id = $1 AND {ours} AND d.status IN ({states})")
        };
        self.stores.iter().map(by).collect::<Vec<_>>().join(" UNION ")
    }
}

/// The products that open orders are not done with as parts of their kits: what those are of stays as it was placed, whatever the kits are made of now.
fn of_ordered_kits(backend: Backend) -> String {
    // CROSS JOIN tells SQLite to begin with the parts, and not with all open orders.
    format!(
        " UNION SELECT n.product_id, 8 FROM order_line_part n CROSS JOIN order_line l CROSS JOIN sales_order d
         WHERE n.tenant_id = $1 AND {} AND l.tenant_id = $1 AND l.order_id = n.order_id AND l.position = n.position
           AND (l.open > 0 OR l.backordered > 0) AND d.tenant_id = $1 AND d.id = n.order_id AND d.status IN ({OPEN_ORDER})",
        backend.in_ids("n.product_id", 2)
    )
}

/// What ties a product or a store, by its number; the statements of all documents follow this list.
#[derive(Record)]
struct UseRow {
    #[record(sql = "l.{column}")]
    id: Uuid,
    #[record(sql = "0")]
    number: i32,
}

/// What is left of each. Locks their levels first, in the ledger's own order, so that nothing is received while the answer is used.
pub async fn of<K: Send>(work: &Work, tied: Tied, ids: &[Id<K>]) -> Result<HashMap<Id<K>, Vec<Use>>, Fault> {
    let mut found: HashMap<Id<K>, Vec<Use>> = HashMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let (backend, column) = (work.backend(), if tied == Tied::Product { "product_id" } else { "store_id" });
    let ours = |alias: &str| backend.in_ids(&format!("{alias}.{column}"), 2);
    let value = || vec![backend.ids(ids.iter().copied())];
    let lock = backend.for_update("l");
    if !lock.is_empty() {
        journal::hold(work).await?;
        let sql = format!(
            "SELECT 1 FROM stock_level l WHERE l.tenant_id = $1 AND {} ORDER BY l.product_id, l.store_id{lock}",
            ours("l")
        );
        work.rows(&sql, value()).await?;
    }
    let kits = match tied {
        Tied::Product => format!(
            " UNION SELECT c.component_id, 5 FROM kit_component c WHERE c.tenant_id = $1 AND {}{}",
            backend.in_ids("c.component_id", 2),
            of_ordered_kits(backend)
        ),
        Tied::Store => String::new(),
    };
    let named = DOCUMENTS.iter().filter(|document| tied == Tied::Product || !document.stores.is_empty());
    let documents = named.map(|document| document.open(tied, backend)).collect::<Vec<_>>().join(" UNION ");
    let sql = format!(
        "SELECT {} FROM stock_level l WHERE l.tenant_id = $1 AND {}
           AND (l.on_hand > 0 OR l.unavailable > 0 OR l.incoming > 0 OR l.in_transit > 0)
         UNION SELECT r.{column}, 1 FROM reservation r WHERE r.tenant_id = $1 AND {} AND r.status = 'ACTIVE'
         UNION {documents}{kits} ORDER BY 2",
        UseRow::SELECT.replace("{column}", column),
        ours("l"),
        ours("r")
    );
    for UseRow { id, number } in work.records(&sql, value()).await? {
        let what = match number {
            0 => Use::Stock,
            1 => Use::Reservations,
            8 => Use::OrderedKits,
            number => DOCUMENTS.iter().find(|document| document.number == number).map_or(Use::Kits, |document| document.what),
        };
        found.entry(Id::from_uuid(id)).or_default().push(what);
    }
    Ok(found)
}

/// Which of the products the ledger has entries of. Holds the journal first: a batch that is being written has taken it, and its entries are
/// seen here.
pub async fn moved(work: &Work, ids: &[ProductId]) -> Result<Vec<ProductId>, Fault> {
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

/// Quantities that are set for products outside of documents: their table, and the condition that there is one. 0 is 0 in every unit, and a pack of one is
/// none.
const QUANTITIES: [(Use, &str, &str); 3] = [
    (Use::ReorderPolicies, "stock_level", "(n.safety_stock > 0 OR n.reorder_point > 0 OR n.maximum > 0)"),
    (Use::SupplierTerms, "supplier_product", "(n.pack_size > 1 OR n.minimum_order > 1 OR n.price_breaks <> '[]')"),
    (Use::AlertThresholds, "alert_rule", "n.threshold > 0"),
];

/// What of each product counts its smallest unit besides documents. Holds the journal first: what is set meanwhile is of the new unit.
pub async fn quantities(work: &Work, ids: &[ProductId]) -> Result<HashMap<ProductId, Vec<Use>>, Fault> {
    let mut found: HashMap<ProductId, Vec<Use>> = HashMap::new();
    if ids.is_empty() {
        return Ok(found);
    }
    journal::hold(work).await?;
    let backend = work.backend();
    let ours = backend.in_ids("n.product_id", 2);
    for (what, table, is_set) in QUANTITIES {
        let sql = format!("SELECT DISTINCT n.product_id FROM {table} n WHERE n.tenant_id = $1 AND {ours} AND {is_set}");
        for row in work.rows(&sql, vec![backend.ids(ids.iter().copied())]).await? {
            found.entry(Row::scalar(&row)?).or_default().push(what);
        }
    }
    Ok(found)
}
