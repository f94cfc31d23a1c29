//! The report builder: periods that move with the day on which they are asked for.

use serde_json::{Value, json};

use super::{
    asked,
    builder::{of_products, shop},
};
use crate::{authorization::world::World, costing::world::Books, world::on_both};

on_both!(a_moving_period_is_its_days_and_is_said_alone);

const REPORT: &str = "query($f: SalesReportFilter!) { report(measures: [SOLD_UNITS], dimensions: [PRODUCT], filter: $f) {
    from to periodDays nodes { product { sku } value(measure: SOLD_UNITS) { value } } } }";

async fn a_moving_period_is_its_days_and_is_said_alone(world: &World) {
    let books = Books::of(world).await;
    let products = shop(&books).await;
    let product = of_products(&books, &products, (7, 1))["product"].clone();
    for (period, days) in [("LAST_7_DAYS", 7), ("LAST_28_DAYS", 28), ("YESTERDAY", 1), ("LAST_WEEK", 7)] {
        let moving = asked(&books, REPORT, json!({ "f": { "period": period, "product": product } })).await;
        assert_eq!(moving["periodDays"], json!(days), "{period}: {moving:#}");
        let fixed = json!({ "from": moving["from"], "to": moving["to"], "product": product });
        assert_eq!(asked(&books, REPORT, json!({ "f": fixed })).await, moving, "{period}");
    }
    let weeks = asked(&books, REPORT, json!({ "f": { "period": "LAST_28_DAYS", "product": product } })).await;
    assert!(weeks["nodes"].as_array().is_some_and(|rows| rows.len() == 3), "all three were sold: {weeks:#}");
    let day = &weeks["from"];
    for (wrong, field) in [
        (json!({ "period": "TODAY", "from": day }), json!(["filter", "period"])),
        (json!({}), json!(["filter", "from"])),
        (json!({ "from": day }), json!(["filter", "to"])),
        (json!({ "to": day }), json!(["filter", "from"])),
    ] {
        let answer: Value = books.office.ask(REPORT, json!({ "f": wrong })).await;
        assert_eq!(
            (&answer["errors"][0]["code"], &answer["errors"][0]["field"]),
            (&json!("BAD_USER_INPUT"), &field),
            "{answer:#}"
        );
    }
}
