//! Margins and prices of sales with tax: the tax is the state's.

use serde_json::{Value, json};

use super::{execute, filter, order, stocked};
use crate::{
    authorization::world::World,
    costing::world::Books,
    demand::days::days_ago,
    purchasing::office::{accepted, gbp, key},
    world::on_both,
};

on_both!(sales_tax_is_no_margin, a_taxed_refund_takes_revenue_back, lost_sales_have_no_tax);

const MARGINS: &str = "query($f: SalesReportFilter!, $g: MarginGroup!) { marginReport(filter: $f, groupBy: $g) {
    nodes { grossRevenue { amount } revenueWithoutTax { amount } costOfGoodsSold { amount } margin { amount } marginRate }
    totals { revenueWithoutTax { amount } marginRate } } }";
const MEASURES: &str = "query($f: SalesReportFilter!) { report(filter: $f, dimensions: [PRODUCT],
    measures: [GROSS_REVENUE, REVENUE_WITHOUT_TAX, MARGIN, MARGIN_RATE, AVERAGE_PRICE]) { nodes { values { value } } } }";
const GMROI: &str = "query($f: StockReportFilter!) { stockProductivity(filter: $f) {
    nodes { netRevenue { amount } meanStockValue { amount } gmroi } totals { gmroi } } }";
const LOST: &str = "query($f: StockReportFilter!) { lostSales(filter: $f) {
    nodes { lostRevenue { mid { amount } } lostMargin { mid { amount } } } } }";

const CANCEL: &str = "mutation($input: ActionInput!, $lines: [OrderLineCancel!]) {
    orderCancel(input: $input, lines: $lines) { order { id } userErrors { code field message } } }";

/// Units sold at 10.00 less 1.00 in all, with 20 % of tax on that.
fn taxed(product: &Value, units: i64) -> Value {
    json!({ "product": product, "quantity": units, "unitPrice": gbp("10.00"), "discount": gbp("1.00"), "taxRate": "0.2" })
}

async fn sales_tax_is_no_margin(world: &World) {
    let books = Books::of(world).await;
    let mug = stocked(&books, "MUG", 100, 9).await;
    // 49.00 and 9.80 of tax, for 10.00.
    let placed = order(&books, &[], 3, json!({ "status": "CONFIRMED", "lines": [taxed(&mug, 5)] })).await;
    let row = json!({ "grossRevenue": { "amount": "58.80" }, "revenueWithoutTax": { "amount": "49.00" }, "costOfGoodsSold": { "amount": "10.00" },
        "margin": { "amount": "39.00" }, "marginRate": 0.795918 });
    for group in ["PRODUCT", "STORE", "CATEGORY", "CHANNEL"] {
        let found = execute(&books, MARGINS, json!({ "f": filter(&books, (4, 2)), "g": group })).await;
        assert_eq!(found["nodes"], json!([row]), "{group}: {found:#}");
        assert_eq!(found["totals"], json!({ "revenueWithoutTax": { "amount": "49.00" }, "marginRate": 0.795918 }), "{found:#}");
    }
    let found = execute(&books, MEASURES, json!({ "f": filter(&books, (4, 2)) })).await;
    let values: Vec<&Value> = found["nodes"][0]["values"].as_array().unwrap().iter().map(|value| &value["value"]).collect();
    assert_eq!(json!(values), json!(["58.80", "49.00", "39.00", "0.795918", "9.800000"]), "{found:#}");
    // Two of five units are cancelled, and with them two fifths of the discount and of the tax: 29.40 and 5.88 are left.
    let input = json!({ "idempotencyKey": key(), "id": placed["id"], "expectedVersion": 1 });
    let lines = json!([{ "lineId": placed["lines"][0]["id"], "quantity": 2 }]);
    let answer = books.office.execute(CANCEL, json!({ "input": input, "lines": lines })).await;
    accepted(&answer["data"]["orderCancel"], "order");
    let found = execute(&books, MARGINS, json!({ "f": filter(&books, (4, 2)), "g": "PRODUCT" })).await;
    let row = json!({ "grossRevenue": { "amount": "35.28" }, "revenueWithoutTax": { "amount": "29.40" }, "costOfGoodsSold": { "amount": "6.00" },
        "margin": { "amount": "23.40" }, "marginRate": 0.795918 });
    assert_eq!(found["nodes"], json!([row]), "{found:#}");
    books.office.is_sound().await;
}

async fn a_taxed_refund_takes_revenue_back(world: &World) {
    let books = Books::of(world).await;
    let mug = stocked(&books, "MUG", 20, 4).await;
    let sold = order(&books, &[], 3, json!({ "lines": [taxed(&mug, 10)] })).await;
    // 99.00 with 19.80 of tax, of which 11.88 come back: 9.90 of revenue.
    let line = json!({ "orderLineId": sold["lines"][0]["id"], "product": mug, "quantity": 1 });
    let input = json!({ "idempotencyKey": key(), "store": books.office.store, "close": true, "refund": gbp("11.88"),
        "occurredAt": days_ago(world, 2), "lines": [line] });
    accepted(&books.office.mutate("returnCreate", "ReturnCreateInput", "return { id }", input).await, "return");
    let found = execute(&books, GMROI, json!({ "f": filter(&books, (4, 1)) })).await;
    // 89.10 less 18.00, by the mean of 40.00, 20.00, 22.00 and 22.00.
    let node = &found["nodes"][0];
    assert_eq!(
        (&node["netRevenue"]["amount"], &node["meanStockValue"]["amount"]),
        (&json!("106.92"), &json!("26.00")),
        "{found:#}"
    );
    assert_eq!((&node["gmroi"], &found["totals"]["gmroi"]), (&json!(2.734615), &json!(2.734615)), "{found:#}");
}

async fn lost_sales_have_no_tax(world: &World) {
    let books = Books::of(world).await;
    let mug = stocked(&books, "MUG", 10, 6).await;
    for (units, days) in [(5, 6), (5, 5)] {
        order(
            &books,
            &[],
            days,
            json!({ "lines": [{ "product": mug, "quantity": units, "unitPrice": gbp("10.00"), "taxRate": "0.2" }] }),
        )
        .await;
    }
    let found = execute(&books, LOST, json!({ "f": filter(&books, (6, 3)) })).await;
    let money = |name: &str| found["nodes"][0][name]["mid"]["amount"].as_str().unwrap().parse::<f64>().unwrap();
    let (revenue, margin) = (money("lostRevenue"), money("lostMargin"));
    // Eight of ten pounds are margin, and nothing is the state's.
    assert!(revenue > 0.0 && (margin - 0.8 * revenue).abs() < 0.01, "{found:#}");
    let units = execute(
        &books,
        "query($f: StockReportFilter!) { lostSales(filter: $f) { nodes { countedUnits { mid } } } }",
        json!({ "f": filter(&books, (6, 3)) }),
    )
    .await;
    let lost = units["nodes"][0]["countedUnits"]["mid"].as_f64().unwrap();
    assert!((revenue - 10.0 * lost).abs() < 0.01, "{found:#} {units:#}");
}
