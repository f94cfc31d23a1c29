//! Products that leave as parts of kits.

use serde_json::{Value, json};

use super::{
    desk::Desk,
    score::{line as scored_line, scored},
};
use crate::{
    authorization::world::World,
    purchasing::office::{accepted, gbp, key},
    world::on_both,
};

on_both!(
    parts_are_bought_for_the_kits_that_are_forecast,
    what_sells_by_itself_and_in_kits_is_bought_for_both,
    kits_that_are_sold_no_more_ask_for_nothing,
    a_proposal_is_scored_with_the_kits_that_were_sold,
);

/// A kit of so many of a product.
async fn kit(desk: &Desk<'_>, sku: &str, part: &Value, quantity: i64) -> Value {
    let office = &desk.books.office;
    let kit = office.product(sku, "2.00").await;
    let input =
        json!({ "idempotencyKey": key(), "id": kit["id"], "components": [{ "productId": part["id"], "quantity": quantity }] });
    accepted(&office.mutate("kitSet", "KitSetInput", "product { id }", input).await, "product");
    kit
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn reason(line: &Value) -> Option<&Value> {
    line["reasons"].as_array().unwrap().iter().find(|reason| reason["code"] == "PART_OF_KITS")
}

async fn parts_are_bought_for_the_kits_that_are_forecast(world: &World) {
    let desk = Desk::of(world).await;
    let mug = desk.product("MUG").await;
    let set = kit(&desk, "SET", &mug, 2).await;
    desk.set_service_level().await;
    desk.forecast(&[&set]).await;
    let plan = desk.plan(json!({})).await;
    assert_eq!(plan["lineCount"], 1, "the kit has no stock: {plan:#}");
    let line = &plan["lines"]["nodes"][0];
    assert_eq!((&line["product"]["id"], &line["figures"]["position"]), (&mug["id"], &json!(27)), "{plan:#}");
    // Twice what lasts for three weeks of the worked example, and some for what is sold before a plan sees it.
    let lasting = number(&line["figures"]["exactPoint"]) - number(&line["figures"]["undershootUnits"]);
    assert!((2.0 * 76.61..2.0 * 77.0).contains(&lasting), "{lasting}: {line:#}");
    assert_eq!(reason(line).unwrap()["text"], "22.3 of 22.3 units a week are expected to leave as parts of 1 kit", "{line:#}");
    desk.books.office.is_sound().await;
}

async fn what_sells_by_itself_and_in_kits_is_bought_for_both(world: &World) {
    let desk = Desk::of(world).await;
    let mug = desk.product("MUG").await;
    let (pair, gift) = (kit(&desk, "PAIR", &mug, 2).await, kit(&desk, "GIFT", &mug, 1).await);
    desk.set_service_level().await;
    desk.forecast(&[&mug, &pair, &gift]).await;
    let plan = desk.plan(json!({})).await;
    let line = &plan["lines"]["nodes"][0];
    // Four times 33.379 in three weeks; errors of 1, 1 and 2 times those of the worked example, which are independent: the root of 6 times 43.23.
    let lasting = number(&line["figures"]["exactPoint"]) - number(&line["figures"]["undershootUnits"]);
    let owed = 4.0 * 33.379 + 6.0_f64.sqrt() * 43.23;
    assert!((owed - 0.1..owed + 1.0).contains(&lasting), "{lasting} for {owed}: {line:#}");
    let numbers: Vec<f64> =
        reason(line).unwrap()["numbers"].as_array().unwrap().iter().map(|one| number(&one["value"])).collect();
    assert!(
        numbers[0] == 2.0 && (numbers[1] - 33.379).abs() < 1e-9 && (numbers[2] - 4.0 * 33.379 / 3.0).abs() < 1e-9,
        "{numbers:?}"
    );
}

async fn kits_that_are_sold_no_more_ask_for_nothing(world: &World) {
    let desk = Desk::of(world).await;
    let mug = desk.product("MUG").await;
    let set = kit(&desk, "SET", &mug, 4).await;
    desk.set_service_level().await;
    desk.forecast(&[&set]).await;
    let input = json!({ "idempotencyKey": key(), "id": set["id"], "components": [] });
    accepted(&desk.books.office.mutate("kitSet", "KitSetInput", "product { id }", input).await, "product");
    assert_eq!(desk.plan(json!({})).await["lineCount"], 0, "it is made of nothing any more");
    let set = kit(&desk, "BOX", &mug, 4).await;
    let office = &desk.books.office;
    let seen =
        office.execute("query($id: ID!) { node(id: $id) { ... on Product { version } } }", json!({ "id": set["id"] })).await;
    let version = &seen["data"]["node"]["version"];
    let input = json!({ "idempotencyKey": key(), "id": set["id"], "expectedVersion": version, "status": "ARCHIVED" });
    accepted(&office.mutate("productUpdate", "ProductUpdateInput", "product { id }", input).await, "product");
    assert_eq!(desk.plan(json!({})).await["lineCount"], 0, "an archived kit is not sold");
}

async fn a_proposal_is_scored_with_the_kits_that_were_sold(world: &World) {
    let desk = Desk::of(world).await;
    let mug = desk.product("MUG").await;
    let set = kit(&desk, "SET", &mug, 4).await;
    desk.set_service_level().await;
    desk.forecast(&[&mug, &set]).await;
    let plan = desk.plan(json!({})).await;
    let office = &desk.books.office;
    let lines = json!([{ "product": set, "quantity": 3, "unitPrice": gbp("30.00") }, { "product": mug, "quantity": 5, "unitPrice": gbp("9.00") }]);
    let input = json!({ "idempotencyKey": key(), "store": office.store, "status": "FULFILLED", "lines": lines });
    accepted(&office.mutate("orderCreate", "OrderCreateInput", "order { id }", input).await, "order");
    assert_eq!(scored(&desk, 22).await, 1);
    let line = scored_line(&desk, &plan).await;
    assert_eq!((&line["score"]["demand"], &line["score"]["left"]), (&json!(17), &json!(10)), "{line:#}");
}
