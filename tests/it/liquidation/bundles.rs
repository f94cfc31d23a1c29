//! Products that must keep their price are sold in a kit with products that sell.

use entrepot::liquidation::shell::score_due;
use serde_json::{Value, json};

use super::{
    claimed_by_one_who_left,
    clearance::{Clearance, approve},
};
use crate::{
    authorization::world::World,
    demand::days::days_ago,
    purchasing::office::{accepted, gbp, key, refused},
    world::on_both,
};

on_both!(
    a_bundle_becomes_a_kit_and_is_followed_by_what_it_sells,
    what_is_bought_together_is_bundled_first,
    a_bundle_without_the_right_or_as_a_dry_run_makes_no_kit,
    a_company_says_what_a_bundle_takes_off,
    the_price_of_a_bundle_that_is_held_to_a_floor_is_shown_with_costs_alone,
    a_kit_that_a_call_left_half_made_is_made_by_another_member,
);

/// A product in a category, which cost 3.00 and is priced at 9.00.
async fn product(desk: &Clearance<'_>, sku: &str, category: &Value) -> Value {
    let input =
        json!({ "sku": sku, "name": format!("A {sku}"), "unitCost": gbp("3.00"), "price": gbp("9.00"), "categoryId": category });
    let payload = desk.office().mutate("productCreate", "ProductCreateInput", "product { id }", input).await;
    json!({ "id": accepted(&payload, "product")["id"] })
}

async fn category(desk: &Clearance<'_>) -> Value {
    let payload =
        desk.office().mutate("categoryCreate", "CategoryCreateInput", "category { id }", json!({ "name": "Cups" })).await;
    accepted(&payload, "category")["id"].clone()
}

async fn receive(desk: &Clearance<'_>, product: &Value, units: i64, days: i64) {
    let input = json!({ "unitCost": gbp("3.00"), "occurredAt": days_ago(desk.world, days) });
    desk.books.adjust("RECEIPT", product, units, input).await;
}

/// Sells these units in the desk's store, `days` ago.
async fn sell(desk: &Clearance<'_>, products: &[(&Value, i64)], days: i64) {
    let line = |(product, units): &(&Value, i64)| json!({ "product": product, "quantity": units, "unitPrice": gbp("9.00") });
    let lines: Vec<Value> = products.iter().map(line).collect();
    let input = json!({ "idempotencyKey": key(), "store": desk.office().store, "status": "FULFILLED",
        "placedAt": days_ago(desk.world, days), "lines": lines });
    accepted(&desk.office().mutate("orderCreate", "OrderCreateInput", "order { id }", input).await, "order");
}

/// Eighty mugs without sales here, while another store sells them at their price; a transfer is
/// expensive. Two saucers are sold a week.
async fn mugs_and_saucers(desk: &Clearance<'_>) -> (Value, Value) {
    let cups = category(desk).await;
    let (mug, saucer) = (product(desk, "MUG", &cups).await, product(desk, "SAUCER", &cups).await);
    receive(desk, &mug, 80, 100).await;
    desk.shop(&mug).await;
    receive(desk, &saucer, 100, 40).await;
    sell(desk, &[(&saucer, 26)], 10).await;
    let criteria = json!({ "transferFreight": gbp("10000.00"), "bundlePercent": 10, "slowDaysOfSupply": 180 });
    accepted(&desk.settings(criteria).await, "settings");
    (mug, saucer)
}

async fn plan(desk: &Clearance<'_>) -> Value {
    desk.plan(json!({ "storeIds": [desk.office().store["id"]] })).await
}

/// The kits that a product is in.
async fn kits(desk: &Clearance<'_>, product: &Value) -> Vec<Value> {
    let query = "query($id: ID!) { node(id: $id) { ... on Product { kits { id sku name status version price { amount } \
        components { product { id } quantity } } } } }";
    let answer = desk.office().execute(query, json!({ "id": product["id"] })).await;
    answer["data"]["node"]["kits"].as_array().unwrap_or_else(|| panic!("{answer:#}")).clone()
}

async fn a_bundle_becomes_a_kit_and_is_followed_by_what_it_sells(world: &World) {
    let desk = Clearance::of(world).await;
    let (mug, saucer) = mugs_and_saucers(&desk).await;
    let new_plan = plan(&desk).await;
    let line = &new_plan["lines"]["nodes"][0];
    // 10 % off 9.00, beside a saucer of 9.00. In 26 weeks 52 saucers are sold, and 74 are in stock.
    assert_eq!(
        json!([line["action"], line["partner"], line["bundlePrice"]["amount"], line["quantity"]]),
        json!(["BUNDLE", saucer, "17.10", 52]),
        "{new_plan:#}"
    );
    // Half a mug in 100 days is 0.91 in 26 weeks: once, one and a half times and twice as many, of 8.10 each.
    let expected = ["low", "likely", "high"].map(|bound| line["expected"][bound]["amount"].clone());
    assert_eq!(json!(expected), json!(["7.37", "11.06", "14.74"]));
    assert!(line["reasons"].as_array().unwrap().iter().any(|reason| reason["code"] == "BUNDLE_ASSUMED"), "{line:#}");
    let again = key();
    let first = approve(desk.office(), &again, &new_plan).await;
    assert_eq!((&first["approved"], &first["refused"]), (&json!(1), &json!([])), "{first:#}");
    let second = approve(desk.office(), &again, &new_plan).await;
    assert_eq!((&second["replayed"], &second["approved"]), (&json!(true), &json!(1)), "{second:#}");
    let found = kits(&desk, &mug).await;
    let [kit] = found.as_slice() else { panic!("{found:#?}") };
    let parts = json!([{ "product": mug, "quantity": 1 }, { "product": saucer, "quantity": 1 }]);
    assert_eq!(
        json!([kit["name"], kit["status"], kit["price"]["amount"], kit["components"]]),
        json!(["A MUG + A SAUCER", "DRAFT", "17.10", parts])
    );
    let followed = desk.read(&new_plan).await;
    let line = &followed["lines"]["nodes"][0];
    assert_eq!(
        json!([followed["state"], line["state"], line["kit"]["id"], line["recovered"]["amount"]]),
        json!(["APPROVED", "APPROVED", kit["id"], "0.00"])
    );
    assert_eq!(desk.price(&mug).await, "9.00", "its own price stays");
    // The bundle is in progress, so the product is not bundled again.
    assert_eq!(plan(&desk).await["lineCount"], 0);
    // A member activates the draft: the sale of two kits, less two saucers, is recovered.
    let input = json!({ "id": kit["id"], "expectedVersion": kit["version"], "status": "ACTIVE" });
    accepted(&desk.office().mutate("productUpdate", "ProductUpdateInput", "product { id }", input).await, "product");
    desk.books.sell(&json!({ "id": kit["id"] }), 2).await;
    assert_eq!(desk.read(&new_plan).await["lines"]["nodes"][0]["recovered"]["amount"], "16.20");
    assert_eq!(desk.office().level(&mug, &desk.office().store).await[0], 78);
    world.advance_clock(190 * 86_400);
    let closed = desk.advance(&desk.read(&new_plan).await).await;
    assert_eq!((&closed["closed"], &closed["plan"]["state"]), (&json!(1), &json!("DONE")), "{closed:#}");
    // Its last day was over a week ago: it is scored once, and later sales change nothing.
    let score = async || score_due(&world.node.db, &world.node.clock, world.ours.owner.tenant).await.unwrap();
    assert_eq!((score().await, score().await), (1, 0));
    let line = desk.read(&new_plan).await["lines"]["nodes"][0].clone();
    assert_eq!((&line["outcome"], &line["recovered"]["amount"]), (&json!("ABOVE"), &json!("16.20")), "of 14.74 at the most");
    let query = "query($day: Date!) { liquidationScore(from: $day, to: $day) { action lines belowLines withinLines aboveLines \
        recovered { amount } expected { low { amount } high { amount } } } }";
    let scored = desk.office().execute(query, json!({ "day": line["until"] })).await;
    let sum = json!({ "action": "BUNDLE", "lines": 1, "belowLines": 0, "withinLines": 0, "aboveLines": 1, "recovered": { "amount": "16.20" },
        "expected": { "low": { "amount": "7.37" }, "high": { "amount": "14.74" } } });
    assert_eq!(scored["data"]["liquidationScore"], json!([sum]), "{scored:#}");
    let query = "{ events(types: [\"liquidation_plan.*\"], first: 50) { nodes { type data } } }";
    let answer = desk.office().execute(query, json!({})).await;
    let nodes = answer["data"]["events"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
    let of_plan: Vec<&str> =
        nodes.iter().filter(|node| node["data"]["id"] == new_plan["id"]).map(|node| node["type"].as_str().unwrap()).collect();
    let names = ["created", "approved", "advanced", "executed", "scored"].map(|name| format!("liquidation_plan.{name}"));
    assert_eq!(of_plan, names, "{answer:#}");
    desk.office().is_sound().await;
}

async fn what_is_bought_together_is_bundled_first(world: &World) {
    let desk = Clearance::of(world).await;
    let none = Value::Null;
    let [mug, saucer, plate] =
        [product(&desk, "MUG", &none).await, product(&desk, "SAUCER", &none).await, product(&desk, "PLATE", &none).await];
    for (product, days) in [(&mug, 150), (&saucer, 60), (&plate, 60)] {
        receive(&desk, product, 120, days).await;
    }
    receive(&desk, &saucer, 50, 140).await;
    receive(&desk, &plate, 50, 140).await;
    // A dozen orders had both, a dozen others a plate.
    for _ in 0..12 {
        sell(&desk, &[(&mug, 1), (&saucer, 1)], 120).await;
        sell(&desk, &[(&plate, 1)], 120).await;
    }
    for product in [&saucer, &plate] {
        sell(&desk, &[(product, 26)], 10).await;
    }
    let query = "query($p: ID!) { deadStock(filter: { product: { eq: $p } }) { nodes { reasons { code text } \
        options { action partner { id } bundlePrice { amount } } } } }";
    let answer = desk.office().execute(query, json!({ "p": mug["id"] })).await;
    let node = &answer["data"]["deadStock"]["nodes"][0];
    let bundle = node["options"].as_array().unwrap_or_else(|| panic!("{answer:#}")).iter().find(|one| one["action"] == "BUNDLE");
    assert_eq!(bundle.map(|one| &one["partner"]), Some(&saucer), "a plate is no company for a mug: {answer:#}");
    let words = "times as often as by chance";
    assert!(node["reasons"].as_array().unwrap().iter().any(|one| one["text"].as_str().unwrap().contains(words)), "{node:#}");
    // Without company and without a category there is no bundle.
    let lone = product(&desk, "LONE", &none).await;
    receive(&desk, &lone, 80, 100).await;
    let answer = desk.office().execute(query, json!({ "p": lone["id"] })).await;
    let options = answer["data"]["deadStock"]["nodes"][0]["options"].as_array().unwrap_or_else(|| panic!("{answer:#}")).clone();
    assert!(options.iter().all(|one| one["action"] != "BUNDLE"), "{answer:#}");
}

async fn a_bundle_without_the_right_or_as_a_dry_run_makes_no_kit(world: &World) {
    let desk = Clearance::of(world).await;
    let (mug, _saucer) = mugs_and_saucers(&desk).await;
    let new_plan = plan(&desk).await;
    let reader = desk.office().as_caller(world.ours.owner_with(&["purchase.read", "product.read", "store.read"]));
    let payload = approve(&reader, &key(), &new_plan).await;
    let line = &payload["refused"][0];
    assert_eq!((&line["code"], &line["line"]["state"]), (&json!("FORBIDDEN"), &json!("PROPOSED")), "{payload:#}");
    let new_plan = desk.read(&new_plan).await;
    let query = "mutation($input: LiquidationPlanApproveInput!) { liquidationPlanApprove(input: $input, validateOnly: true) { approved userErrors { code } } }";
    let input = json!({ "idempotencyKey": key(), "plan": new_plan["id"], "expectedVersion": new_plan["version"], "lines": { "all": true } });
    let answer = desk.office().execute(query, json!({ "input": input })).await;
    assert_eq!(answer["data"]["liquidationPlanApprove"], json!({ "approved": 1, "userErrors": [] }), "{answer:#}");
    assert_eq!(kits(&desk, &mug).await, Vec::<Value>::new());
    // All mugs are sold before the plan is approved.
    sell(&desk, &[(&mug, 80)], 0).await;
    let payload = approve(desk.office(), &key(), &new_plan).await;
    assert_eq!(payload["refused"][0]["code"], "STALE", "{payload:#}");
    assert_eq!(kits(&desk, &mug).await, Vec::<Value>::new());
}

async fn a_company_says_what_a_bundle_takes_off(world: &World) {
    let desk = Clearance::of(world).await;
    let (mug, _saucer) = mugs_and_saucers(&desk).await;
    let bundle = async |extra: Value| {
        accepted(&desk.settings(extra).await, "settings");
        let query = "query($p: ID!) { deadStock(filter: { product: { eq: $p } }) { nodes { options { action bundlePrice { amount } expected { low { amount } } } } } }";
        let answer = desk.office().execute(query, json!({ "p": mug["id"] })).await;
        let options = answer["data"]["deadStock"]["nodes"][0]["options"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
        options.iter().find(|one| one["action"] == "BUNDLE").cloned().unwrap_or_default()
    };
    let half = bundle(json!({ "bundlePercent": 50, "bundleCost": gbp("0.50"), "slowDaysOfSupply": 180 })).await;
    // 0.91 of 4.50 less 0.50.
    assert_eq!(json!([half["bundlePrice"]["amount"], half["expected"]["low"]["amount"]]), json!(["13.50", "3.64"]));
    assert_eq!(bundle(json!({ "slowDaysOfSupply": 180 })).await, Value::Null, "left out, none are proposed");
    refused(&desk.settings(json!({ "bundlePercent": 96 })).await, "OUT_OF_RANGE", "input.bundlePercent");
    let euros = json!({ "amount": "1.00", "currencyCode": "EUR" });
    refused(&desk.settings(json!({ "bundleCost": euros })).await, "INVALID", "input.bundleCost");
    refused(&desk.settings(json!({ "alertValue": gbp("0.00") })).await, "OUT_OF_RANGE", "input.alertValue");
}

async fn a_kit_that_a_call_left_half_made_is_made_by_another_member(world: &World) {
    let desk = Clearance::of(world).await;
    let (mug, _saucer) = mugs_and_saucers(&desk).await;
    let new_plan = plan(&desk).await;
    let group = claimed_by_one_who_left(world, &new_plan).await;
    let input = json!({ "sku": format!("BUNDLE-{}", group.simple()), "name": "A MUG + A SAUCER", "price": gbp("17.10"), "status": "DRAFT" });
    let half = desk.office().mutate("productCreate", "ProductCreateInput", "product { id }", input).await;
    world.advance_clock(3_600);
    let payload = approve(desk.office(), &key(), &new_plan).await;
    assert_eq!((&payload["approved"], &payload["refused"]), (&json!(1), &json!([])), "{payload:#}");
    let ids: Vec<Value> = kits(&desk, &mug).await.iter().map(|kit| kit["id"].clone()).collect();
    assert_eq!(ids, [accepted(&half, "product")["id"].clone()]);
    desk.office().is_sound().await;
}

async fn the_price_of_a_bundle_that_is_held_to_a_floor_is_shown_with_costs_alone(world: &World) {
    let desk = Clearance::of(world).await;
    let (mug, _) = mugs_and_saucers(&desk).await;
    let query = "query($p: ID!, $s: ID!) { deadStock(filter: { product: { eq: $p }, store: { eq: $s } }) { \
        nodes { options { action bundlePrice { amount } } } } }";
    let price = async |codes: &[&str]| {
        let reader = desk.office().as_caller(world.ours.owner_with(codes));
        let answer = reader.execute(query, json!({ "p": mug["id"], "s": desk.office().store["id"] })).await;
        let options =
            answer["data"]["deadStock"]["nodes"][0]["options"].as_array().unwrap_or_else(|| panic!("{answer:#}")).clone();
        let bundle = options.iter().find(|option| option["action"] == "BUNDLE").unwrap_or_else(|| panic!("{answer:#}"));
        bundle["bundlePrice"]["amount"].clone()
    };
    let (buyer, clerk): (&[&str], &[&str]) =
        (&["report.read", "product.read", "product.cost.read"], &["report.read", "product.read"]);
    assert_eq!([price(buyer).await, price(clerk).await], ["17.10", "17.10"], "it follows from the prices alone");
    let criteria =
        json!({ "transferFreight": gbp("10000.00"), "bundlePercent": 40, "floorPercent": 200, "slowDaysOfSupply": 180 });
    accepted(&desk.settings(criteria).await, "settings");
    // Not 5.40 beside a saucer, but twice what a mug cost.
    assert_eq!([price(buyer).await, price(clerk).await], [json!("15.00"), Value::Null]);
}
