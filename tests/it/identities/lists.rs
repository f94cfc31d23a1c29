//! Cursors of every list, as the last release gave them out: each still opens, and opens nothing else. And lists that are read from their ends.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entrepot::{
    catalog::rows::filter as products,
    graphql::canonical,
    paging::{CursorSigner, Key},
};
use serde_json::{Value, json};

use super::golden::{id, with_registry};
use crate::{authorization::world::World, world::on_both};

fn n(n: i64) -> Key {
    Key::Int(n)
}
fn i() -> Key {
    Key::Id(id(5))
}
fn t(text: &str) -> Key {
    Key::Text(text.to_owned())
}

/// The days of a report.
const JANUARY: &str = "filter: { from: \"2026-01-01\", to: \"2026-01-31\" }";

/// All lists with a cursor: name, arguments, the binding of their cursors (`{…}` stands for an ID
/// of the company's), and the keys in them.
fn lists() -> Vec<(&'static str, &'static str, &'static str, Vec<Key>)> {
    vec![
        ("Query.abcXyz", JANUARY, "abcXyz", vec![n(7), t("mug"), i()]),
        ("Query.alerts", "", "alerts:OPENED_AT:DESC", vec![n(7), i()]),
        ("Query.alerts", "sort: { field: UPDATED_AT, direction: ASC }", "alerts:UPDATED_AT:ASC", vec![n(7), i()]),
        ("Query.alertRulesList", "", "alertRules", vec![t("LOW_STOCK"), t("-/-"), i()]),
        ("Query.auditEntries", "", "audit", vec![n(7)]),
        ("Query.auditEntries", "sort: { field: SEQ, direction: ASC }", "audit:SEQ:ASC", vec![n(7)]),
        ("Query.carriersList", "", "carriers", vec![t("post"), i()]),
        ("Query.eventTypes", "", "eventTypes", vec![t("order.created")]),
        (
            "Query.eventTypes",
            "sort: { field: PERMISSION, direction: DESC }",
            "eventTypes:PERMISSION:DESC",
            vec![t("order.read"), t("order.created")],
        ),
        ("Query.holdRulesList", "", "holdRules", vec![t("LARGE")]),
        ("Query.integrationsList", "", "integrations", vec![i()]),
        ("Query.legalEntitiesList", "", "legalEntities", vec![t("ltd"), i()]),
        ("Query.numberPatternsList", "", "numberPatterns", vec![n(1)]),
        (
            "Query.numberPatternsList",
            "sort: { field: PATTERN, direction: DESC }",
            "numberPatterns:PATTERN:DESC",
            vec![t("PO-{n:6}"), n(1)],
        ),
        ("Query.permissionsList", "", "permissions", vec![t("order.read")]),
        ("Query.recurringJobsList", "", "recurringJobs", vec![t("stock.expire"), i()]),
        ("Query.recurringJobsList", "sort: { field: LAST_RUN_AT }", "recurringJobs:LAST_RUN_AT:ASC", vec![n(7), i()]),
        ("Query.rolesList", "", "roles", vec![n(1), t("clerk"), i()]),
        ("Query.storeGroupsList", "", "storeGroups", vec![t("north"), i()]),
        ("Query.webhookEndpointsList", "", "webhookEndpoints", vec![i()]),
        (
            "Query.webhookEndpointsList",
            "sort: { field: URL, direction: DESC }",
            "webhookEndpoints:URL:DESC",
            vec![t("https://shop.example"), i()],
        ),
        ("Query.backorders", "", "backorders:PLACED_AT:ASC", vec![n(7), n(1), n(1)]),
        (
            "Query.backorders",
            "sort: { field: BACKORDERED, direction: DESC }",
            "backorders:BACKORDERED:DESC",
            vec![n(7), n(1), n(1)],
        ),
        ("Query.blanketOrders", "", "blanketOrders:NUMBER:DESC", vec![n(7), i()]),
        ("Query.blanketOrders", "sort: { field: VALID_TO, direction: ASC }", "blanketOrders:VALID_TO:ASC", vec![n(7), n(7)]),
        ("Query.backups", "", "backups", vec![n(7), i()]),
        ("Query.backups", "sort: { field: STARTED_AT, direction: ASC }", "backups:STARTED_AT:ASC", vec![n(7), i()]),
        ("Query.boughtTogether", JANUARY, "boughtTogether", vec![n(7), i(), i()]),
        ("Query.categories", "", "categories", vec![n(7), i()]),
        ("Query.channels", "", "channels", vec![t("web"), i()]),
        ("Query.channels", "sort: { field: NAME, direction: DESC }", "channels:NAME:DESC", vec![t("web"), i()]),
        ("Query.countAccuracy", JANUARY, "countAccuracy:STORE", vec![n(7), i()]),
        ("Query.counts", "", "counts:CREATED_AT:DESC", vec![n(7), i()]),
        ("Query.stocktakes", "", "counts:CREATED_AT:DESC", vec![n(7), i()]),
        ("Query.stocktakesDueList", "store: { id: \"{sto}\" }", "stocktakesDue", vec![n(0), t("mug")]),
        ("Query.customerCohorts", "period: { from: \"2026-01-01\", to: \"2026-01-31\" }", "customerCohorts", vec![n(7)]),
        ("Query.customerScores", "", "customerScores", vec![n(7), i()]),
        ("Query.customers", "", "customers", vec![i()]),
        ("Query.demandFacts", "groupBy: [DAY, PRODUCT]", "demandFacts:DAY:PRODUCT", vec![n(20_000), i()]),
        ("Query.documentReversals", "", "documentReversals:NUMBER:DESC", vec![n(7)]),
        ("Query.documentReversals", "sort: { field: OCCURRED_AT }", "documentReversals:OCCURRED_AT:DESC", vec![n(7), i()]),
        ("Query.exchangeRates", "", "exchangeRates:DAY:DESC", vec![n(20_000), i()]),
        ("Query.exchangeRates", "sort: { field: DAY, direction: ASC }", "exchangeRates:DAY:ASC", vec![n(20_000), i()]),
        ("Query.exchanges", "", "exchanges", vec![n(7), i()]),
        ("Query.dataJobs", "", "exchanges", vec![n(7), i()]),
        ("Query.dataJobs", "sort: { field: CREATED_AT, direction: ASC }", "exchanges:CREATED_AT:ASC", vec![n(7), i()]),
        ("Query.exportSchedules", "", "exportSchedules:NAME:ASC", vec![t("lake"), i()]),
        (
            "Query.exportSchedules",
            "sort: { field: LAST_RUN_AT, direction: DESC }",
            "exportSchedules:LAST_RUN_AT:DESC",
            vec![n(7), i()],
        ),
        ("Query.deadStock", "", "deadStock", vec![n(7), i(), i()]),
        ("Query.expiryRisk", "", "expiryRisk", vec![n(7), i(), i()]),
        ("Query.expiringSoon", "within: 30", "expiring", vec![n(7), i(), i()]),
        ("Query.expiringLots", "within: 30", "expiring", vec![n(7), i(), i()]),
        (
            "Query.expiringLots",
            "within: 30, sort: { field: QUANTITY, direction: DESC }",
            "expiring:QUANTITY:DESC",
            vec![n(7), i(), i()],
        ),
        ("Query.fulfilmentWaves", "", "fulfilmentWaves:CREATED_AT:DESC", vec![n(7), i()]),
        (
            "Query.fulfilmentWaves",
            "sort: { field: UPDATED_AT, direction: ASC }",
            "fulfilmentWaves:UPDATED_AT:ASC",
            vec![n(7), i()],
        ),
        ("Query.fulfilmentWorks", "", "fulfilmentWorks:DUE_AT:ASC", vec![n(7), i()]),
        ("Query.fulfilmentWorks", "orderBy: { direction: DESC }", "fulfilmentWorks:DUE_AT:DESC", vec![n(7), i()]),
        ("Query.factorSeries", "", "factorSeries:CODE:ASC", vec![t("SUMMER")]),
        ("Query.factorSeries", "sort: { field: UPDATED_AT }", "factorSeries:UPDATED_AT:ASC", vec![n(7), t("SUMMER")]),
        ("Query.forecasts", "", "forecasts:PRODUCT:ASC", vec![i(), i()]),
        ("Query.forecasts", "sort: { field: STORE, direction: DESC }", "forecasts:STORE:DESC", vec![i(), i()]),
        ("Query.fulfilmentReport", JANUARY, "fulfilmentReport:STORE", vec![n(7), i()]),
        ("Query.history", "nodeId: \"{prd}\"", "history:{prd}", vec![n(7), i(), n(7)]),
        ("Query.jobs", "", "jobs", vec![n(7), i()]),
        ("Query.jobs", "sort: { field: CREATED_AT, direction: ASC }", "jobs:CREATED_AT:ASC", vec![n(7), i()]),
        ("Query.lostSales", JANUARY, "lostSales", vec![n(7), i(), i()]),
        ("Query.lotTrace", "lot: \"{lot}\"", "trace:{lot}", vec![n(7), n(1)]),
        ("Query.lots", "", "lots", vec![i()]),
        ("Query.marginReport", JANUARY, "marginReport:CHANNEL:GROSS_REVENUE", vec![n(7), i()]),
        ("Query.members", "", "members", vec![t("a@example.com"), i()]),
        ("Query.members", "sort: { field: DISPLAY_NAME }", "members:DISPLAY_NAME:ASC", vec![t("ada"), i()]),
        ("Query.members", "sort: { field: CREATED_AT }", "members:CREATED_AT:ASC", vec![n(7), i()]),
        ("Query.members", "sort: { field: LAST_SEEN_AT, direction: DESC }", "members:LAST_SEEN_AT:DESC", vec![n(7), i()]),
        ("Query.liquidationPlans", "", "liquidationPlans:MADE_AT:DESC", vec![n(7), i()]),
        ("Query.liquidationPlans", "sort: { field: UPDATED_AT }", "liquidationPlans:UPDATED_AT:DESC", vec![n(7), i()]),
        ("Query.attachments", "nodeId: \"{prd}\"", "attachments:{prd}", vec![n(7), i()]),
        ("Query.attachments", "nodeId: \"{prd}\", sort: { field: NAME }", "attachments:{prd}:NAME:ASC", vec![t("bill"), i()]),
        ("Query.notes", "nodeId: \"{prd}\"", "notes:{prd}", vec![n(7), i()]),
        (
            "Query.notes",
            "nodeId: \"{prd}\", sort: { field: CREATED_AT, direction: ASC }",
            "notes:{prd}:CREATED_AT:ASC",
            vec![n(7), i()],
        ),
        ("Query.invoices", "orderId: \"{ord}\"", "invoices:{ord}", vec![n(7), i()]),
        ("Query.invoices", "", "invoices:ISSUED_AT:DESC", vec![n(7), i()]),
        ("Query.invoices", "sort: { field: NUMBER, direction: ASC }", "invoices:NUMBER:ASC", vec![n(7), i()]),
        ("Query.papers", "documentId: \"{ord}\"", "papers:{ord}", vec![n(7), i()]),
        (
            "Query.papers",
            "documentId: \"{ord}\", sort: { field: CREATED_AT, direction: ASC }",
            "papers:{ord}:CREATED_AT:ASC",
            vec![n(7), i()],
        ),
        ("Query.orders", "", "orders:PlacedAt:DESC", vec![n(7), i()]),
        ("Query.orders", "orderBy: { field: TOTAL, direction: ASC }", "orders:Total:ASC", vec![n(7), i()]),
        ("Query.productCategorySuggestions", "", "productCategorySuggestions", vec![i()]),
        ("Query.productDuplicates", "", "productDuplicates", vec![n(7), i(), i()]),
        ("Query.productFamilies", "", "productFamilies", vec![i()]),
        ("Query.productNameCleanups", "", "productNameCleanups", vec![i()]),
        ("Query.productTagSuggestions", "", "productTagSuggestions", vec![i()]),
        ("Query.products", "", "products:Sku:ASC", vec![t("mug"), i()]),
        ("Query.products", "orderBy: { field: CREATED_AT, direction: DESC }", "products:CreatedAt:DESC", vec![n(7), i()]),
        ("Query.products", "filter: { search: \"red mug\" }", "products:RELEVANCE:RANK", vec![n(7)]),
        ("Query.purchaseOrders", "", "purchases:NUMBER:DESC", vec![n(7), i()]),
        ("Query.reorderSuggestionsList", "", "reorderSuggestions", vec![i(), i(), n(0), i()]),
        ("Query.replenishmentPlans", "", "replenishmentPlans:MADE_AT:DESC", vec![n(7), i()]),
        ("Query.replenishmentPlans", "sort: { field: UPDATED_AT }", "replenishmentPlans:UPDATED_AT:DESC", vec![n(7), i()]),
        ("Query.replenishmentPolicies", "", "replenishmentPolicies:SCOPE:ASC", vec![t("-/-"), i()]),
        ("Query.replenishmentPolicies", "sort: { field: UPDATED_AT }", "replenishmentPolicies:UPDATED_AT:ASC", vec![n(7), i()]),
        (
            "Query.report",
            "measures: [SOLD_UNITS], dimensions: [DAY, PRODUCT], filter: { from: \"2026-01-01\", to: \"2026-01-31\" }",
            "report:DAY,PRODUCT:KEY",
            vec![n(20_000), i()],
        ),
        ("Query.returns", "", "returns:OCCURRED_AT:DESC", vec![n(7), i()]),
        ("Query.revaluations", "", "revaluations:NUMBER:DESC", vec![n(7)]),
        ("Query.stockRevaluations", "", "revaluations:NUMBER:DESC", vec![n(7)]),
        ("Query.stockRevaluations", "sort: { field: NUMBER, direction: ASC }", "revaluations:NUMBER:ASC", vec![n(7)]),
        ("Query.savedViews", "", "savedViews:SLUG:ASC", vec![t("low-stock"), i()]),
        ("Query.savedViews", "sort: { field: NAME }", "savedViews:NAME:ASC", vec![t("low stock"), i()]),
        ("Query.search", "query: \"alpha\"", "search:alpha", vec![n(0), n(0), n(5), n(9), n(1), t("alpha"), i()]),
        ("Query.shrinkage", JANUARY, "shrinkage:REASON", vec![n(7), t("LOSS")]),
        ("Query.stockAgeing", "", "stockAgeing", vec![n(7), i()]),
        ("Query.stockAnomalies", "", "stockAnomalies:DAY:DESC", vec![n(20_000), i()]),
        ("Query.stockAnomalies", "sort: VALUE", "stockAnomalies:VALUE:DESC", vec![n(7), i()]),
        ("Query.stockDigestLevels", "store: { id: \"{sto}\" }, in: [0], buckets: 1", "digest:{sto}:1", vec![i()]),
        ("Query.stockLevels", "", "levels:ProductSku:false", vec![t("mug"), i(), n(0)]),
        ("Query.stockLevels", "orderBy: { field: ON_HAND, direction: DESC }", "levels:OnHand:true", vec![n(7), i(), n(0)]),
        (
            "Query.stockLevels",
            "sort: { field: PRODUCT_NAME, direction: DESC }",
            "levels:ProductName:true",
            vec![t("mug"), i(), n(0)],
        ),
        ("Query.stockLevels", "sort: { field: STORE_CODE }", "levels:StoreCode:false", vec![t("ldn"), i(), n(0)]),
        ("Query.stockMovements", "", "movements", vec![n(7)]),
        ("Query.stockMovements", "sort: { field: OCCURRED_AT }", "movements:OCCURRED_AT:DESC", vec![n(7), n(7)]),
        ("Query.stockPerformance", "from: \"2026-01-01\", to: \"2026-01-31\"", "stockPerformance:ASKED", vec![n(7)]),
        ("Query.stockProductivity", JANUARY, "stockProductivity:PRODUCT:NET_REVENUE", vec![n(7), i()]),
        ("Query.stores", "", "stores", vec![t("shop"), i()]),
        ("Query.supplierProducts", "", "supplies:SUPPLIER:ASC", vec![i(), i()]),
        ("Query.supplierProducts", "sort: { field: UPDATED_AT }", "supplies:UPDATED_AT:ASC", vec![n(7), i(), i()]),
        ("Query.supplierReturns", "", "supplier_returns:NUMBER:DESC", vec![n(7), i()]),
        ("Query.supplierReturns", "sort: { field: OCCURRED_AT }", "supplier_returns:OCCURRED_AT:DESC", vec![n(7), i()]),
        ("Query.supplierPerformances", "", "supplierPerformances:ORDERS:DESC::", vec![n(-7), i()]),
        ("Query.suppliers", "", "suppliers", vec![t("pot"), i()]),
        ("Query.transfers", "", "transfers:CREATED_AT:DESC", vec![n(7), i()]),
        ("StockLevel.entries", "", "entries:{lvl}", vec![n(7)]),
        ("Store.stockLevels", "", "levels:ProductSku:false", vec![t("mug"), i(), n(0)]),
        ("Stocktake.lines", "", "countLines:SKU:ASC:{cnt}", vec![t("mug"), i()]),
        ("LiquidationPlan.lines", "", "liquidationLines:VALUE:DESC:{lqp}", vec![n(7)]),
        ("LiquidationPlan.lines", "sort: { field: QUANTITY }", "liquidationLines:QUANTITY:DESC:{lqp}", vec![n(7), i(), i()]),
        ("ReplenishmentPlan.lines", "", "replenishmentLines:URGENCY:ASC:{rpl}", vec![n(7)]),
        ("ReplenishmentPlan.lines", "sort: { field: QUANTITY }", "replenishmentLines:QUANTITY:ASC:{rpl}", vec![n(7), n(7)]),
        ("Lot.trace", "", "trace:{lot}", vec![n(7), n(1)]),
        ("CostSummary.rows", "groupBy: PRODUCT", "costSummary:PRODUCT", vec![i()]),
        ("MovementSummary.rows", "groupBy: STORE", "movementSummary:STORE", vec![i()]),
        ("SalesSummary.rows", "groupBy: PRODUCT", "salesSummary:PRODUCT:KEY", vec![i()]),
        ("StockValueSummary.rows", "groupBy: STORE", "stockValueSummary:STORE", vec![i()]),
        ("Category.products", "", "products:Sku:ASC", vec![t("mug"), i()]),
        ("Customer.invoices", "", "invoices:ISSUED_AT:DESC", vec![n(7), i()]),
        ("Customer.invoices", "sort: { field: NUMBER, direction: ASC }", "invoices:NUMBER:ASC", vec![n(7), i()]),
        ("Customer.orders", "", "orders:PlacedAt:DESC", vec![n(7), i()]),
        ("Customer.returns", "", "returns:OCCURRED_AT:DESC", vec![n(7), i()]),
        ("Supplier.products", "", "products:Sku:ASC", vec![t("mug"), i()]),
        ("Supplier.purchaseOrders", "", "purchases:NUMBER:DESC", vec![n(7), i()]),
        ("WebhookEndpoint.attempts", "", "webhook attempts:{whe}", vec![i()]),
        ("WebhookEndpoint.deliveries", "", "webhook deliveries:{whe}", vec![n(7)]),
    ]
}

/// Lists that cannot be read backward, with the reason.
const FORWARD: [(&str, &str); 8] = [
    ("CostSummary.rows", SUMMED),
    ("MovementSummary.rows", SUMMED),
    ("Query.history", "put together from logs, notes and movements as it is read"),
    ("Query.lotTrace", "its successor `Lot.trace` goes both ways"),
    ("Query.search", "ranked, the best first"),
    ("SalesSummary.rows", SUMMED),
    ("StockLevel.entries", "`stockMovements` of the product and the store goes both ways"),
    ("StockValueSummary.rows", SUMMED),
];
const SUMMED: &str = "summed as far as the page goes";

on_both!(cursors_of_the_last_release_still_open, lists_are_read_from_their_ends,);

/// The query of a page, by the names of the arguments for its cursor and its size.
fn query_of(world: &World, (list, arguments): (&str, &str), [cursor, size]: [&str; 2]) -> String {
    let (of, name) = list.split_once('.').unwrap();
    let selected = "nodes { __typename } totalCount { count } pageInfo { hasNextPage hasPreviousPage endCursor }";
    let field = format!("{name}({} {cursor}: $cursor, {size}: $size) {{ {selected} }}", filled(world, arguments));
    let field = match of {
        "Query" => field,
        summary if summary.ends_with("Summary") => format!("{}{} {{ {field} }}", summary[..1].to_lowercase(), &summary[1..]),
        _ => {
            let prefix = match of {
                "Category" => "cat",
                "Customer" => "cus",
                "Supplier" => "sup",
                "StockLevel" => "lvl",
                "Store" => "sto",
                "Stocktake" => "cnt",
                "Lot" => "lot",
                "ReplenishmentPlan" => "rpl",
                "LiquidationPlan" => "lqp",
                _ => "whe",
            };
            let id = world.ours.ids.get(prefix).unwrap_or_else(|| panic!("{prefix}: {:?}", world.ours.ids.keys()));
            format!("node(id: \"{id}\") {{ ... on {of} {{ {field} }} }}")
        }
    };
    format!("query($cursor: Cursor, $size: Int!) {{ {field} }}")
}

/// A text with the IDs of our company's things.
fn filled(world: &World, text: &str) -> String {
    world.ours.ids.iter().fold(text.to_owned(), |text, (prefix, id)| text.replace(&format!("{{{prefix}}}"), id))
}

/// The lists of the schema with this argument, but for streams.
async fn lists_with(argument: &'static str) -> BTreeSet<String> {
    with_registry(move |registry| {
        let mut all = BTreeSet::new();
        for (name, kind) in &registry.types {
            for (field, known) in kind.fields().into_iter().flatten() {
                if known.args.contains_key(argument) && name != "Subscription" {
                    all.insert(format!("{name}.{field}"));
                }
            }
        }
        all
    })
    .await
}

/// The page of a list in an answer.
fn page_of(answer: &Value, list: &str) -> Value {
    let data = answer["data"].as_object().unwrap();
    let (_, name) = list.split_once('.').unwrap();
    let found = data.get(name).or_else(|| data.values().next().and_then(|of| of.get(name)));
    found.unwrap_or_else(|| panic!("{list}: {answer:#}")).clone()
}

/// A page in the middle, which is never all of its list, counts the nodes that the list has from its beginning.
async fn counts_its_nodes(world: &World, list: &str, query: &str, middle: &Value) {
    // Entries and jobs may come in between.
    if ["Query.auditEntries", "Query.jobs"].contains(&list) {
        return;
    }
    // A page of a search has 50 at most.
    let everything = json!({ "cursor": null, "size": if list == "Query.search" { 50 } else { 100 } });
    let whole = world.execute(&world.ours, Some(world.ours.owner.clone()), query, &everything).await;
    assert!(whole["errors"].is_null(), "{list}: {whole:#}");
    let (whole, middle) = (page_of(&whole, list), page_of(middle, list));
    if whole["pageInfo"]["hasNextPage"] == false {
        assert_eq!(middle["totalCount"]["count"], whole["nodes"].as_array().unwrap().len(), "{list}");
    }
}

/// Returns the text that the cursors of a list are bound to, in our company.
fn bound_to(world: &World, kind: &str) -> String {
    let rank = canonical::filter_digest(&products::Filter::All(vec![products::Filter::Search("red mug".to_owned())]));
    let performance = canonical::digest_of(json!({ "from": 20_454, "to": 20_484, "substitution": "0.2" }));
    let kind = filled(world, kind).replace("RANK", &URL_SAFE_NO_PAD.encode(rank));
    kind.replace("ASKED", &URL_SAFE_NO_PAD.encode(performance))
}

async fn cursors_of_the_last_release_still_open(world: &World) {
    let signer = CursorSigner::new(world.node.identity.cursor_secret().await.unwrap());
    for (list, arguments, kind, keys) in lists() {
        let query = query_of(world, (list, arguments), ["after", "first"]);
        let query_cursor = async |kind: &str| {
            let cursor = signer.sign(kind, &keys);
            world.execute(&world.ours, Some(world.ours.owner.clone()), &query, &json!({ "cursor": cursor, "size": 1 })).await
        };
        let answer = query_cursor(&bound_to(world, kind)).await;
        assert!(answer["errors"].is_null(), "{list}: {answer:#}");
        counts_its_nodes(world, list, &query, &answer).await;
        let other = query_cursor("of another list").await;
        assert_eq!(other["errors"][0]["code"], "BAD_USER_INPUT", "{list} takes any cursor: {other:#}");
    }
    let covered: BTreeSet<String> = lists().into_iter().map(|(list, ..)| list.to_owned()).collect();
    let all = lists_with("after").await;
    // Its cursors are a stream's, whose names are compared above.
    let missing: Vec<&String> = all.iter().filter(|list| !covered.contains(*list) && *list != "Query.events").collect();
    assert!(missing.is_empty(), "lists whose cursors nobody holds to their form: {missing:?}");
}

/// All lists except those in `FORWARD`: the page before a cursor, the last page, which ends where
/// the whole list does, and the page before its last row.
async fn lists_are_read_from_their_ends(world: &World) {
    let (after, before) = (lists_with("after").await, lists_with("before").await);
    let forward: BTreeSet<&str> = after.difference(&before).map(String::as_str).collect();
    let listed: BTreeSet<&str> = FORWARD.iter().map(|(list, _)| *list).collect();
    assert_eq!(forward, listed, "say why they only go forward");
    let signer = CursorSigner::new(world.node.identity.cursor_secret().await.unwrap());
    for (list, arguments, kind, keys) in lists().into_iter().filter(|(list, ..)| before.contains(*list)) {
        let backward = query_of(world, (list, arguments), ["before", "last"]);
        let run_query = async |query: &str, cursor: Value, size: i32| {
            world.execute(&world.ours, Some(world.ours.owner.clone()), query, &json!({ "cursor": cursor, "size": size })).await
        };
        let answer = run_query(&backward, json!(signer.sign(&bound_to(world, kind), &keys)), 1).await;
        assert!(answer["errors"].is_null(), "{list}: {answer:#}");
        let other = run_query(&backward, json!(signer.sign("of another list", &keys)), 1).await;
        assert_eq!(other["errors"][0]["code"], "BAD_USER_INPUT", "{list} takes any cursor: {other:#}");
        // Entries and jobs may come in between, and people and jobs are seen at work.
        if ["Query.auditEntries", "Query.jobs"].contains(&list) || arguments.contains("LAST_") {
            continue;
        }
        let forward = query_of(world, (list, arguments), ["after", "first"]);
        let [whole, last] = [run_query(&forward, Value::Null, 100).await, run_query(&backward, Value::Null, 1).await];
        let [whole, last] = [whole, last].map(|answer| {
            assert!(answer["errors"].is_null(), "{list}: {answer:#}");
            page_of(&answer, list)
        });
        if whole["pageInfo"]["hasNextPage"] == false {
            let (all, one) = (&whole["pageInfo"], &last["pageInfo"]);
            let count = whole["nodes"].as_array().unwrap().len();
            assert_eq!(last["nodes"].as_array().unwrap().len(), count.min(1), "{list}");
            assert_eq!((&one["endCursor"], &one["hasNextPage"]), (&all["endCursor"], &json!(false)), "{list}");
            assert_eq!(one["hasPreviousPage"], count > 1, "{list}");
            if count > 0 {
                let rest = page_of(&run_query(&backward, one["endCursor"].clone(), 100).await, list);
                assert_eq!(rest["nodes"].as_array().unwrap().len(), count - 1, "{list}, before its last row");
                let around = (&rest["pageInfo"]["hasPreviousPage"], &rest["pageInfo"]["hasNextPage"]);
                assert_eq!(around, (&json!(false), &json!(true)), "{list}, before its last row");
            }
        }
    }
}
