//! Stock that is cleared and ordered again by its own reorder point.

use serde_json::{Value, json};

use super::clearance::Clearance;
use crate::{
    authorization::world::World,
    purchasing::office::{accepted, gbp, key},
};

/// Quantities of a plan of replenishment for the desk's store, with the codes of their reasons.
async fn planned(desk: &Clearance<'_>) -> Vec<(i64, Vec<String>)> {
    let input = json!({ "idempotencyKey": key(), "storeIds": [desk.office().store["id"]] });
    let fields = "plan { lines { nodes { quantity reasons { code } } } }";
    let payload = desk.office().mutate("replenishmentPlanCreate", "ReplenishmentPlanCreateInput", fields, input).await;
    let lines = accepted(&payload, "plan")["lines"]["nodes"].as_array().unwrap().clone();
    let codes = |line: &Value| {
        let reasons = line["reasons"].as_array().unwrap().iter();
        reasons.map(|reason| reason["code"].as_str().unwrap().to_owned()).collect()
    };
    lines.iter().map(|line| (line["quantity"].as_i64().unwrap(), codes(line))).collect()
}

/// 80 of a product are below its point of 100, and 150 its maximum.
async fn keep_more_than_there_is(desk: &Clearance<'_>, product: &Value) {
    let items = json!([{ "product": product, "store": desk.office().store, "reorderPoint": 100, "maximum": 150 }]);
    let input = json!({ "idempotencyKey": key(), "items": items });
    let payload = desk.office().mutate("reorderPolicySet", "ReorderPolicySetInput", "levels { reorderPoint }", input).await;
    accepted(&payload, "levels");
}

pub async fn a_supplier_who_takes_stock_back_is_not_asked_for_it_again(world: &World) {
    let desk = Clearance::of(world).await;
    let mug = desk.dead_product("MUG").await;
    desk.terms().await;
    keep_more_than_there_is(&desk, &mug).await;
    let plan = desk.plan(json!({ "storeIds": [desk.office().store["id"]] })).await;
    assert_eq!(planned(&desk).await[0].0, 70, "nobody has approved it");
    let plan = desk.approved(&plan).await;
    assert_eq!(plan["lines"]["nodes"][0]["action"], "RETURN", "{plan:#}");
    assert_eq!(planned(&desk).await, []);
    world.advance_clock(181 * 86_400);
    assert_eq!(planned(&desk).await, []);
    world.advance_clock(2 * 86_400);
    assert_eq!(planned(&desk).await[0].0, 150, "half a year later its own point counts again");
}

pub async fn nothing_is_bought_for_stock_that_an_approved_plan_clears(world: &World) {
    let desk = Clearance::of(world).await;
    let mug = desk.dead_product("MUG").await;
    keep_more_than_there_is(&desk, &mug).await;
    assert_eq!(planned(&desk).await[0].0, 70, "80 of them are below the point");
    let plan = desk.plan(json!({ "storeIds": [desk.office().store["id"]] })).await;
    assert_eq!(planned(&desk).await[0].0, 70, "nobody has approved it");
    let plan = desk.approved(&plan).await;
    assert_eq!(plan["lines"]["nodes"][0]["action"], "MARKDOWN", "{plan:#}");
    assert_eq!(planned(&desk).await, []);

    // Customers are owed five more than there are.
    let query = "query($id: ID!) { node(id: $id) { ... on Product { version } } }";
    let version = desk.office().execute(query, json!({ "id": mug["id"] })).await["data"]["node"]["version"].clone();
    let product = json!({ "id": mug["id"], "expectedVersion": version, "stockPolicy": "BACKORDER" });
    accepted(&desk.office().mutate("productUpdate", "ProductUpdateInput", "product { id }", product).await, "product");
    let lines = json!([{ "product": mug, "quantity": 85, "unitPrice": gbp("9.00") }]);
    let input = json!({ "idempotencyKey": key(), "store": desk.office().store, "status": "CONFIRMED", "lines": lines });
    accepted(&desk.office().mutate("orderCreate", "OrderCreateInput", "order { id }", input).await, "order");
    let lines = planned(&desk).await;
    assert_eq!((lines.len(), lines[0].0, lines[0].1.contains(&"LIQUIDATED".to_owned())), (1, 5, true), "{lines:?}");
    desk.office().is_sound().await;
}
