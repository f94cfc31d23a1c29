//! No look-up by ID and no selective filter reads a whole table, or all rows of a tenant in it. The
//! databases' planners are queried for all root fields, kinds of nodes, fields of filters and sorts
//! that the schema offers, in a tenant of many rows. Each statement is bound to its tenant as well
//! (`tidy/tenants.rs`). A sort without an index has points of its own in the cost of an operation.
//!
//! `ENTREPOT_PLAN_ROWS` sets how many rows each large table of the tenant has (on Postgres; a
//! million takes minutes). SQLite plans by statistics that are made up, so its plans are the same
//! for any number of rows.

mod asks;
mod crowd;
mod leave;
mod plan;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, hash_map::Entry},
    env,
};

use entity::prelude::{ProductId, StoreId};
use entrepot::{
    orders, purchasing,
    stock::core::LevelKey,
    storage::{Backend, Database, Reads, TenantScope},
};

use crate::{authorization::world::World, tidy::tenants::complaint};
use asks::Wants;
use leave::{Leave, leave};

/// Enough rows that Postgres uses an index wherever one fits.
const ROWS: u64 = 10_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_selective_reads_little_on_sqlite() {
    let world = World::sqlite().await;
    run(&world).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_selective_reads_little_on_postgres() {
    let Some(world) = World::postgres().await else { return };
    let rows = env::var("ENTREPOT_PLAN_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(ROWS);
    crowd::crowd(&world, rows).await;
    run(&world).await;
    world.end().await;
}

/// Asks that may read more: the ask's name, or its beginning before a star, and the table. Each
/// group has its reason.
const MAY: &[(&str, &str)] = &[
    // Few values with many rows each: the page fills soon. Another index would slow down each write
    // of an order, movement or audit entry.
    ("alerts where kind*", "alert"),
    ("exchangeRates where base*", "exchange_rate"),
    ("exchangeRates where isReplaced", "exchange_rate"),
    ("exchangeRates where quote*", "exchange_rate"),
    ("exchangeRates where source*", "exchange_rate"),
    ("exchangeRates filter.enteredBy*", "exchange_rate"),
    ("documentReversals filter.createdBy*", "document_reversal"),
    ("documentReversals where kind*", "document_reversal"),
    ("invoices where kind*", "invoice"),
    ("invoices where legalEntity*", "invoice"),
    ("stocktakes where kind*", "stock_count"),
    ("fulfilmentWaves where isOpen", "fulfilment_wave"),
    ("fulfilmentWorks where deliveryMethod*", ""),
    ("fulfilmentWorks where isHeld", ""),
    ("fulfilmentWorks where status*", "fulfilment_work"),
    ("lots where status*", "lot"),
    ("orders filter.channel*", "sales_order"),
    ("orders where status*", "sales_order"),
    ("ordersCount filter.channel*", "sales_order"),
    ("ordersCount where status*", "sales_order"),
    ("orders where isHeld", "sales_order"),
    ("orders where register*", "sales_order"),
    ("orders where paymentStatus*", "sales_order"),
    ("orders where refundStatus*", "sales_order"),
    ("ordersCount where isHeld", "sales_order"),
    ("ordersCount where register*", "sales_order"),
    ("returns where register*", "sales_return"),
    ("ordersCount where paymentStatus*", "sales_order"),
    ("ordersCount where refundStatus*", "sales_order"),
    ("products where status*", "product"),
    ("products where tracking*", "product"),
    ("customers where country*", "customer"),
    ("customers where tag*", "customer"),
    ("customersCount where country*", "customer"),
    ("customersCount where tag*", "customer"),
    // Most customers have orders; the orders of each customer are found by an index.
    ("customers where hasOrders", "customer"),
    ("customersCount where hasOrders", "customer"),
    // The table has only tagged objects, and no index of tags, for the same reason.
    ("stores where tag*", "node_tags"),
    ("suppliers where tag*", "node_tags"),
    ("purchaseOrders where tag*", "node_tags"),
    ("purchaseOrders where tag*", "purchase_order"),
    ("blanketOrders where tag*", "node_tags"),
    ("blanketOrders where tag*", "blanket_order"),
    ("supplierReturns where tag*", "node_tags"),
    ("supplierReturns where tag*", "supplier_return"),
    ("returns where tag*", "node_tags"),
    ("returns where tag*", "sales_return"),
    ("stocktakes where tag*", "node_tags"),
    ("stocktakes where tag*", "stock_count"),
    ("transfers where tag*", "node_tags"),
    ("transfers where tag*", "transfer"),
    ("productsCount where status*", "product"),
    ("productsCount where tracking*", "product"),
    ("purchaseOrders filter.createdBy*", "purchase_order"),
    ("stockRevaluations filter.createdBy*", "revaluation"),
    ("returns filter.channel*", "sales_return"),
    ("stockMovements filter.store*", "movement"),
    ("stockMovements where kind*", "movement"),
    ("auditEntries filter.actor*", "audit_entry"),
    ("auditEntries where action*", "audit_entry"),
    ("auditEntries where outcome*", "audit_entry"),
    ("supplierReturns where reasonCode*", "supplier_return"),
    // There are some dozens of kinds of recurring jobs: any filter reads all of them in their
    // index.
    ("recurringJobsList where *", "job"),
    // Another time than that of the list's own order: both increase together, so the newest are
    // found soon.
    ("auditEntries where at*", "audit_entry"),
    ("documentReversals where occurredAt*", "document_reversal"),
    ("documentReversals where recordedAt*", "document_reversal"),
    ("exchangeRates where recordedAt*", "exchange_rate"),
    ("orders where createdAt*", "sales_order"),
    ("ordersCount where createdAt*", "sales_order"),
    ("returns where receivedAt*", "sales_return"),
    ("alerts where updatedAt*", "alert"),
    ("fulfilmentWaves where updatedAt*", "fulfilment_wave"),
    ("fulfilmentWorks where createdAt*", "fulfilment_work"),
    ("fulfilmentWorks where updatedAt*", "fulfilment_work"),
    ("stockRevaluations where createdAt*", "revaluation"),
    ("supplierReturns where createdAt*", "supplier_return"),
    ("supplierReturns where occurredAt*", "supplier_return"),
    ("stockMovements where occurredAt*", "movement"),
    ("stockMovements where recordedAt*", "movement"),
    // Text in the middle of a column has no index; a prefix is sorted by another column.
    ("invoices where number contains", "invoice"),
    ("invoices where number startsWith", "invoice"),
    ("*where externalRef contains", ""),
    ("*where externalRef startsWith", ""),
    ("*where externalRefs contains", ""),
    ("*where externalRefs startsWith", ""),
    ("*where supplierSku contains", "supplier_product"),
    ("*where supplierSku startsWith", "supplier_product"),
    ("*where code startsWith", "lot"),
    // Row security prevents LIKE from using the index of texts on Postgres (docs/decisions/0040),
    // and each part of a mistyped word has a branch.
    ("*where name contains", "product"),
    ("*where sku contains", ""),
    ("*where search", "product"),
    // Metadata are texts that are searched row by row: other tests narrow the rows.
    ("*where metadata key", "product"),
    ("*where metadata value", "product"),
    ("customers where metadata*", "customer"),
    ("customers where metadata*", "node_tags"),
    ("customersCount where metadata*", "customer"),
    ("customersCount where metadata*", "node_tags"),
    ("*where barcode contains", ""),
    // Summed over the levels of each product in the list's order, and a store has levels of many products.
    ("products where stockStatus*", "product"),
    ("productsCount where stockStatus*", "product"),
    ("products filter.stockedIn*", ""),
    ("productsCount filter.stockedIn*", ""),
    ("expiringLots product.stockedIn*", ""),
    // The lots of some days, which few of all expire in: conditions narrow them.
    ("expiringLots filter.*", ""),
    ("expiringLots where*", ""),
    ("products where stockedIn*", ""),
    ("productsCount where stockedIn*", ""),
    // Null is in no index of rows that have a value: other tests narrow the rows.
    ("*isNull", ""),
    // Notes and tags are few, and no order is to pay for an index of them.
    ("orders where note*", "sales_order"),
    ("ordersCount where note*", "sales_order"),
    ("ordersCount where note*", "order_detail"),
    ("orders where metadata*", "sales_order"),
    ("ordersCount where metadata*", "sales_order"),
    ("ordersCount where metadata*", "order_detail"),
    ("orders where tag*", "sales_order"),
    ("ordersCount where tag*", "sales_order"),
    ("ordersCount where tag*", "order_detail"),
    // Sum of two columns that change with every line: other tests narrow the purchase orders.
    ("purchaseOrders where total*", "purchase_order"),
    // The crowd has few reversals; each half of the look-up has an index of its own.
    ("node grn", "document_reversal"),
    ("node por", "document_reversal"),
    ("node srt", "document_reversal"),
    ("purchaseOrder", "document_reversal"),
    // Most lots with an expiry date expire in the future.
    ("lots where expiresOn gte", "lot"),
    // All of a tenant's orders and invoices are in few currencies.
    ("*where total currencyCode", "sales_order"),
    ("invoices where total*", "invoice"),
    // If a store has many lots, a page is found soon among the newest lots; if it has few, they are
    // read by the store.
    ("lots filter.store*", "lot"),
    // Computed from several columns, or from columns without an index, because each change of a
    // level would have to update it.
    ("stockLevels*", "stock_level"),
    ("stockLevels*", "product"),
    // Both change with every movement of the lot, which would have to update an index. Other tests
    // narrow the lots.
    ("lots where onHand*", "lot"),
    ("lots where updatedAt*", "lot"),
    // All lines that wait, which are few, or the orders in the order of the list.
    ("backorders*", "order_line"),
    ("backorders filter.channel*", "sales_order"),
    ("backorders where*", "sales_order"),
    // A tenant has few: jobs of a week, exchanges, files that are summed up by an index of their own.
    ("bulkOperationRun", "exchange"),
    ("bulkOperationRun", "job"),
    ("dataJobs where states*", "exchange"),
    ("dataJobs where status*", "exchange"),
    ("dataJobs where kind*", "exchange"),
    ("dataJobs where entity*", "exchange"),
    ("exportCreate", "exchange"),
    ("importCreate", "exchange"),
    ("jobs*", "job"),
    ("fileUploadCreate", "file"),
    ("productLabelSheetCreate", "file"),
    ("paperCreate", "file"),
    // A product, kit or store is checked once against all open documents before it is closed for
    // good.
    ("kitSet", ""),
    ("productArchive", ""),
    ("storeArchive", ""),
    // Their index has archived rows alone, in the order of the list.
    ("customers where isArchived", "customer"),
    ("customersCount where isArchived", "customer"),
    ("supplierProducts where isArchived", "supplier_product"),
    // A tenant has few families: their names are compared after they are read, and they have an index of archived rows alone.
    ("productFamilies where*", "product_family"),
    // Whether there is any at all.
    ("tenantUpdate", "movement"),
    // A plan covers all levels, owed units and drafts of the tenant, and its lines are compared
    // with their current state.
    ("replenishmentPlanCreate", ""),
    ("replenishmentPlanApprove", ""),
    ("liquidationPlanCreate", ""),
    ("liquidationPlanApprove", ""),
    ("liquidationPlanAdvance", ""),
    // The book is brought up to date in pages, in addition to the change.
    ("stockRevalue", "return_match"),
    ("revaluationReverse", "return_match"),
    ("purchaseOrderChargeAdd", "cost_pool"),
];

/// The entry of `MAY` that a read is excused by.
fn excuse(ask: &str, table: &str) -> Option<usize> {
    // A partition's name is that of its table, followed by its month.
    let table =
        migration::months::PARTED.iter().map(|parted| parted.table).find(|whole| table.starts_with(whole)).unwrap_or(table);
    MAY.iter().position(|(name, of)| {
        let fits = match (name.strip_prefix('*'), name.strip_suffix('*')) {
            (Some(end), _) => ask.ends_with(end),
            (_, Some(start)) => ask.starts_with(start),
            _ => ask == *name,
        };
        fits && (of.is_empty() || *of == table)
    })
}

/// Statements and the index that SQLite must choose for each without a hint: one that has few rows,
/// or one by the given IDs if many rows have the requested state.
const BY_FEW: &[(&str, &str)] = &[
    (
        "SELECT count(*) FROM sales_order o
         WHERE o.tenant_id = $1 AND o.status IN ('PENDING', 'CONFIRMED', 'PARTIALLY_FULFILLED')",
        "sales_order_open",
    ),
    ("SELECT l.order_id FROM order_line l WHERE l.tenant_id = $1 AND l.backordered > 0", "order_line_backordered"),
    (
        "SELECT m.return_id FROM return_match m
         JOIN sales_return r ON r.tenant_id = $1 AND r.id = m.return_id AND r.status = 'CLOSED'
         WHERE m.tenant_id = $1 AND m.order_id IN (SELECT unhex(value) FROM json_each($2))",
        "return_match_order",
    ),
    (
        "SELECT count(*) FROM demand_week d WHERE d.tenant_id = $1 AND d.generation = $2 AND d.week_date >= $3 AND d.week_date < $4
         AND d.product_id = $5",
        "demand_week_level",
    ),
];

/// Returns faults in the plans of the first query of writes, which looks for references that are
/// taken: imports run it for each hundred documents.
async fn references(scope: &TenantScope, db: &Database) -> Vec<String> {
    let catalog = plan::catalog(scope).await;
    let (orders, sent) = db.record_statements(orders::rows::existing_order_references(scope, &["A-1", "A-2"])).await;
    let (bought, more) = db.record_statements(purchasing::rows::taken_refs(scope, &["A-1", "A-2"])).await;
    assert!(orders.unwrap().is_empty() && bought.unwrap().is_empty() && sent.len() + more.len() == 2, "{sent:?} {more:?}");
    let mut found = Vec::new();
    for statement in sent.into_iter().chain(more) {
        let plan = plan::of(scope, &statement, &catalog).await.expect("a plan");
        found.extend(plan.reads_too_much(Wants::Few).into_iter().map(|read| format!("{read:?}: {}", statement.sql)));
    }
    found
}

/// The queue for a product is read for each level that receives stock: SQLite looks among its parts
/// of kits and not through all open orders of the store.
async fn begins_with_parts(scope: &TenantScope, db: &Database) {
    let key = LevelKey { product: ProductId::NIL, store: StoreId::NIL };
    let (queue, sent) = db.record_statements(orders::rows::backorder_queue(scope, key, 10)).await;
    assert!(queue.unwrap().is_empty() && sent.len() == 1, "{sent:?}");
    let plan = db.explain(&sent[0].sql).await.unwrap().join("\n");
    assert!(plan.contains("order_line_part_product") && !plan.contains("sales_order_open"), "{plan}");
}

/// Plans are made without the values, and SQLite takes the indexes that were made for its statements.
async fn takes_what_is_meant(scope: &TenantScope, db: &Database) {
    let query = "SELECT o.id FROM sales_order o WHERE o.tenant_id = $1 AND o.id = $2";
    let plan = db.explain(query).await.unwrap().join("\n");
    let parameter = if scope.backend() == Backend::Postgres { "$2" } else { "id=?" };
    assert!(plan.contains(parameter), "a plan without values: {plan}");
    if scope.backend() == Backend::Postgres {
        return;
    }
    for (query, index) in BY_FEW {
        let plan = db.explain(query).await.unwrap().join("\n");
        assert!(plan.contains(*index), "{query}: {plan}");
    }
    begins_with_parts(scope, db).await;
}

async fn run(world: &World) {
    let (asks, mut found, mut failed, mut statements) = (asks::all(world).await, BTreeSet::new(), Vec::new(), 0);
    let (mut used, mut loose, mut plans) = (BTreeSet::new(), BTreeSet::new(), HashMap::new());
    let (mut whole, mut weighed) = (BTreeSet::new(), BTreeSet::new());
    let scope = world.node.db.tenant(world.ours.owner.tenant);
    let alone = match scope.backend() {
        Backend::Postgres => crowd::left_alone(&scope).await,
        Backend::Sqlite => BTreeMap::new(),
    };
    let catalog = plan::catalog(&scope).await;
    let refused: Vec<_> = alone.iter().filter(|(_, reason)| !reason.is_empty()).collect();
    let empty: Vec<_> =
        alone.iter().filter(|(name, reason)| reason.is_empty() && plan::is_large(name)).map(|(name, _)| name).collect();
    println!("too small to tell: {empty:?}");
    found.extend(references(&scope, &world.node.db).await);
    for ask in &asks {
        let requested_answer = world.execute(&world.ours, Some(world.ours.owner.clone()), &ask.document, &ask.variables);
        let (answer, sent) = world.node.db.record_statements(requested_answer).await;
        if !answer["errors"].is_null() && ask.wants != Wants::Change {
            failed.push(format!("{}: {answer}", ask.name));
        }
        for statement in sent {
            // Many asks begin with the same statements, which have the same plans.
            let plan = match plans.entry(format!("{} {:?}", statement.sql, statement.values)) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => {
                    loose.extend(complaint(&statement, world.ours.owner.tenant));
                    new.insert(plan::of(&scope, &statement, &catalog).await)
                }
            };
            let Some(plan) = plan else { continue };
            statements += 1;
            for read in plan.reads_too_much(ask.wants) {
                if ask.sort.is_none() {
                    whole.insert((ask.name.clone(), read.table.clone()));
                }
                if let Some(leave) = leave(ask, &read.table, &whole) {
                    match leave {
                        Leave::Entry(entry) => used.insert(entry),
                        Leave::Points => weighed.insert(&ask.name),
                    };
                } else if ![&read.table, &read.index].iter().any(|name| alone.contains_key(*name)) {
                    let sql = statement.sql.split_whitespace().collect::<Vec<_>>().join(" ");
                    found.insert(format!("{}: {} ({})\n    {sql}", ask.name, read.table, read.how));
                }
            }
        }
    }
    println!("{} asks, {statements} statements", asks.len());
    takes_what_is_meant(&scope, &world.node.db).await;
    // An entry that neither database needs can go.
    let unused = MAY.iter().enumerate().filter(|(at, _)| !used.contains(at)).map(|(_, entry)| entry);
    println!("not needed on {:?}: {:?}", scope.backend(), unused.collect::<Vec<_>>());
    println!("sorts with points that are needed on {:?}: {weighed:?}", scope.backend());
    assert!(asks.len() > 300 && statements > 1_000, "too little was asked to prove anything");
    assert!(loose.is_empty(), "{} statements on {:?}: {loose:#?}", loose.len(), scope.backend());
    let found: Vec<_> = found.into_iter().collect();
    assert!(refused.is_empty() && failed.is_empty(), "{refused:#?}\n{}\n{}", failed.join("\n"), found.join("\n"));
    assert!(found.is_empty(), "{} on {:?}:\n{}", found.len(), scope.backend(), found.join("\n"));
}
