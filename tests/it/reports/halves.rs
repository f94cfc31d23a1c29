//! Reports whose orders are read in two halves: wherever these are cut, they have what one reading has.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use entity::prelude::{TenantId, Timestamp};
use entrepot::{
    clock::{parse_day, rfc3339},
    demand::{
        rows::{DemandDimension, FactFilter, fact_page},
        shell::catch_up,
    },
    insight::rows::{SplitPoint, SplitSetting, default_currency},
    paging::PageRequest,
    storage::{Backend, Database, Extensions, Fault, Reads, Row, TenantScope},
};
use sea_orm::{QueryResult, Statement};
use serde_json::{Value, json};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{
    builder::{of_products, shop},
    day, execute, filter, order,
    sales::FILLED,
    stocked,
};
use crate::{
    authorization::world::World,
    costing::world::Books,
    demand::days::days_ago,
    purchasing::office::{accepted, gbp, key},
    world::on_both,
};

on_both!(
    pairs_of_products_are_those_of_one_reading,
    what_left_in_time_is_that_of_one_reading,
    orders_of_categories_are_those_of_one_reading,
    sales_are_those_of_one_reading,
    movements_are_those_of_one_reading,
    facts_of_stores_and_channels_are_those_of_one_reading,
    facts_that_are_counted_between_two_halves_are_read_anew,
);

/// IDs of orders, the times at which they were placed, and values before and after all of them.
async fn cuts(world: &World) -> Vec<SplitPoint> {
    let scope = world.node.db.tenant(world.ours.owner.tenant);
    let placed = scope.rows("SELECT o.placed_at FROM sales_order o WHERE o.tenant_id = $1", vec![]).await.unwrap();
    let ids = scope.rows("SELECT o.id FROM sales_order o WHERE o.tenant_id = $1 ORDER BY o.id", vec![]).await.unwrap();
    let mut moments: Vec<i64> = placed.iter().map(|row| Row::scalar(row).unwrap()).collect();
    moments.sort_unstable();
    moments.dedup();
    let ids: Vec<Uuid> = ids.iter().map(|row| Row::scalar(row).unwrap()).collect();
    let by = ids.iter().copied().step_by(1 + ids.len() / 4).chain([Uuid::nil(), Uuid::max()]).map(SplitPoint::By);
    let at = moments.iter().copied().step_by(1 + moments.len() / 4).chain([0, i64::MAX]).map(|at| SplitPoint::At(Timestamp(at)));
    by.chain(at).collect()
}

/// The answer that has all orders read at once, which is that of two halves wherever these are cut.
async fn same_in_halves(books: &Books<'_>, cuts: &[SplitPoint], query: &str, variables: &Value) -> Value {
    let read = async |halving: SplitSetting| {
        books.office.world.node.db.extensions().insert(halving);
        execute(books, query, variables.clone()).await
    };
    let whole = read(SplitSetting::Never).await;
    for halving in cuts.iter().map(|cut| SplitSetting::At(*cut)).chain([SplitSetting::From(1)]) {
        assert_eq!(read(halving).await, whole, "{halving:?} {variables}");
    }
    whole
}

/// All pages of a list, after a check that each is the same in halves; `list` is the JSON pointer
/// to the list.
async fn same_pages(books: &Books<'_>, cuts: &[SplitPoint], (query, list): (&str, &str), mut variables: Value) -> Vec<Value> {
    let mut pages = Vec::new();
    loop {
        let page = same_in_halves(books, cuts, query, &variables).await;
        let has_next = page.pointer(list).unwrap()["pageInfo"]["hasNextPage"] == true;
        pages.push(page);
        if !has_next {
            return pages;
        }
        // Cursors differ between answers, so the next one is read separately.
        let ends = execute(books, &query.replace("hasNextPage", "endCursor"), variables.clone()).await;
        variables["a"] = ends.pointer(list).unwrap()["pageInfo"]["endCursor"].clone();
    }
}

const PAIRS: &str = "query($f: SalesReportFilter!, $n: Int, $a: Cursor) { boughtTogether(filter: $f, first: $n, after: $a) {
    nodes { product { sku } otherProduct { sku } ordersTogether productOrders otherProductOrders lift support chiSquare }
    totals { orders leftOutOrders pairs } pageInfo { hasNextPage } } }";

async fn pairs_of_products_are_those_of_one_reading(world: &World) {
    let books = Books::of(world).await;
    let mut created = Vec::new();
    for sku in ["MUG", "SAUCER", "BOWL", "SPOON", "LAMP"] {
        created.push(stocked(&books, sku, 200, 9).await);
    }
    // Two pairs that are equal in all but their products.
    for _ in 0..10 {
        for lines in [&[(&created[0], 1), (&created[1], 1)][..], &[(&created[2], 1), (&created[3], 1)], &[(&created[4], 1)]] {
            order(&books, lines, 3, Value::Null).await;
        }
    }
    let large: Vec<(&Value, i64)> = (0..101).map(|nth| (&created[nth % 3], 1)).collect();
    order(&books, &large, 3, Value::Null).await;
    let cuts = cuts(world).await;
    let ask = |days| json!({ "f": filter(&books, days), "n": 1 });
    let pages = same_pages(&books, &cuts, (PAIRS, ""), ask((4, 2))).await;
    assert_eq!((pages.len(), &pages[0]["totals"]), (2, &json!({ "orders": 30, "leftOutOrders": 1, "pairs": 2 })), "{pages:#?}");
    let none = same_in_halves(&books, &cuts, PAIRS, &ask((8, 7))).await;
    assert_eq!((&none["nodes"], &none["totals"]["orders"]), (&json!([]), &json!(0)), "two halves without an order");
    // Halves need one statement more than a single read; a repeated read of the whole would be a
    // second one.
    let statements = async |halving: SplitSetting| {
        world.node.db.extensions().insert(halving);
        let before = world.node.db.statements();
        execute(&books, PAIRS, ask((4, 2))).await;
        world.node.db.statements() - before
    };
    let once = statements(SplitSetting::Never).await;
    for cut in cuts.into_iter().filter(|cut| matches!(cut, SplitPoint::By(_))) {
        assert_eq!(statements(SplitSetting::At(cut)).await, once + 1, "{cut:?}");
    }
}

async fn what_left_in_time_is_that_of_one_reading(world: &World) {
    let books = Books::of(world).await;
    let mug = stocked(&books, "MUG", 200, 9).await;
    // Every second order is shipped too late, in two fulfilments; the others were shipped at once.
    for nth in 0..6 {
        let status = if nth % 2 == 0 { Value::Null } else { json!({ "status": "CONFIRMED" }) };
        let new_order = order(&books, &[(&mug, 3), (&mug, 2)], 4, status).await;
        for (line, quantity) in [(0, 2), (1, 2)].into_iter().filter(|_| nth % 2 == 1) {
            let lines = json!([{ "lineId": new_order["lines"][line]["id"], "quantity": quantity }]);
            let input =
                json!({ "idempotencyKey": key(), "id": new_order["id"], "lines": lines, "occurredAt": days_ago(world, 2) });
            accepted(&books.office.mutate("orderFulfil", "OrderFulfilInput", "order { id }", input).await, "order");
        }
    }
    let cuts = cuts(world).await;
    for (hours, shipped) in [(24, 15), (72, 27)] {
        let found = same_in_halves(&books, &cuts, FILLED, &json!({ "f": filter(&books, (5, 3)), "h": hours })).await;
        let figures = ["orders", "orderedUnits", "shippedUnits", "fulfilments"].map(|name| found["nodes"][0][name].clone());
        assert_eq!(json!(figures), json!([6, 30, shipped, 6]), "{found:#}");
    }
}

const ORDERS: &str = "query($d: [ReportDimension!]!, $f: SalesReportFilter!, $n: Int, $a: Cursor) {
    report(measures: [ORDERS, SOLD_UNITS], dimensions: $d, filter: $f, comparison: PREVIOUS_PERIOD, sort: { measure: ORDERS }, first: $n, after: $a) {
      rowCount nodes { date category { name } topCategory { name } supplier { id } store { code } values { measure value before } }
      totals { values { measure value before } } pageInfo { hasNextPage } } }";

/// The store where it is midnight when it is noon in UTC, with two orders of mugs and plates: a moment before its midnight, and at it.
async fn far_store(books: &Books<'_>, products: &[Value]) {
    let office = &books.office;
    let input = json!({ "code": "FAR", "name": "FAR", "timeZone": "Asia/Kamchatka" });
    let payload = office.mutate("storeCreate", "StoreCreateInput", "store { id }", input).await;
    let store = json!({ "id": accepted(&payload, "store")["id"] });
    let changes: Vec<Value> = products
        .iter()
        .map(|product| json!({ "product": product, "store": store, "delta": 50, "unitCost": gbp("2.00") }))
        .collect();
    let input = json!({ "idempotencyKey": key(), "kind": "RECEIPT", "reasonCode": "OTHER", "changes": changes, "occurredAt": days_ago(office.world, 60) });
    accepted(&office.mutate("stockAdjust", "StockAdjustInput", "movement { id }", input).await, "movement");
    let noon = i64::from(parse_day(&day(office.world, 3)).unwrap()) * 86_400_000_000 + 43_200_000_000;
    for at in [noon - 1, noon] {
        let lines = [(&products[0], 1), (&products[1], 1), (&products[0], 2)];
        order(books, &lines, 3, json!({ "store": store, "placedAt": rfc3339(Timestamp(at)) })).await;
    }
}

async fn orders_of_categories_are_those_of_one_reading(world: &World) {
    let books = Books::of(world).await;
    let products = shop(&books).await;
    far_store(&books, &products).await;
    let cuts = cuts(world).await;
    for dimensions in [json!(["CATEGORY"]), json!(["TOP_CATEGORY"]), json!(["SUPPLIER"]), json!(["DAY", "STORE", "CATEGORY"])] {
        let ask = json!({ "d": dimensions, "f": of_products(&books, &products, (7, 1)), "n": 3 });
        let pages = same_pages(&books, &cuts, (ORDERS, ""), ask).await;
        let rows: usize = pages.iter().map(|page| page["nodes"].as_array().unwrap().len()).sum();
        assert_eq!(pages[0]["rowCount"], json!(rows), "{dimensions}");
    }
    // Only one of the two orders is of the store's day.
    let of_far = async |days| {
        let ask = json!({ "d": ["STORE", "CATEGORY"], "f": of_products(&books, &products, days), "n": 50 });
        let found = same_in_halves(&books, &cuts, ORDERS, &ask).await;
        let rows = found["nodes"].as_array().unwrap().iter().filter(|row| row["store"]["code"] == "FAR");
        rows.map(|row| row["values"][0]["value"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(of_far((3, 3)).await, ["1", "1"], "mugs and plates of the day that ends");
    assert_eq!(of_far((3, 2)).await, ["2", "2"]);
    let none = of_products(&books, &products, (30, 28));
    let found = same_in_halves(&books, &cuts, ORDERS, &json!({ "d": ["CATEGORY"], "f": none, "n": 3 })).await;
    assert_eq!(found["nodes"], json!([]), "two halves without an order: {found:#}");
}

const SALES: &str = "query($from: DateTime, $to: DateTime, $g: SalesGroup!, $t: SalesMeasure, $n: Int, $a: Cursor) { salesSummary(from: $from, to: $to) {
    total { orders returns orderLines unitsSold grossRevenue { amount } netRevenue { amount } }
    rows(groupBy: $g, topBy: $t, first: $n, after: $a) {
      nodes { key orders orderLines unitsSold grossRevenue { amount } netRevenue { amount } } totalCount { count precision } pageInfo { hasNextPage } } } }";

async fn sales_are_those_of_one_reading(world: &World) {
    let books = Books::of(world).await;
    let products = shop(&books).await;
    far_store(&books, &products).await;
    let cuts = cuts(world).await;
    // From the moment of an order, and up to that of another.
    let spans = [
        json!({ "from": days_ago(world, 30), "to": days_ago(world, 29) }),
        json!({ "from": days_ago(world, 40), "to": days_ago(world, 2) }),
        json!({}),
    ];
    let others = ["DAY", "MONTH", "STORE", "CHANNEL", "COUNTRY", "CUSTOMER"].map(|group| (group, Value::Null, 1));
    let of_products = [("CATEGORY", Value::Null, 3), ("CATEGORY", json!("ORDERS"), 3), ("PRODUCT", Value::Null, 3)];
    for (group, measure, spanned) in of_products.into_iter().chain(others) {
        for span in spans.iter().rev().take(spanned) {
            let mut ask = json!({ "g": group, "t": measure, "n": 2 });
            span.as_object().unwrap().iter().for_each(|(name, at)| ask[name] = at.clone());
            let pages = same_pages(&books, &cuts, (SALES, "/rows"), ask).await;
            let rows: usize = pages.iter().map(|page| page["rows"]["nodes"].as_array().unwrap().len()).sum();
            assert_eq!(pages[0]["rows"]["totalCount"], json!({ "count": rows, "precision": "EXACT" }), "{group} {span}");
            let query = "query($from: DateTime, $to: DateTime) { salesSummary(from: $from, to: $to) {
                total { orders returns orderLines unitsSold grossRevenue { amount } netRevenue { amount } } } }";
            let alone = execute(&books, query, span.clone()).await;
            assert_eq!(pages[0]["total"], alone["total"], "{group} {span}: the total by itself");
        }
    }
}

const MOVEMENTS: &str = "query($f: MovementFilter, $g: MovementGroup!, $n: Int, $a: Cursor) { movementSummary(filter: $f) {
    total { movements entries unitsIn unitsOut value { amount } }
    rows(groupBy: $g, first: $n, after: $a) {
      nodes { key movements entries unitsIn unitsOut value { amount } } totalCount { count precision } pageInfo { hasNextPage } } } }";
const MOVEMENT_ROWS: &str = "query($f: MovementFilter, $g: MovementGroup!, $n: Int, $a: Cursor) { movementSummary(filter: $f) {
    rows(groupBy: $g, first: $n, after: $a) { nodes { key movements entries unitsIn unitsOut value { amount } } pageInfo { hasNextPage } } } }";

async fn movements_are_those_of_one_reading(world: &World) {
    let books = Books::of(world).await;
    let products = shop(&books).await;
    far_store(&books, &products).await;
    // Events are halved separately, independent of the cut of orders.
    let cuts = [SplitPoint::By(Uuid::nil())];
    let rows = |pages: &[Value]| -> Vec<Value> {
        pages.iter().flat_map(|page| page["rows"]["nodes"].as_array().unwrap().clone()).collect()
    };
    for group in ["PRODUCT", "STORE", "KIND", "DAY"] {
        for filter in [Value::Null, json!({ "kind": ["RECEIPT"] }), json!({ "occurredAt": { "gte": days_ago(world, 70) } })] {
            let ask = json!({ "f": filter, "g": group, "n": 2 });
            let pages = same_pages(&books, &cuts, (MOVEMENTS, "/rows"), ask.clone()).await;
            let all = rows(&pages);
            assert_eq!(pages[0]["rows"]["totalCount"], json!({ "count": all.len(), "precision": "EXACT" }), "{group} {filter}");
            let least = if matches!(group, "PRODUCT" | "STORE") { 2 } else { 1 };
            assert!(all.len() >= least, "{group} {filter}: {all:#?}");
            let query = "query($f: MovementFilter) { movementSummary(filter: $f) {
                total { movements entries unitsIn unitsOut value { amount } } } }";
            let alone = execute(&books, query, json!({ "f": filter })).await;
            assert_eq!(pages[0]["total"], alone["total"], "{group} {filter}: the total by itself");
            let paged = same_pages(&books, &cuts, (MOVEMENT_ROWS, "/rows"), ask).await;
            assert_eq!(rows(&paged), all, "{group} {filter}: page by page");
        }
    }
}

const FACTS: &str = "query($g: [DemandDimension!]!, $f: DemandFilter, $n: Int, $a: Cursor) { demandFacts(groupBy: $g, filter: $f, first: $n, after: $a) {
    nodes { day store { code } channel { code } soldUnits netUnits activeDays largestLineUnits grossRevenue { amount } }
    totals { soldUnits netUnits activeDays largestLineUnits grossRevenue { amount } } pageInfo { hasNextPage } } }";

async fn facts_of_stores_and_channels_are_those_of_one_reading(world: &World) {
    let books = Books::of(world).await;
    let products = [stocked(&books, "MUG", 200, 9).await, stocked(&books, "PLATE", 200, 9).await];
    far_store(&books, &products).await;
    for (days, units) in [(6, 1), (4, 7), (4, 2), (3, 3)] {
        order(&books, &[(&products[0], units), (&products[1], 1)], days, Value::Null).await;
    }
    let at_noon =
        |days: i64| SplitPoint::At(Timestamp(i64::from(parse_day(&day(world, days)).unwrap()) * 86_400_000_000 + 43_200_000_000));
    let cuts: Vec<SplitPoint> = (0..11).map(at_noon).chain(cuts(world).await).collect();
    let ours = json!({ "product": { "in": [products[0]["id"], products[1]["id"]] } });
    for group in
        [json!(["STORE"]), json!(["CHANNEL"]), json!(["CHANNEL", "STORE"]), json!(["DAY", "STORE"]), json!(["STORE", "DAY"])]
    {
        let all = same_in_halves(&books, &cuts, FACTS, &json!({ "g": group, "f": ours, "n": 50 })).await;
        let rows = all["nodes"].as_array().unwrap();
        let sold = rows.iter().map(|row| row["soldUnits"].as_i64().unwrap()).sum::<i64>();
        assert!(rows.len() > 1 && all["totals"]["soldUnits"] == sold, "{all:#}");
        assert_eq!(all["totals"]["largestLineUnits"], 7, "{all:#}");
        let pages = same_pages(&books, &cuts, (FACTS, ""), json!({ "g": group, "f": ours, "n": 1 })).await;
        let paged: Vec<&Value> = pages.iter().flat_map(|page| page["nodes"].as_array().unwrap()).collect();
        assert_eq!(json!(paged), all["nodes"], "{group}");
        assert!(pages.iter().all(|page| page["totals"] == all["totals"]), "the totals are of all pages");
    }
    let days = json!({ "product": ours["product"], "from": day(world, 4), "to": day(world, 3) });
    let few = json!({ "g": ["CHANNEL"], "f": days, "n": 50 });
    let some = same_in_halves(&books, &cuts, FACTS, &few).await;
    assert_eq!((&some["totals"]["soldUnits"], &some["totals"]["activeDays"]), (&json!(19), &json!(2)), "{some:#}");
}

/// Reads whose later half waits until new facts are counted after the earlier half.
struct CountedBetween<'a> {
    scope: TenantScope,
    db: &'a Database,
    halves: AtomicUsize,
    counted: Notify,
}

#[async_trait]
impl Reads for CountedBetween<'_> {
    fn tenant(&self) -> TenantId {
        self.scope.tenant()
    }
    fn backend(&self) -> Backend {
        self.scope.backend()
    }
    fn extensions(&self) -> &Extensions {
        self.scope.extensions()
    }
    async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>, Fault> {
        let is_half = statement.sql.contains("group_concat(DISTINCT");
        let half = is_half.then(|| self.halves.fetch_add(1, Ordering::SeqCst));
        if half == Some(1) {
            self.counted.notified().await;
        }
        let rows = self.scope.query(statement).await?;
        if half == Some(0) {
            catch_up(self.db, self.tenant(), usize::MAX).await?;
            self.counted.notify_one();
        }
        Ok(rows)
    }
}

async fn facts_that_are_counted_between_two_halves_are_read_anew(world: &World) {
    let db = &world.node.db;
    if db.backend() != Backend::Sqlite {
        return;
    }
    let books = Books::of(world).await;
    let mug = stocked(&books, "MUG", 200, 9).await;
    for (days, units) in [(6, 1), (3, 2)] {
        order(&books, &[(&mug, units)], days, Value::Null).await;
    }
    assert!(catch_up(db, world.ours.owner.tenant, usize::MAX).await.unwrap().is_current());
    // A sale of each half, which the journal has and the facts have not.
    for (days, units) in [(6, 10), (3, 20)] {
        order(&books, &[(&mug, units)], days, Value::Null).await;
    }
    let middle = i64::from(parse_day(&day(world, 5)).unwrap()) * 86_400_000_000;
    db.extensions().insert(SplitSetting::At(SplitPoint::At(Timestamp(middle))));
    let scope = db.tenant(world.ours.owner.tenant);
    let currency = default_currency(&scope).await.unwrap();
    let reads = CountedBetween { scope, db, halves: AtomicUsize::new(0), counted: Notify::new() };
    let all = PageRequest { limit: 50, backward: false, after: None, before: None };
    let (group, filter) = ([DemandDimension::Store], FactFilter::default());
    let found = fact_page(&reads, &group, &filter, currency, &all).await.unwrap();
    assert_eq!(reads.halves.load(Ordering::SeqCst), 2);
    db.extensions().insert(SplitSetting::Never);
    let whole = fact_page(&reads.scope, &group, &filter, currency, &all).await.unwrap();
    assert_eq!(found, whole, "either both sales or none of them");
    // Sales in another currency need a second read, in halves as well.
    let euros = json!([{ "product": mug, "quantity": 4, "unitPrice": { "amount": "30.00", "currencyCode": "EUR" } }]);
    order(&books, &[], 3, json!({ "lines": euros })).await;
    assert!(catch_up(db, world.ours.owner.tenant, usize::MAX).await.unwrap().is_current());
    let mixed = fact_page(&reads.scope, &group, &filter, currency, &all).await.unwrap();
    db.extensions().insert(SplitSetting::At(SplitPoint::At(Timestamp(middle))));
    let halves = fact_page(&reads.scope, &group, &filter, currency, &all).await.unwrap();
    assert_eq!((halves.1.others > 0, &halves), (true, &mixed));
    let sums = [&whole, &mixed].map(|(_, totals)| (totals.figures.gross_minor, totals.figures.shipped_units));
    assert_eq!((sums[1].0, sums[1].1), (sums[0].0, sums[0].1 + 4), "its goods left, and its revenue is another one");
}
