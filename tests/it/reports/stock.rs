//! Reports on stock: its margin, the cost of its absence, losses and expiry.

use entrepot::demand::shell::rebuild;
use serde_json::{Value, json};

use super::{day, execute, filter, order, stocked};
use crate::{
    authorization::world::World,
    costing::world::{Books, run_tenant_sql},
    demand::days::days_ago,
    lots::shop::LotShop,
    purchasing::office::{accepted, gbp, key},
    world::on_both,
};

on_both!(
    stock_brings_margin_by_the_days_that_it_lay,
    a_day_long_ago_bears_large_amounts_since_then,
    sales_in_another_currency_give_no_margin,
    a_stock_out_costs_money,
    days_to_come_cost_nothing,
    what_is_gone_has_a_reason,
    a_lot_without_demand_is_at_risk,
    no_report_goes_through_the_ledger,
    reports_and_past_stock_need_no_archived_event,
);

const PRODUCTIVITY: &str = "query($f: StockReportFilter!, $g: ProductivityGroup! = PRODUCT, $t: ProductivityTop! = NET_REVENUE) {
    stockProductivity(filter: $f, groupBy: $g, topBy: $t) { isCurrent nodes { product { sku } store { code } activeDays openingUnits receivedUnits soldUnits closingUnits sellThrough
      netRevenue { amount } costOfGoodsSold { amount } meanStockValue { amount } gmroi turnover annualisedTurnover daysOfInventory } totals { soldUnits gmroi } } }";

async fn stock_brings_margin_by_the_days_that_it_lay(world: &World) {
    let books = Books::of(world).await;
    let mug = stocked(&books, "MUG", 10, 4).await;
    order(&books, &[(&mug, 4)], 1, Value::Null).await;
    let report_filter = filter(&books, (4, 1));
    let found = execute(&books, PRODUCTIVITY, json!({ "f": report_filter })).await;
    // 20.00 on three days and 12.00 on the last.
    let row = json!({ "product": { "sku": "MUG" }, "store": null, "activeDays": 4, "openingUnits": 0, "receivedUnits": 10, "soldUnits": 4, "closingUnits": 6, "sellThrough": 0.4,
        "netRevenue": { "amount": "36.00" }, "costOfGoodsSold": { "amount": "8.00" }, "meanStockValue": { "amount": "18.00" }, "gmroi": 1.555556,
        "turnover": 0.444444, "annualisedTurnover": null, "daysOfInventory": 9.0 });
    assert_eq!(
        (&found["nodes"], &found["isCurrent"], &found["totals"]["gmroi"]),
        (&json!([row]), &json!(true), &json!(1.555556)),
        "{found:#}"
    );
    // In the week there was stock on four days.
    let week = execute(&books, PRODUCTIVITY, json!({ "f": filter(&books, (7, 1)) })).await;
    assert_eq!(week["nodes"][0]["activeDays"], 4, "{week:#}");
    let stores = execute(&books, PRODUCTIVITY, json!({ "f": report_filter, "g": "STORE", "t": "GMROI" })).await;
    assert_eq!(
        (&stores["nodes"][0]["store"]["code"], &stores["nodes"][0]["meanStockValue"]["amount"]),
        (&json!("DOCK"), &json!("18.00")),
        "{stores:#}"
    );
    let reader = books.office.as_caller(world.ours.owner_with(&["report.read"]));
    let masked = reader.execute(PRODUCTIVITY, json!({ "f": report_filter })).await;
    let node = &masked["data"]["stockProductivity"]["nodes"][0];
    assert_eq!(
        (&node["sellThrough"], &node["gmroi"], &node["turnover"]),
        (&json!(0.4), &Value::Null, &Value::Null),
        "{masked:#}"
    );
    let sorted = reader.execute(PRODUCTIVITY, json!({ "f": report_filter, "t": "STOCK_VALUE" })).await;
    assert_eq!(sorted["errors"][0]["code"], "FORBIDDEN", "{sorted:#}");
    // 4.00 of 16.00 turned over on the day before, and 8.00 of 8.00 on the last one: three quarters more of the stock, four times as much.
    order(&books, &[(&mug, 2)], 2, Value::Null).await;
    let found = execute(&books, TREND, json!({ "f": filter(&books, (1, 1)) })).await;
    let trend = json!({ "activeDays": 1, "turnover": 0.25, "change": 0.75, "changeRate": 3.0 });
    let row = json!({ "turnover": 1.0, "turnoverTrend": trend });
    assert_eq!((&found["nodes"], &found["totals"]), (&json!([row]), &row), "{found:#}");
    let first = execute(&books, TREND, json!({ "f": report_filter })).await;
    assert_eq!(first["nodes"][0]["turnoverTrend"], Value::Null, "nothing was there before: {first:#}");
    let masked = reader.execute(TREND, json!({ "f": report_filter })).await;
    assert_eq!(masked["data"]["stockProductivity"]["totals"], json!({ "turnover": null, "turnoverTrend": null }), "{masked:#}");
    // With plates, which lie still, the category turned 8.00 of 18.00 over on the last day.
    let plate = stocked(&books, "PLATE", 5, 4).await;
    let input = json!({ "name": "Tableware", "slug": "tableware", "parentId": null });
    let payload = books.office.mutate("categoryCreate", "CategoryCreateInput", "category { id }", input).await;
    let category = accepted(&payload, "category")["id"].clone();
    for product in [&mug, &plate] {
        let input = json!({ "id": product["id"], "expectedVersion": 1, "categoryId": category });
        accepted(&books.office.mutate("productUpdate", "ProductUpdateInput", "product { id }", input).await, "product");
    }
    let mut report_filter = filter(&books, (1, 1));
    report_filter["product"] = json!({ "sku": { "eq": "MUG" } });
    let found = execute(&books, CATEGORY, json!({ "f": report_filter })).await;
    let row = json!({ "turnover": 1.0, "categoryTurnover": { "activeDays": 1, "turnover": 0.444444, "ratio": 2.25 } });
    assert_eq!((&found["nodes"], &found["totals"]["categoryTurnover"]), (&json!([row]), &Value::Null), "{found:#}");
}

/// An amount that passes 64 bits, times the days since then, and not for the one day that is asked for.
async fn a_day_long_ago_bears_large_amounts_since_then(world: &World) {
    let books = Books::of(world).await;
    stocked(&books, "MUG", 10, 4).await;
    let long_ago = json!({ "f": filter(&books, (100, 100)) });
    let found = execute(&books, PRODUCTIVITY, long_ago.clone()).await;
    for sign in ["+", "-"] {
        for (table, condition) in [("cost_posting", " AND kind = 'RECEIPT'"), ("cost_pool", "")] {
            let raised = ["average_minor", "fifo_minor"].map(|column| format!("{column} = {column} {sign} {}", 1_i64 << 57));
            run_tenant_sql(world, &format!("UPDATE {table} SET {} WHERE tenant_id = $1{condition}", raised.join(", "))).await;
        }
        assert_eq!(execute(&books, PRODUCTIVITY, long_ago.clone()).await, found, "{sign}");
    }
}

const MIXED: &str = "query($f: StockReportFilter!, $s: SalesReportFilter!) {
    stock: stockProductivity(filter: $f, topBy: GMROI) { nodes { product { sku } ...Of } totals { ...Of } }
    sales: abcXyz(filter: $s) { nodes { product { sku } revenue { amount } units otherCurrencyUnits } } }
    fragment Of on StockProductivity { soldUnits closingUnits hasOtherCurrencies netRevenue { amount } costOfGoodsSold { amount } gmroi turnover }";

/// Two of six mugs were sold in euros: their cost is known, and their revenue in pounds is not.
async fn sales_in_another_currency_give_no_margin(world: &World) {
    let books = Books::of(world).await;
    let (mug, plate) = (stocked(&books, "MUG", 10, 4).await, stocked(&books, "PLATE", 10, 4).await);
    order(&books, &[(&mug, 4), (&plate, 5)], 1, Value::Null).await;
    let mut report_filter = filter(&books, (4, 1));
    report_filter["product"] = json!({ "sku": { "in": ["MUG", "PLATE"] } });
    let run_query = async || {
        let answer = books.office.execute(MIXED, json!({ "f": report_filter, "s": report_filter })).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"].clone()
    };
    let row = |sku: &str, units: [i64; 2], money: [&str; 2], ratios: [Option<f64>; 2], mixed: bool| {
        let mut row = json!({ "product": { "sku": sku }, "soldUnits": units[0], "closingUnits": units[1], "hasOtherCurrencies": mixed,
            "netRevenue": { "amount": money[0] }, "costOfGoodsSold": { "amount": money[1] }, "gmroi": ratios[0], "turnover": ratios[1] });
        if sku.is_empty() {
            row.as_object_mut().unwrap().remove("product");
        }
        row
    };
    // 20.00 on three days, then 12.00 of mugs and 10.00 of plates.
    let found = run_query().await;
    let plates = row("PLATE", [5, 5], ["45.00", "10.00"], [Some(2.0), Some(0.571429)], false);
    let mugs = row("MUG", [4, 6], ["36.00", "8.00"], [Some(1.555556), Some(0.444444)], false);
    assert_eq!(found["stock"]["nodes"], json!([plates, mugs]), "{found:#}");
    let euros = json!([{ "product": mug, "quantity": 2, "unitPrice": { "amount": "30.00", "currencyCode": "EUR" } }]);
    order(&books, &[], 1, json!({ "lines": euros })).await;
    let found = run_query().await;
    // 8.00 of mugs are left: 12.00 of 17.00 turned over.
    let mugs = row("MUG", [6, 4], ["36.00", "12.00"], [None, Some(0.705882)], true);
    let all = row("", [11, 9], ["81.00", "22.00"], [None, Some(0.637681)], true);
    assert_eq!((&found["stock"]["nodes"], &found["stock"]["totals"]), (&json!([plates, mugs]), &all), "{found:#}");
    let sold = json!([
        { "product": { "sku": "PLATE" }, "revenue": { "amount": "45.00" }, "units": 5, "otherCurrencyUnits": 0 },
        { "product": { "sku": "MUG" }, "revenue": { "amount": "36.00" }, "units": 6, "otherCurrencyUnits": 2 },
    ]);
    assert_eq!(found["sales"]["nodes"], sold, "{found:#}");
}

const CATEGORY: &str = "query($f: StockReportFilter!) { stockProductivity(filter: $f) {
    nodes { turnover categoryTurnover { activeDays turnover ratio } } totals { categoryTurnover { ratio } } } }";

const TREND: &str = "query($f: StockReportFilter!) { stockProductivity(filter: $f) { nodes { turnover turnoverTrend { activeDays turnover change changeRate } }
    totals { turnover turnoverTrend { activeDays turnover change changeRate } } } }";

const LOST: &str = "query($f: StockReportFilter!, $s: Float! = 0.2) { lostSales(filter: $f, substitution: $s) {
    nodes { product { sku } outDays countedDays stockouts lostUnits { low mid high } lostRevenue { low { amount } mid { amount } high { amount } } lostMargin { mid { amount } } }
    totals { outDays cutDays lostRevenue { mid { amount } } unknownLevels unpricedLevels } } }";

const BY_DAYS: &str = "query($f: Date!, $t: Date!, $p: ID) { stockPerformance(from: $f, to: $t, product: { eq: $p }) {
    nodes { lostUnits { low mid high } } } }";

const STOCKED: &str = "query($f: SalesReportFilter!) { report(filter: $f, dimensions: [PRODUCT],
    measures: [IN_STOCK_DAYS, OUT_OF_STOCK_DAYS, STOCKOUT_RATE, LOST_UNITS, LOST_REVENUE]) { nodes { product { sku } values { value } } totals { values { value } } } }";

async fn days_to_come_cost_nothing(world: &World) {
    let books = Books::of(world).await;
    let mug = stocked(&books, "MUG", 10, 4).await;
    order(&books, &[(&mug, 4)], 3, Value::Null).await;
    order(&books, &[(&mug, 6)], 1, Value::Null).await;
    let [known, ahead, none] = [(4, 0), (4, -20), (-2, -20)].map(|days| filter(&books, days));
    for query in [LOST, PRODUCTIVITY, STOCKED] {
        let found = execute(&books, query, json!({ "f": known })).await;
        assert_eq!(found["nodes"][0]["product"]["sku"], "MUG", "{found:#}");
        assert_eq!(execute(&books, query, json!({ "f": ahead })).await, found, "no day to come is out of stock");
        let empty = execute(&books, query, json!({ "f": none })).await;
        assert_eq!(empty["nodes"], json!([]), "{empty:#}");
    }
    let found = execute(&books, STOCKED, json!({ "f": ahead })).await;
    let days: Vec<&Value> = found["nodes"][0]["values"].as_array().unwrap().iter().map(|value| &value["value"]).collect();
    assert_eq!(days[..3], ["3", "2", "0.400000"], "{found:#}");
}

/// The days of vector pub-07, and the revenue of its 11.2 lost units at 9.00.
async fn a_stock_out_costs_money(world: &World) {
    let books = Books::of(world).await;
    let mug = stocked(&books, "MUG", 17, 16).await;
    for (units, days) in [(4, 16), (6, 15), (5, 14), (2, 13)] {
        order(&books, &[(&mug, units)], days, Value::Null).await;
    }
    books.adjust("RECEIPT", &mug, 20, json!({ "unitCost": gbp("2.00"), "occurredAt": days_ago(world, 10) })).await;
    order(&books, &[(&mug, 7)], 10, Value::Null).await;
    stocked(&books, "PLATE", 5, 16).await;
    let found = execute(&books, LOST, json!({ "f": filter(&books, (16, 10)) })).await;
    let row = json!({ "product": { "sku": "MUG" }, "outDays": 3, "countedDays": 3, "stockouts": 1, "lostUnits": { "low": 6.25, "mid": 11.2, "high": 14.5 },
        "lostRevenue": { "low": { "amount": "56.25" }, "mid": { "amount": "100.80" }, "high": { "amount": "130.50" } }, "lostMargin": { "mid": { "amount": "78.40" } } });
    let totals = json!({ "outDays": 3, "cutDays": 0, "lostRevenue": { "mid": { "amount": "100.80" } }, "unknownLevels": 0, "unpricedLevels": 0 });
    assert_eq!((&found["nodes"], &found["totals"]), (&json!([row]), &totals), "what was always there lost nothing: {found:#}");
    // Whole weeks are summed by the rows of weeks, and stockPerformance sums days: wherever the period begins and ends.
    for from in 16..23 {
        for to in [1, 10] {
            let by_days = json!({ "f": day(world, from), "t": day(world, to), "p": mug["id"] });
            let (by_days, found) = (
                execute(&books, BY_DAYS, by_days).await,
                execute(&books, LOST, json!({ "f": filter(&books, (from, to)) })).await,
            );
            assert_eq!(found["nodes"][0]["lostUnits"], by_days["nodes"][0]["lostUnits"], "{from} to {to}: {found:#}");
        }
    }
    let answer = books.office.execute(LOST, json!({ "f": filter(&books, (16, 10)), "s": 1.5 })).await;
    assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{answer:#}");
}

const GONE: &str = "query($f: StockReportFilter!, $g: ShrinkageGroup! = REASON) { shrinkage(filter: $f, groupBy: $g) {
    nodes { reason isCount product { sku } lostUnits foundUnits netUnits lostValue { amount } netValue { amount } } totals { lostUnits foundUnits netUnits netValue { amount } } } }";
const ACCURACY: &str = "query($f: StockReportFilter!, $t: Quantity) { countAccuracy(filter: $f, tolerance: $t) {
    nodes { store { code } lines accurateLines accuracy bookUnits countedUnits shrinkageRate } totals { lines } } }";

async fn what_is_gone_has_a_reason(world: &World) {
    let books = Books::of(world).await;
    let mug = stocked(&books, "MUG", 20, 4).await;
    let change = async |kind: &str, reason: &str, delta: i64| {
        let change = json!({ "product": mug, "store": books.office.store, "delta": delta });
        let input = json!({ "idempotencyKey": key(), "kind": kind, "reasonCode": reason, "changes": [change], "occurredAt": days_ago(world, 2) });
        accepted(&books.office.mutate("stockAdjust", "StockAdjustInput", "movement { id }", input).await, "movement");
    };
    change("REMOVAL", "DAMAGE", -3).await;
    change("ADJUSTMENT", "FOUND", 1).await;
    order(&books, &[(&mug, 2)], 2, Value::Null).await;
    let report_filter = filter(&books, (3, 1));
    let found = execute(&books, GONE, json!({ "f": report_filter })).await;
    let rows: Vec<Value> = found["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| json!([row["reason"], row["lostUnits"], row["foundUnits"], row["lostValue"]["amount"]]))
        .collect();
    assert_eq!(json!(rows), json!([["DAMAGE", 3, 0, "6.00"], ["FOUND", 0, 1, "0.00"]]), "a sale is no loss: {found:#}");
    assert_eq!(found["totals"], json!({ "lostUnits": 3, "foundUnits": 1, "netUnits": 2, "netValue": { "amount": "4.00" } }));
    let products = execute(&books, GONE, json!({ "f": report_filter, "g": "PRODUCT" })).await;
    assert_eq!((&products["nodes"][0]["product"]["sku"], &products["nodes"][0]["netUnits"]), (&json!("MUG"), &json!(2)));
    let none = execute(&books, ACCURACY, json!({ "f": report_filter, "t": 2 })).await;
    assert_eq!((&none["nodes"], &none["totals"]["lines"]), (&json!([]), &json!(0)), "nobody has counted");
    what_sells_most_weighs_most(&books, &mug).await;
}

const WEIGHTED: &str = "query($f: StockReportFilter!, $t: Quantity) { countAccuracy(filter: $f, tolerance: $t) {
    nodes { lines accuracy weightedAccuracy classes { abc lines accurateLines accuracy } } totals { weightedAccuracy } } }";

/// Counts all mugs, the only product with sales, as complete; one plate is missing.
async fn what_sells_most_weighs_most(books: &Books<'_>, mug: &Value) {
    let plate = stocked(books, "PLATE", 5, 4).await;
    let step = async |mutation: &str, kind: &str, mut input: Value| {
        input["idempotencyKey"] = json!(key());
        accepted(&books.office.mutate(mutation, kind, "count { id }", input).await, "count")["id"].clone()
    };
    let input = json!({ "store": books.office.store, "kind": "LIST", "isBlind": false, "products": [mug, plate] });
    let id = step("stocktakeCreate", "StocktakeCreateInput", input).await;
    step("stocktakeStart", "StocktakeActionInput", json!({ "id": id })).await;
    let lines = json!([{ "product": mug, "counted": 16 }, { "product": plate, "counted": 4 }]);
    step("stocktakeRecord", "StocktakeRecordInput", json!({ "id": id, "lines": lines })).await;
    step("stocktakeSubmit", "StocktakeSubmitInput", json!({ "id": id })).await;
    step("stocktakeApprove", "StocktakeActionInput", json!({ "id": id })).await;
    let report_filter = filter(books, (3, 0));
    let found = execute(books, WEIGHTED, json!({ "f": report_filter })).await;
    let class = |abc: &str, lines: i64, accurate: i64, accuracy: Value| json!({ "abc": abc, "lines": lines, "accurateLines": accurate, "accuracy": accuracy });
    let classes = [class("A", 1, 1, json!(1.0)), class("B", 0, 0, Value::Null), class("C", 1, 0, json!(0.0))];
    let row = json!({ "lines": 2, "accuracy": 0.5, "weightedAccuracy": 0.941176, "classes": classes });
    assert_eq!((&found["nodes"], &found["totals"]["weightedAccuracy"]), (&json!([row]), &json!(0.941176)), "{found:#}");
    let near = execute(books, WEIGHTED, json!({ "f": report_filter, "t": 1 })).await;
    assert_eq!(near["totals"]["weightedAccuracy"], 1.0, "{near:#}");
    let plain = execute(books, ACCURACY, json!({ "f": report_filter })).await;
    assert_eq!((&plain["nodes"][0]["accuracy"], &plain["totals"]["lines"]), (&json!(0.5), &json!(2)), "{plain:#}");
}

const EXPIRY: &str = "query($w: Int, $s: IdFilter) { expiryRisk(within: $w, store: $s) {
    nodes { product { sku } lot { code } quantity basis expectedUnits unitsAtRisk valueAtRisk { amount } daysLeft } totals { lots quantity unitsAtRisk } } }";

async fn a_lot_without_demand_is_at_risk(world: &World) {
    let shop = LotShop::open(world).await;
    let books = Books::of_office(shop.office);
    for (code, units, days) in [("OLD", 8, 30), ("NEW", 5, 60), ("FAR", 9, 400)] {
        let change = json!({ "product": shop.cheese, "store": books.office.store, "delta": units,
            "lot": { "named": { "code": code, "expiresOn": super::day(world, -days) } } });
        let input = json!({ "idempotencyKey": key(), "kind": "RECEIPT", "reasonCode": "OTHER", "changes": [change] });
        accepted(&books.office.mutate("stockAdjust", "StockAdjustInput", "levels { onHand }", input).await, "levels");
    }
    let store = json!({ "eq": books.office.store["id"] });
    let found = execute(&books, EXPIRY, json!({ "w": 90, "s": store })).await;
    let rows: Vec<Value> = found["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| json!([row["lot"]["code"], row["quantity"], row["basis"], row["unitsAtRisk"], row["daysLeft"]]))
        .collect();
    assert_eq!(json!(rows), json!([["OLD", 8, "SALES", 8.0, 30], ["NEW", 5, "SALES", 5.0, 60]]), "{found:#}");
    assert_eq!(found["totals"], json!({ "lots": 2, "quantity": 13, "unitsAtRisk": 13.0 }), "the far one is not asked for");
    let reader = books.office.as_caller(world.ours.owner_with(&["report.read"]));
    let masked = reader.execute(EXPIRY, json!({ "w": 90, "s": store })).await;
    let node = &masked["data"]["expiryRisk"]["nodes"][0];
    assert_eq!((&node["quantity"], &node["lot"], &node["valueAtRisk"]), (&json!(8), &Value::Null, &Value::Null), "{masked:#}");
}

/// Reports read facts, postings and documents, which contain all that they need of the ledger's
/// entries.
async fn no_report_goes_through_the_ledger(world: &World) {
    let books = Books::of(world).await;
    let mug = stocked(&books, "MUG", 10, 4).await;
    order(&books, &[(&mug, 4)], 1, Value::Null).await;
    let period = "{ from: \"2026-01-01\", to: \"2026-12-31\" }";
    let reports = [
        "abcXyz",
        "stockProductivity",
        "fulfilmentReport",
        "lostSales",
        "shrinkage",
        "countAccuracy",
        "boughtTogether",
        "marginReport",
    ];
    let mut fields: Vec<String> =
        reports.iter().map(|name| format!("{name}(filter: {period}) {{ nodes {{ __typename }} }}")).collect();
    fields.push(format!("customerCohorts(period: {period}) {{ nodes {{ __typename }} }}"));
    fields.extend(["expiryRisk", "customerScores"].map(|name| format!("{name} {{ nodes {{ __typename }} }}")));
    fields.push(format!("dashboard(period: {period}) {{ __typename }}"));
    let measures = "[SOLD_UNITS, ORDERS, CLOSING_UNITS, STOCKOUT_RATE, STOCK_VALUE, LOST_UNITS]";
    fields.push(format!("report(measures: {measures}, dimensions: [PRODUCT], filter: {period}) {{ nodes {{ __typename }} }}"));
    for field in fields {
        let query = format!("{{ {field} }}");
        // The first query brings the books up to date.
        assert!(books.office.execute(&query, json!({})).await["errors"].is_null(), "{field}");
        let (answer, sent) = world.node.db.record_statements(books.office.execute(&query, json!({}))).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        let through: Vec<_> =
            sent.iter().filter(|one| one.sql.contains("FROM entry") || one.sql.contains("JOIN entry")).collect();
        assert!(through.is_empty(), "{field}: {through:#?}");
    }
}

const PAST: &str =
    "query($f: StockFilter, $t: DateTime!) { stockLevels(first: 1, filter: $f) { nodes { onHand onHandAt(time: $t) } } }";

/// Documents and entries of a month stay when `entrepot partitions archive` takes its events.
async fn reports_and_past_stock_need_no_archived_event(world: &World) {
    let books = Books::of(world).await;
    let mug = stocked(&books, "MUG", 10, 4).await;
    order(&books, &[(&mug, 4)], 1, Value::Null).await;
    let answers = async || {
        let level = json!({ "f": { "product": { "in": [mug["id"]] } }, "t": days_ago(world, 2) });
        let past = execute(&books, PAST, level).await;
        (past["nodes"][0].clone(), execute(&books, PRODUCTIVITY, json!({ "f": filter(&books, (4, 1)) })).await)
    };
    let before = answers().await;
    assert_eq!((&before.0, &before.1["totals"]["soldUnits"]), (&json!({ "onHand": 6, "onHandAt": 10 }), &json!(4)));
    run_tenant_sql(world, "DELETE FROM event WHERE tenant_id = $1").await;
    run_tenant_sql(world, "UPDATE tenant_counter SET low_seq = head WHERE tenant_id = $1").await;
    assert_eq!(answers().await, before);
    rebuild(&world.node.db, world.ours.owner.tenant, 50).await.unwrap();
    assert_eq!(answers().await, before, "the facts are counted anew, from documents");
}
