//! What ties a product or a store to stock and orders. The rooms that own those tables come later; what is asked here is only whether
//! something is left, by the columns that the constraints of the tables speak of.

use std::collections::HashMap;

use entity::prelude::{Id, ProductId};

use crate::{
    catalog::core::Use,
    storage::{Fault, Reads, Row, Work, journal},
};

/// Which column of those tables names the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tied {
    Product,
    Store,
}

const OPEN_ORDERS: &str = "('DRAFT', 'PENDING', 'CONFIRMED', 'PARTIALLY_FULFILLED')";

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
    let open_orders = match tied {
        Tied::Product => format!(
            "SELECT o.product_id, 2 FROM order_line o JOIN sales_order s ON s.tenant_id = o.tenant_id AND s.id = o.order_id
             WHERE o.tenant_id = $1 AND {} AND (o.open > 0 OR o.backordered > 0) AND s.status IN {OPEN_ORDERS}",
            ours("o")
        ),
        Tied::Store => {
            format!(
                "SELECT o.store_id, 2 FROM sales_order o WHERE o.tenant_id = $1 AND {} AND o.status IN {OPEN_ORDERS}",
                ours("o")
            )
        }
    };
    let kits = match tied {
        Tied::Product => format!(
            " UNION SELECT c.component_id, 5 FROM kit_component c WHERE c.tenant_id = $1 AND {}",
            backend.in_ids("c.component_id", 2)
        ),
        Tied::Store => String::new(),
    };
    let (moves, trade) = (open_moves(tied, &ours), open_trade(tied, &ours));
    let sql = format!(
        "SELECT l.{column}, 0 FROM stock_level l WHERE l.tenant_id = $1 AND {}
           AND (l.on_hand > 0 OR l.unavailable > 0 OR l.incoming > 0 OR l.in_transit > 0)
         UNION SELECT r.{column}, 1 FROM reservation r WHERE r.tenant_id = $1 AND {} AND r.status = 'ACTIVE'
         UNION {open_orders} UNION {moves} UNION {trade}{kits} ORDER BY 2",
        ours("l"),
        ours("r")
    );
    for row in &work.rows(&sql, value()).await? {
        let mut row = Row::new(row);
        let id = row.take()?;
        let what = match row.take::<i32>()? {
            0 => Use::Stock,
            1 => Use::Reservations,
            2 => Use::OpenOrders,
            3 => Use::OpenTransfers,
            4 => Use::OpenCounts,
            5 => Use::Kits,
            6 => Use::OpenPurchaseOrders,
            _ => Use::OpenReturns,
        };
        found.entry(id).or_default().push(what);
    }
    Ok(found)
}

/// Transfers (3) and counts (4) that are not done with it.
fn open_moves(tied: Tied, ours: &impl Fn(&str) -> String) -> String {
    const TRANSFERS: &str = "('DRAFT', 'READY', 'IN_TRANSIT', 'PARTIALLY_RECEIVED')";
    const COUNTS: &str = "('OPEN', 'COUNTING', 'REVIEW')";
    match tied {
        Tied::Product => format!(
            "SELECT n.product_id, 3 FROM transfer_line n JOIN transfer t ON t.tenant_id = $1 AND t.id = n.transfer_id
             WHERE n.tenant_id = $1 AND {} AND n.quantity > 0 AND t.status IN {TRANSFERS}
             UNION SELECT c.product_id, 4 FROM count_line c JOIN stock_count s ON s.tenant_id = $1 AND s.id = c.count_id
             WHERE c.tenant_id = $1 AND {} AND s.status IN {COUNTS}",
            ours("n"),
            ours("c")
        ),
        Tied::Store => {
            let counts = format!(
                "SELECT c.store_id, 4 FROM stock_count c WHERE c.tenant_id = $1 AND {} AND c.status IN {COUNTS}",
                ours("c")
            );
            // Either end of a transfer is a store.
            let end = |column: &str| {
                let ends = format!("SELECT tenant_id, status, {column} AS store_id FROM transfer");
                format!(
                    "SELECT t.store_id, 3 FROM ({ends}) t WHERE t.tenant_id = $1 AND {} AND t.status IN {TRANSFERS}",
                    ours("t")
                )
            };
            format!("{} UNION {} UNION {counts}", end("from_store_id"), end("to_store_id"))
        }
    }
}

/// Purchase orders (6) that may still bring it, and returns (7) whose goods are awaited or not yet inspected.
fn open_trade(tied: Tied, ours: &impl Fn(&str) -> String) -> String {
    const PURCHASES: &str = "('DRAFT', 'PENDING_APPROVAL', 'APPROVED', 'REJECTED', 'ORDERED', 'PARTIALLY_RECEIVED')";
    const RETURNS: &str = "('REQUESTED', 'APPROVED', 'PARTIALLY_RECEIVED', 'RECEIVED')";
    match tied {
        Tied::Product => format!(
            "SELECT b.product_id, 6 FROM purchase_order_line b JOIN purchase_order p ON p.tenant_id = $1 AND p.id = b.purchase_order_id
             WHERE b.tenant_id = $1 AND {} AND b.open > 0 AND p.status IN {PURCHASES}
             UNION SELECT g.product_id, 7 FROM sales_return t JOIN return_line g ON g.tenant_id = $1 AND g.return_id = t.id
             WHERE t.tenant_id = $1 AND {} AND t.status IN {RETURNS}",
            ours("b"),
            ours("g")
        ),
        Tied::Store => format!(
            "SELECT b.store_id, 6 FROM purchase_order b WHERE b.tenant_id = $1 AND {} AND b.status IN {PURCHASES}
             UNION SELECT g.store_id, 7 FROM sales_return g WHERE g.tenant_id = $1 AND {} AND g.status IN {RETURNS}",
            ours("b"),
            ours("g")
        ),
    }
}

/// Which of the products the ledger has entries of.
pub async fn moved(reads: &impl Reads, ids: &[ProductId]) -> Result<Vec<ProductId>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT p.id FROM product p WHERE p.tenant_id = $1 AND {} AND EXISTS
           (SELECT 1 FROM entry e WHERE e.tenant_id = $1 AND e.product_id = p.id)",
        backend.in_ids("p.id", 2)
    );
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    rows.iter().map(|row| Row::new(row).take()).collect()
}
