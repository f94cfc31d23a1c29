//! Dead and slow stock: its list, plans, their approval and their results.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set itself up has failed")]

mod bundles;
mod clearance;
mod lines;
mod masked;
mod nightly;
mod replenished;
mod watched;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    authorization::world::World,
    demand::days::days_ago,
    purchasing::office::{accepted, gbp, key, refused},
    world::on_both,
};
use clearance::{Clearance, PLAN, approve};
use replenished::{
    a_supplier_who_takes_stock_back_is_not_asked_for_it_again, nothing_is_bought_for_stock_that_an_approved_plan_clears,
};

on_both!(
    stock_that_nobody_buys_is_listed_with_what_can_be_done,
    what_is_listed_first_says_nothing_of_costs_to_whoever_is_not_shown_them,
    criteria_say_what_is_listed_and_what_it_costs,
    what_is_sent_back_is_credited_once,
    a_supplier_who_is_archived_takes_nothing_back,
    a_markdown_cuts_the_price_in_steps_and_is_followed,
    nothing_is_bought_for_stock_that_an_approved_plan_clears,
    a_supplier_who_takes_stock_back_is_not_asked_for_it_again,
    what_another_store_sells_is_moved_there,
    what_is_written_off_leaves_stock,
    a_line_that_was_overtaken_is_refused_alone,
    a_line_without_the_right_stays_proposed,
    a_dry_run_shows_a_plan_and_keeps_none,
    a_newer_plan_takes_the_place_of_a_draft,
);

fn codes(node: &Value) -> Vec<&str> {
    node["reasons"].as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap()).collect()
}

async fn stock_that_nobody_buys_is_listed_with_what_can_be_done(world: &World) {
    let desk = Clearance::of(world).await;
    let (mug, plate) = (desk.dead_product("MUG").await, desk.product("PLATE").await);
    desk.books.receive(&plate, 50, "3.00").await;
    assert_eq!(desk.dead_stock_of(&plate).await["nodes"], json!([]), "it came today");
    let listed = desk.dead_stock_of(&mug).await;
    assert_eq!((&listed["totals"]["levels"], &listed["totals"]["value"]["amount"]), (&json!(1), &json!("240.00")), "{listed:#}");
    let node = &listed["nodes"][0];
    assert_eq!((&node["quantity"], &node["price"]["amount"]), (&json!(80), &json!("9.00")));
    assert_eq!(
        (&node["daysWithoutSale"], &node["daysOfSupply"], &node["priceResponse"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(node["priceResponseSource"], "NONE");
    assert_eq!(codes(node), ["NO_SALE", "NO_DEMAND_SEEN", "RESPONSE_NOT_SHOWN", "UNITS_REMAIN"], "{node:#}");
    assert_eq!(node["reasons"][0]["text"], "never sold in 100 days");
    // Half a unit in 100 days of silence.
    assert_eq!(node["weeklyDemand"], 0.035);
    let actions: Vec<&Value> = node["options"].as_array().unwrap().iter().map(|option| &option["action"]).collect();
    assert_eq!((json!(actions), &node["best"]["action"]), (json!(["KEEP", "MARKDOWN"]), &json!("MARKDOWN")));
    desk.terms().await;
    let node = &desk.dead_stock_of(&mug).await["nodes"][0];
    // 85 % of 80 × 3.00, less 20.00.
    assert_eq!(
        (&node["best"]["action"], &node["best"]["expected"]["low"]["amount"]),
        (&json!("RETURN"), &json!("184.00")),
        "{node:#}"
    );
    desk.books.sell(&mug, 1).await;
    assert_eq!(desk.dead_stock_of(&mug).await["nodes"][0]["daysWithoutSale"], 0, "one in 91 days is still slow");
    // Bowls are sold in sets alone: thirty of them have just left.
    let (bowl, set) = (desk.dead_product("BOWL").await, desk.product("SET").await);
    assert_eq!(codes(&desk.dead_stock_of(&bowl).await["nodes"][0])[0], "NO_SALE");
    let kit = json!({ "idempotencyKey": key(), "id": set["id"], "components": [{ "productId": bowl["id"], "quantity": 15 }] });
    accepted(&desk.office().mutate("kitSet", "KitSetInput", "product { id }", kit).await, "product");
    desk.books.sell(&set, 2).await;
    assert_eq!(desk.dead_stock_of(&bowl).await["nodes"], json!([]));
}

async fn what_is_listed_first_says_nothing_of_costs_to_whoever_is_not_shown_them(world: &World) {
    let desk = Clearance::of(world).await;
    // Eighty mugs cost 240.00 and are priced at 720.00, ten vases cost 500.00 and are priced at 90.00.
    let (mug, vase) = (desk.dead_product("MUG").await, desk.product("VASE").await);
    let dear = json!({ "unitCost": gbp("50.00"), "occurredAt": days_ago(world, 100) });
    desk.books.adjust("RECEIPT", &vase, 10, dear).await;
    let query = "query($p: [ID!], $first: Int, $after: Cursor) { deadStock(filter: { product: { in: $p } }, first: $first, after: $after) \
        { edges { cursor node { product { id } value { amount } } } } }";
    let page = async |codes: &[&str], first: i32, after: &Value| {
        let reader = desk.office().as_caller(world.ours.owner_with(codes));
        let answer = reader.execute(query, json!({ "p": [mug["id"], vase["id"]], "first": first, "after": after })).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"]["deadStock"]["edges"].clone()
    };
    let (buyer, clerk): (&[&str], &[&str]) =
        (&["report.read", "product.read", "product.cost.read"], &["report.read", "product.read"]);
    let listed = page(buyer, 5, &Value::Null).await;
    assert_eq!([&listed[0]["node"]["product"], &listed[1]["node"]["product"]], [&vase, &mug], "by cost: {listed:#}");
    let listed = page(clerk, 5, &Value::Null).await;
    assert_eq!([&listed[0]["node"]["product"], &listed[1]["node"]["product"]], [&mug, &vase], "by price: {listed:#}");
    assert_eq!(listed[0]["node"]["value"], Value::Null);
    for (edge, cost) in [(&listed[0], "24000"), (&listed[1], "50000")] {
        let cursor = URL_SAFE_NO_PAD.decode(edge["cursor"].as_str().unwrap()).unwrap();
        assert!(!String::from_utf8_lossy(&cursor).contains(cost), "{edge:#}");
    }
    let next = page(clerk, 1, &listed[0]["cursor"]).await;
    assert_eq!(next[0]["node"]["product"], vase, "{next:#}");
}

async fn criteria_say_what_is_listed_and_what_it_costs(world: &World) {
    let desk = Clearance::of(world).await;
    let mug = desk.dead_product("MUG").await;
    let query = "{ liquidationSettings { version daysWithoutSale slowDaysOfSupply markdownPercents holdingPercent supplierTerms { creditPercent } updatedAt } }";
    let answer = desk.office().execute(query, json!({})).await;
    let input = json!({ "version": 0, "daysWithoutSale": 90, "slowDaysOfSupply": 180, "markdownPercents": [20, 40, 60], "holdingPercent": 25,
        "supplierTerms": [], "updatedAt": null });
    assert_eq!(answer["data"]["liquidationSettings"], input, "{answer:#}");
    let set = desk.settings(json!({ "daysWithoutSale": 101 })).await;
    assert_eq!((&accepted(&set, "settings")["version"], &set["settings"]["slowMonthlyUnits"]), (&json!(1), &Value::Null));
    assert_eq!(desk.dead_stock_of(&mug).await["nodes"], json!([]));
    accepted(&desk.settings(json!({ "leastValue": gbp("240.01") })).await, "settings");
    assert_eq!(desk.dead_stock_of(&mug).await["nodes"], json!([]), "it is worth 240.00");
    refused(&desk.settings(json!({ "daysWithoutSale": 0 })).await, "OUT_OF_RANGE", "input.daysWithoutSale");
    refused(&desk.settings(json!({ "markdownPercents": [40, 20] })).await, "OUT_OF_RANGE", "input.markdownPercents");
    let euros = json!({ "amount": "1.00", "currencyCode": "EUR" });
    refused(&desk.settings(json!({ "transferFreight": euros })).await, "INVALID", "input.transferFreight");
    let theirs = json!([{ "supplierId": world.theirs.ids["sup"], "creditPercent": 50 }]);
    refused(&desk.settings(json!({ "supplierTerms": theirs })).await, "NOT_FOUND", "input.supplierTerms.0.supplierId");
    let unknown = json!([{ "supplier": { "code": "NONE" }, "creditPercent": 50 }]);
    refused(&desk.settings(json!({ "supplierTerms": unknown })).await, "NOT_FOUND", "input.supplierTerms.0.supplier.code");
    let nameless = json!([{ "creditPercent": 50 }]);
    refused(&desk.settings(json!({ "supplierTerms": nameless })).await, "REQUIRED", "input.supplierTerms.0.supplier");
    refused(&desk.settings(json!({ "expectedVersion": 1 })).await, "VERSION_CONFLICT", "input.expectedVersion");
    desk.office().is_sound().await;
}

async fn what_is_sent_back_is_credited_once(world: &World) {
    let desk = Clearance::of(world).await;
    let mug = desk.dead_product("MUG").await;
    desk.terms().await;
    let dock = json!({ "storeIds": [desk.office().store["id"]] });
    let plan = desk.plan(dock).await;
    assert_eq!((&plan["state"], &plan["lineCount"], &plan["result"]), (&json!("DRAFT"), &json!(1), &Value::Null), "{plan:#}");
    let line = &plan["lines"]["nodes"][0];
    assert_eq!((&line["action"], &line["state"], &line["quantity"]), (&json!("RETURN"), &json!("PROPOSED"), &json!(80)));
    assert_eq!((&line["supplier"]["id"], &line["recovered"]), (&desk.office().supplier["id"], &Value::Null));
    let again = key();
    let first = approve(desk.office(), &again, &plan).await;
    assert_eq!(
        (&first["approved"], &first["replayed"], &first["plan"]["state"]),
        (&json!(1), &json!(false), &json!("DONE")),
        "{first:#}"
    );
    let second = approve(desk.office(), &again, &plan).await;
    assert_eq!(
        (&second["approved"], &second["replayed"], &second["plan"]),
        (&json!(1), &json!(true), &first["plan"]),
        "{second:#}"
    );
    refused(&approve(desk.office(), &key(), &plan).await, "INVALID_STATE", "input.plan");
    assert_eq!(desk.office().level(&mug, &desk.office().store).await, [0, 0, 0]);
    let read = desk.read(&plan).await;
    let line = &read["lines"]["nodes"][0];
    assert_eq!((&line["state"], &line["recovered"]["amount"]), (&json!("DONE"), &json!("184.00")), "{line:#}");
    assert_eq!(
        (&read["result"]["recovered"]["amount"], &read["result"]["expected"]["low"]["amount"]),
        (&json!("184.00"), &json!("184.00"))
    );
    let query =
        "query($s: ID!) { supplierReturns(filter: { supplier: { eq: $s } }) { nodes { id creditTotal: credit { amount } } } }";
    let answer = desk.office().execute(query, json!({ "s": desk.office().supplier["id"] })).await;
    let returns = answer["data"]["supplierReturns"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}"));
    assert_eq!((returns.len(), &returns[0]["id"]), (1, &line["supplierReturn"]["id"]));
    desk.office().is_sound().await;
}

async fn a_supplier_who_is_archived_takes_nothing_back(world: &World) {
    let desk = Clearance::of(world).await;
    let (mug, office) = (desk.dead_product("MUG").await, desk.office());
    desk.terms().await;
    let stores = json!({ "stores": [office.store] });
    let plan = desk.plan(stores.clone()).await;
    assert_eq!(plan["lines"]["nodes"][0]["action"], "RETURN", "{plan:#}");
    // They are archived between the plan and its approval.
    let before = office.level(&mug, &office.store).await;
    let input = json!({ "id": office.supplier["id"] });
    accepted(&office.mutate("supplierArchive", "SupplierArchiveInput", "supplier { archivedAt }", input).await, "supplier");
    let payload = approve(office, &key(), &plan).await;
    let line = &payload["refused"][0];
    assert_eq!((&payload["approved"], &line["line"]["state"]), (&json!(0), &json!("REFUSED")), "{payload:#}");
    assert!(line["message"].as_str().unwrap().contains("archived since"), "{payload:#}");
    assert_eq!(office.level(&mug, &office.store).await, before, "the goods are where they were");
    // The next plan proposes the best action without the supplier.
    let plan = desk.plan(stores).await;
    assert_eq!(plan["lines"]["nodes"][0]["action"], "MARKDOWN", "{plan:#}");
    office.is_sound().await;
}

async fn a_markdown_cuts_the_price_in_steps_and_is_followed(world: &World) {
    const DAY: i64 = 86_400;
    let desk = Clearance::of(world).await;
    let mug = desk.dead_product("MUG").await;
    let plan = desk.plan(json!({ "storeIds": [desk.office().store["id"]] })).await;
    let prices: Vec<&Value> =
        plan["lines"]["nodes"][0]["steps"].as_array().unwrap().iter().map(|step| &step["price"]["amount"]).collect();
    assert_eq!(prices, ["7.20", "5.40", "3.60"], "{plan:#}");
    let plan = desk.approved(&plan).await;
    assert_eq!((desk.price(&mug).await, &plan["state"]), (json!("7.20"), &json!("APPROVED")), "{plan:#}");
    desk.books.sell(&mug, 2).await;
    let read = desk.read(&plan).await;
    let line = &read["lines"]["nodes"][0];
    assert_eq!(
        (&line["state"], &line["stepsDone"], &line["recovered"]["amount"]),
        (&json!("APPROVED"), &json!(1), &json!("14.40"))
    );
    // The markdown is in progress, so the product is neither listed for one nor planned again.
    assert!(codes(&desk.dead_stock_of(&mug).await["nodes"][0]).contains(&"UNDER_WAY"));
    assert_eq!(desk.plan(json!({ "storeIds": [desk.office().store["id"]] })).await["lineCount"], 0);
    let early = desk.advance(&read).await;
    assert_eq!((&early["cut"], &early["seq"]), (&json!(0), &Value::Null), "its day has not come: {early:#}");
    // Steps last 182 ÷ 3 days: the second begins on day 60.
    world.advance_clock(61 * DAY);
    let payload = desk.advance(&read).await;
    assert_eq!((&payload["cut"], &payload["skipped"], &payload["closed"]), (&json!(1), &json!(0), &json!(0)), "{payload:#}");
    assert_eq!(desk.price(&mug).await, "5.40");
    refused(&desk.advance(&read).await, "VERSION_CONFLICT", "input.expectedVersion");
    world.advance_clock(130 * DAY);
    let payload = desk.advance(&payload["plan"]).await;
    assert_eq!((&payload["closed"], &payload["plan"]["state"]), (&json!(1), &json!("DONE")), "{payload:#}");
    assert_eq!(desk.price(&mug).await, "5.40", "the last step was missed");
    desk.office().is_sound().await;
}

async fn what_another_store_sells_is_moved_there(world: &World) {
    let desk = Clearance::of(world).await;
    let mug = desk.dead_product("MUG").await;
    let shop = desk.shop(&mug).await;
    let plan = desk.plan(json!({ "storeIds": [desk.office().store["id"]] })).await;
    let line = &plan["lines"]["nodes"][0];
    // Two a week for 26 weeks are 52, and the shop already has four.
    assert_eq!(
        (&line["action"], &line["quantity"], &line["toStore"]["id"]),
        (&json!("TRANSFER"), &json!(48), &shop["id"]),
        "{plan:#}"
    );
    // At least 52 − 1.2816 × √52 − 4 = 38.758 of 9.00.
    assert_eq!(line["expected"]["low"]["amount"], "348.82");
    assert!(codes(line).contains(&"SELLS_ELSEWHERE"), "{line:#}");
    let plan = desk.approved(&plan).await;
    let transfer = &plan["lines"]["nodes"][0]["transfer"];
    assert_eq!((&transfer["status"], &transfer["lines"][0]["quantity"]), (&json!("DRAFT"), &json!(48)), "{plan:#}");
    // With these the shop has as many as it sells: the other 32 are not transferred.
    let left = desk.dead_stock_of(&mug).await;
    let options = left["nodes"][0]["options"].as_array().unwrap();
    assert!(!options.is_empty() && options.iter().all(|option| option["action"] != "TRANSFER"), "{left:#}");
    assert_eq!(desk.price(&mug).await, "9.00");
    // The shop's own four are sold first.
    let lines = json!([{ "product": mug, "quantity": 4 }]);
    let input = json!({ "idempotencyKey": key(), "store": shop, "status": "FULFILLED", "lines": lines });
    accepted(&desk.office().mutate("orderCreate", "OrderCreateInput", "order { id }", input).await, "order");
    assert_eq!(desk.read(&plan).await["lines"]["nodes"][0]["recovered"]["amount"], "0.00");
    desk.office().is_sound().await;
}

/// The only line of the only plan that is open, as a call leaves it that was cut off before it carried it out. Its group.
async fn claimed_by_one_who_left(world: &World, plan: &Value) -> Uuid {
    let work = world.node.db.tenant(world.ours.owner.tenant).begin().await.unwrap();
    let (group, by) = (world.node.clock.uuid(), world.node.clock.uuid());
    let sql = "UPDATE liquidation_line SET state = 'CLAIMED', group_id = $2, claimed_by = $3 WHERE tenant_id = $1 AND state = 'PROPOSED'
        AND plan_id IN (SELECT id FROM liquidation_plan WHERE tenant_id = $1 AND state = 'DRAFT')";
    assert_eq!(work.execute(sql, vec![group.into(), by.into()]).await.unwrap(), 1, "{plan:#}");
    let sql = "UPDATE liquidation_plan SET state = 'APPROVED' WHERE tenant_id = $1 AND state = 'DRAFT'";
    work.execute(sql, Vec::new()).await.unwrap();
    work.commit().await.unwrap();
    group
}

async fn what_is_written_off_leaves_stock(world: &World) {
    let desk = Clearance::of(world).await;
    let mug = desk.dead_product("MUG").await;
    accepted(&desk.settings(json!({ "salvagePercent": 19 })).await, "settings");
    let dock = json!([desk.office().store["id"]]);
    assert_eq!(desk.plan(json!({ "storeIds": dock, "actions": ["MARKDOWN"] })).await["lineCount"], 0, "that is not the best");
    let plan = desk.plan(json!({ "storeIds": dock, "actions": ["WRITE_OFF"] })).await;
    let line = &plan["lines"]["nodes"][0];
    // 19 % of 240.00.
    assert_eq!((&line["action"], &line["expected"]["likely"]["amount"]), (&json!("WRITE_OFF"), &json!("45.60")), "{plan:#}");
    // A member claimed the line, their call was interrupted, and they have left since: others must
    // wait for an hour, as the call might still run.
    claimed_by_one_who_left(world, &plan).await;
    let early = approve(desk.office(), &key(), &plan).await;
    assert_eq!((&early["approved"], &early["userErrors"]), (&json!(0), &json!([])), "{early:#}");
    let plan = desk.read(&plan).await;
    assert_eq!((&plan["state"], &plan["lines"]["nodes"][0]["state"]), (&json!("APPROVED"), &json!("CLAIMED")), "{plan:#}");
    world.advance_clock(3_000);
    assert_eq!(approve(desk.office(), &key(), &plan).await["approved"], 0);
    // An approval without effect has not restarted the hour.
    world.advance_clock(600);
    let payload = approve(desk.office(), &key(), &plan).await;
    assert_eq!((&payload["approved"], &payload["plan"]["state"]), (&json!(1), &json!("DONE")), "{payload:#}");
    let plan = desk.read(&plan).await;
    let line = &plan["lines"]["nodes"][0];
    assert_eq!((&line["state"], &line["recovered"]["amount"], &plan["state"]), (&json!("DONE"), &json!("45.60"), &json!("DONE")));
    let query = "query($id: ID!) { node(id: $id) { ... on StockMovement { kind reasonCode entries { onHandDelta } } } }";
    let movement = desk.office().execute(query, json!({ "id": line["movementId"] })).await;
    let movement = &movement["data"]["node"];
    assert_eq!((&movement["kind"], &movement["entries"][0]["onHandDelta"]), (&json!("REMOVAL"), &json!(-80)), "{movement:#}");
    assert_eq!(desk.office().level(&mug, &desk.office().store).await, [0, 0, 0]);
    desk.office().is_sound().await;
}

async fn a_line_that_was_overtaken_is_refused_alone(world: &World) {
    let desk = Clearance::of(world).await;
    let (mug, _plate) = (desk.dead_product("MUG").await, desk.dead_product("PLATE").await);
    desk.terms().await;
    let plan = desk.plan(json!({ "storeIds": [desk.office().store["id"]] })).await;
    assert_eq!(plan["lineCount"], 2, "{plan:#}");
    desk.books.sell(&mug, 1).await;
    let payload = approve(desk.office(), &key(), &plan).await;
    assert_eq!((&payload["approved"], &payload["plan"]["state"]), (&json!(1), &json!("DONE")), "{payload:#}");
    let stale = &payload["refused"][0];
    assert_eq!(
        (&stale["code"], &stale["line"]["state"], &stale["line"]["issue"]),
        (&json!("STALE"), &json!("REFUSED"), &json!("STALE"))
    );
    assert_eq!(desk.office().level(&mug, &desk.office().store).await, [79, 0, 0]);
}

async fn a_line_without_the_right_stays_proposed(world: &World) {
    let desk = Clearance::of(world).await;
    let mug = desk.dead_product("MUG").await;
    let plan = desk.plan(json!({ "storeIds": [desk.office().store["id"]] })).await;
    let reader = desk.office().as_caller(world.ours.owner_with(&["purchase.read", "product.read", "store.read"]));
    let payload = approve(&reader, &key(), &plan).await;
    assert_eq!((&payload["approved"], &payload["userErrors"]), (&json!(0), &json!([])), "{payload:#}");
    let line = &payload["refused"][0];
    assert_eq!((&line["code"], &line["line"]["state"]), (&json!("FORBIDDEN"), &json!("PROPOSED")), "{payload:#}");
    assert!(line["message"].as_str().unwrap().contains("product.write"), "{line:#}");
    assert_eq!(desk.price(&mug).await, "9.00");
    // Costs are hidden from callers without the permission.
    let query = "query($id: ID!) { liquidationPlan(id: $id) { value { amount } expected { low { amount } } \
        lines { nodes { value { amount } expected { low { amount } } } } } }";
    let answer = reader.execute(query, json!({ "id": plan["id"] })).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    let liquidation_plan = &answer["data"]["liquidationPlan"];
    let line = &liquidation_plan["lines"]["nodes"][0];
    assert_eq!(
        [&liquidation_plan["value"], &liquidation_plan["expected"], &line["value"], &line["expected"]],
        [&Value::Null; 4],
        "{answer:#}"
    );
    // Another company has no such plan.
    let query = "query($id: ID!) { liquidationPlan(id: $id) { id } }";
    let answer = world.execute(&world.theirs, Some(world.theirs.owner.clone()), query, &json!({ "id": plan["id"] })).await;
    assert_eq!(answer["data"]["liquidationPlan"], Value::Null, "{answer:#}");
}

/// IDs and states of all plans.
async fn plans(desk: &Clearance<'_>) -> Value {
    let answer = desk.office().execute("{ liquidationPlans { nodes { id state } } }", json!({})).await;
    answer["data"]["liquidationPlans"]["nodes"].clone()
}

async fn a_dry_run_shows_a_plan_and_keeps_none(world: &World) {
    let desk = Clearance::of(world).await;
    desk.dead_product("MUG").await;
    let before = plans(&desk).await;
    let query = format!(
        "mutation($input: LiquidationPlanCreateInput!) {{ liquidationPlanCreate(input: $input, validateOnly: true) {{ plan {{ {PLAN} }} userErrors {{ code }} seq }} }}"
    );
    let input = json!({ "idempotencyKey": key(), "storeIds": [desk.office().store["id"]] });
    let answer = desk.office().execute(&query, json!({ "input": input })).await;
    let payload = &answer["data"]["liquidationPlanCreate"];
    assert_eq!(
        (&payload["plan"]["lines"]["nodes"][0]["action"], &payload["seq"]),
        (&json!("MARKDOWN"), &Value::Null),
        "{answer:#}"
    );
    assert_eq!(plans(&desk).await, before);
}

async fn a_newer_plan_takes_the_place_of_a_draft(world: &World) {
    let desk = Clearance::of(world).await;
    desk.dead_product("MUG").await;
    let by_id = json!({ "storeIds": [desk.office().store["id"]] });
    let (first, second) = (desk.plan(by_id).await, desk.plan(json!({ "stores": [desk.office().store] })).await);
    assert_eq!((&desk.read(&first).await["state"], &second["state"]), (&json!("SUPERSEDED"), &json!("DRAFT")));
    let input = json!({ "idempotencyKey": key(), "actions": ["KEEP"] });
    let payload = desk.office().mutate("liquidationPlanCreate", "LiquidationPlanCreateInput", "plan { id }", input).await;
    refused(&payload, "INVALID", "input.actions");
    desk.approved(&second).await;
    desk.plan(json!({})).await;
    assert_eq!(desk.read(&second).await["state"], "APPROVED", "one that is under way is followed to its end");
}
