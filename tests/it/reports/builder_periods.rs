//! The report builder: periods relative to the current day, and levels at the end of rows, which
//! equal those of other reports.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    builder::{self, by, figures, of_products, shop},
    day, execute, order,
};
use crate::{authorization::world::World, costing::world::Books, world::on_both};

on_both!(a_moving_period_is_its_days_and_is_said_alone, levels_and_losses_are_those_of_the_other_reports);

const REPORT: &str = "query($f: SalesReportFilter!) { report(measures: [SOLD_UNITS], dimensions: [PRODUCT], filter: $f) {
    from to periodDays nodes { product { sku } value(measure: SOLD_UNITS) { value } } } }";

async fn a_moving_period_is_its_days_and_is_said_alone(world: &World) {
    let books = Books::of(world).await;
    let products = shop(&books).await;
    let product = of_products(&books, &products, (7, 1))["product"].clone();
    for (period, days) in [("LAST_7_DAYS", 7), ("LAST_28_DAYS", 28), ("YESTERDAY", 1), ("LAST_WEEK", 7)] {
        let moving = execute(&books, REPORT, json!({ "f": { "period": period, "product": product } })).await;
        assert_eq!(moving["periodDays"], json!(days), "{period}: {moving:#}");
        let fixed = json!({ "from": moving["from"], "to": moving["to"], "product": product });
        assert_eq!(execute(&books, REPORT, json!({ "f": fixed })).await, moving, "{period}");
    }
    let weeks = execute(&books, REPORT, json!({ "f": { "period": "LAST_28_DAYS", "product": product } })).await;
    assert!(weeks["nodes"].as_array().is_some_and(|rows| rows.len() == 3), "all three were sold: {weeks:#}");
    let day = &weeks["from"];
    for (wrong, field) in [
        (json!({ "period": "TODAY", "from": day }), json!(["filter", "period"])),
        (json!({}), json!(["filter", "from"])),
        (json!({ "from": day }), json!(["filter", "to"])),
        (json!({ "to": day }), json!(["filter", "from"])),
    ] {
        let answer: Value = books.office.execute(REPORT, json!({ "f": wrong })).await;
        assert_eq!(
            (&answer["errors"][0]["code"], &answer["errors"][0]["field"]),
            (&json!("BAD_USER_INPUT"), &field),
            "{answer:#}"
        );
    }
}

const PRODUCTIVITY: &str = "query($f: StockReportFilter!, $g: ProductivityGroup!) { stockProductivity(filter: $f, groupBy: $g) {
    nodes { product { sku } category { name } store { code } closingUnits meanStockValue { amount } } } }";
const LOST: &str = "query($f: StockReportFilter!) { lostSales(filter: $f) {
    nodes { product { sku } store { code } countedUnits { mid } lostRevenue { mid { amount } } } } }";

async fn levels_and_losses_are_those_of_the_other_reports(world: &World) {
    let books = Books::of(world).await;
    let products = shop(&books).await;
    // All lamps of the shop but the two that are sold on the last day.
    order(&books, &[(&products[2], 48)], 8, json!({ "store": { "code": "SHOP" } })).await;
    let report_filter = of_products(&books, &products, (10, 1));
    // Stock and value of a day, as the mean of that day alone.
    let at = async |group: &str, path: &str, days: i64| {
        let report_filter = of_products(&books, &products, (days, days));
        let found = execute(&books, PRODUCTIVITY, json!({ "f": report_filter, "g": group })).await;
        let row = |row: &Value| {
            let key = row.pointer(path).and_then(Value::as_str).unwrap_or("none").to_owned();
            (key, vec![json!(row["closingUnits"].to_string()), row["meanStockValue"]["amount"].clone()])
        };
        found["nodes"].as_array().unwrap().iter().map(row).collect::<BTreeMap<_, _>>()
    };
    let report = async |measures: [&str; 2], dimensions: Value, report_filter: &Value, comparison: Value| {
        execute(&books, builder::REPORT, json!({ "m": measures, "d": dimensions, "f": report_filter, "c": comparison, "n": 250 }))
            .await
    };
    let levels = ["CLOSING_UNITS", "STOCK_VALUE"];
    let rows_of = |found: &Value, date: &str| {
        let rows: Vec<Value> =
            found["nodes"].as_array().unwrap().iter().filter(|row| row["date"] == json!(date)).cloned().collect();
        json!({ "nodes": rows })
    };
    let days = report(levels, json!(["DAY", "STORE"]), &report_filter, Value::Null).await;
    for ago in [9, 8, 5, 1] {
        let rows = rows_of(&days, &day(world, ago));
        assert_eq!(by(&rows, "/store/code"), at("STORE", "/store/code", ago).await, "{ago}: {days:#}");
    }
    assert_eq!(json!(figures(&days["totals"], "value")), json!([null, null]), "what stays does not add up over days");
    let weeks = report(levels, json!(["WEEK", "CATEGORY"]), &report_filter, Value::Null).await;
    let last = weeks["nodes"].as_array().unwrap().iter().filter_map(|row| row["date"].as_str()).max().unwrap();
    assert_eq!(by(&rows_of(&weeks, last), "/category/name"), at("CATEGORY", "/category/name", 1).await, "{weeks:#}");
    let whole = report(levels, json!(["PRODUCT"]), &report_filter, Value::Null).await;
    assert_eq!(by(&whole, "/product/sku"), at("PRODUCT", "/product/sku", 1).await, "{whole:#}");
    let compared = report(levels, json!(["STORE"]), &of_products(&books, &products, (3, 1)), json!("PREVIOUS_PERIOD")).await;
    let before = at("STORE", "/store/code", 4).await;
    for row in compared["nodes"].as_array().unwrap() {
        assert_eq!(figures(row, "before"), before[row["store"]["code"].as_str().unwrap()], "{compared:#}");
    }
    // The shop's lamps: 48 in nine days with stock, and two on a day that closed without.
    let lost = execute(&books, LOST, json!({ "f": report_filter })).await;
    let expected: Vec<Value> = lost["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| json!([format!("{:.6}", row["countedUnits"]["mid"].as_f64().unwrap()), row["lostRevenue"]["mid"]["amount"]]))
        .collect();
    let found = report(["LOST_UNITS", "LOST_REVENUE"], json!(["PRODUCT", "STORE"]), &report_filter, Value::Null).await;
    let rows: Vec<Value> = found["nodes"].as_array().unwrap().iter().map(|row| json!(figures(row, "value"))).collect();
    assert_eq!((rows.len(), &rows), (1, &expected), "{found:#} {lost:#}");
    assert_eq!(json!(figures(&found["totals"], "value")), rows[0]);
}
