//! Outcomes of proposals once their lead time has passed.

use entity::prelude::Timestamp;
use entrepot::{clock::Clock, replenishment::shell::score_due};
use serde_json::{Value, json};

use super::desk::Desk;
use crate::{
    authorization::world::World,
    demand::days::days_ago,
    purchasing::office::{Office, accepted, key},
    world::on_both,
};

on_both!(
    a_proposal_is_scored_when_its_delivery_is_due,
    a_changed_and_a_called_off_draft_are_no_accepted_proposals,
    demand_that_no_stock_could_meet_is_estimated,
    a_proposal_between_reviews_is_scored_when_the_next_one_is_due,
    what_promises_nothing_is_no_promise,
    a_buyer_is_told_of_their_stores,
);

const DAY: i64 = 86_400_000_000;

/// Returns how many proposals are scored in the night so many days from now.
pub async fn scored(desk: &Desk<'_>, days: i64) -> usize {
    let now = (desk.world.node.clock.now().micros() / DAY + days) * DAY + DAY / 6;
    let clock = Clock::manual(move || Timestamp(now), now as u64);
    score_due(&desk.world.node.db, &clock, desk.world.ours.owner.tenant).await.unwrap()
}

pub async fn line(desk: &Desk<'_>, plan: &Value) -> Value {
    let query = "query($id: ID!) { replenishmentPlan(id: $id) { businessDate lines { nodes { state dueOn score { outcome demand estimatedDemand isWithin outDays left excess naivePoint isNaiveWithin } } } } }";
    let answer = desk.books.office.execute(query, json!({ "id": plan["id"] })).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"]["replenishmentPlan"]["lines"]["nodes"][0].clone()
}

/// The counts by outcome over all days on which something was due.
async fn counts(office: &Office<'_>, due: &Value) -> Value {
    let query = "query($from: Date!, $to: Date!) { replenishmentScore(from: $from, to: $to) { outcome lines withinLines promisedLines promisedWithinLines meanServiceLevel stockoutLines outDays excessLines naiveLines naiveWithinLines } }";
    let answer = office.execute(query, json!({ "from": due, "to": due })).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"]["replenishmentScore"].clone()
}

/// The data of all events of a type.
async fn alerts_of(desk: &Desk<'_>, kind: &str) -> Vec<Value> {
    let query = "query($types: [String!]) { events(types: $types, first: 250) { nodes { data } } }";
    let answer = desk.books.office.execute(query, json!({ "types": [kind] })).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"]["events"]["nodes"].as_array().unwrap().iter().map(|node| node["data"].clone()).collect()
}

async fn a_proposal_is_scored_when_its_delivery_is_due(world: &World) {
    let desk = Desk::of(world).await;
    let mug = desk.mug().await;
    let plan = desk.plan(json!({})).await;
    desk.approve(&plan, json!({ "all": true })).await;
    let office = &desk.books.office;
    let lines = json!([{ "product": mug, "quantity": 10, "unitPrice": { "amount": "9.00", "currencyCode": "GBP" } }]);
    let input = json!({ "idempotencyKey": key(), "store": office.store, "status": "FULFILLED", "lines": lines });
    accepted(&office.mutate("orderCreate", "OrderCreateInput", "order { id }", input).await, "order");
    assert_eq!(scored(&desk, 20).await, 0, "a day is left of three weeks");
    assert_eq!(line(&desk, &plan).await["score"], Value::Null);
    assert_eq!(scored(&desk, 22).await, 1);
    assert_eq!(scored(&desk, 23).await, 0, "once");
    let line = line(&desk, &plan).await;
    // 300 were sold in the four weeks before: 225 in three, which is three times what the forecast keeps.
    let score = json!({ "outcome": "ACCEPTED", "demand": 10, "estimatedDemand": 10, "isWithin": true, "outDays": 0, "left": 17, "excess": 0,
        "naivePoint": 225, "isNaiveWithin": true });
    assert_eq!(line["score"], score, "{line:#}");
    let sums = json!([{ "outcome": "ACCEPTED", "lines": 1, "withinLines": 1, "promisedLines": 1, "promisedWithinLines": 1, "meanServiceLevel": 0.95, "stockoutLines": 0, "outDays": 0, "excessLines": 0,
            "naiveLines": 1, "naiveWithinLines": 1 }]);
    assert_eq!(counts(office, &line["dueOn"]).await, sums);
    // Its only line is scored, so the plan is, with a single event.
    let told = alerts_of(&desk, "replenishment_plan.scored").await;
    let expected = json!([{ "id": plan["id"], "lines": 1, "withinLines": 1, "naiveWithinLines": 1 }]);
    assert_eq!(json!(told), expected);
    office.is_sound().await;
}

async fn demand_that_no_stock_could_meet_is_estimated(world: &World) {
    let desk = Desk::of(world).await;
    let mug = desk.mug().await;
    let plan = desk.plan(json!({})).await;
    let office = &desk.books.office;
    // All 27 are sold on the plan's day, and nobody orders more.
    let lines = json!([{ "product": mug, "quantity": 27, "unitPrice": { "amount": "9.00", "currencyCode": "GBP" } }]);
    let input = json!({ "idempotencyKey": key(), "store": office.store, "status": "FULFILLED", "lines": lines });
    accepted(&office.mutate("orderCreate", "OrderCreateInput", "order { id }", input).await, "order");
    assert_eq!(scored(&desk, 22).await, 1);
    let line = line(&desk, &plan).await;
    // 327 in 29 days are 226 in the twenty that are left; 225 are the pace of the four weeks before.
    let score = json!({ "outcome": "REFUSED", "demand": 27, "estimatedDemand": 253, "isWithin": false, "outDays": 21, "left": 0, "excess": 0,
        "naivePoint": 225, "isNaiveWithin": false });
    assert_eq!(line["score"], score, "{line:#}");
    let sums = json!([{ "outcome": "REFUSED", "lines": 1, "withinLines": 0, "promisedLines": 1, "promisedWithinLines": 0, "meanServiceLevel": 0.95, "stockoutLines": 1, "outDays": 21, "excessLines": 0,
            "naiveLines": 1, "naiveWithinLines": 0 }]);
    assert_eq!(counts(office, &line["dueOn"]).await, sums);
}

/// Sets a policy for everything in the desk's store, in place of an earlier one of these.
async fn set_policy(desk: &Desk<'_>, input: Value, before: Option<Value>) -> Value {
    let mut input = input;
    input["idempotencyKey"] = json!(key());
    input["storeId"] = desk.books.office.store["id"].clone();
    if let Some(before) = before {
        (input["id"], input["expectedVersion"]) = (before["id"].clone(), before["version"].clone());
    }
    let fields = "policy { id version }";
    let payload = desk.books.office.mutate("replenishmentPolicySet", "ReplenishmentPolicySetInput", fields, input).await;
    accepted(&payload, "policy").clone()
}

async fn a_proposal_between_reviews_is_scored_when_the_next_one_is_due(world: &World) {
    let desk = Desk::of(world).await;
    desk.mug().await;
    let today = days_ago(world, 0);
    set_policy(&desk, json!({ "kind": "PERIODIC", "serviceLevel": 0.95, "reviewDays": 7, "reviewFrom": today[..10] }), None)
        .await;
    let plan = desk.plan(json!({})).await;
    // Delivered in three weeks, as any other order; what is ordered at the next review comes a week later.
    assert_eq!(scored(&desk, 22).await, 0);
    assert_eq!(line(&desk, &plan).await["score"], Value::Null);
    assert_eq!(scored(&desk, 27).await, 0, "a day is left of four weeks");
    assert_eq!(scored(&desk, 29).await, 1);
    let line = line(&desk, &plan).await;
    // As many as in the four weeks before.
    assert_eq!((&line["score"]["naivePoint"], &line["score"]["outcome"]), (&json!(300), &json!("REFUSED")), "{line:#}");
    assert_eq!(counts(&desk.books.office, &line["dueOn"]).await[0]["promisedLines"], 1);
}

async fn what_promises_nothing_is_no_promise(world: &World) {
    let desk = Desk::of(world).await;
    desk.mug().await;
    let (mut plans, mut before) = (Vec::new(), None);
    for policy in [
        json!({ "kind": "REORDER_POINT", "serviceLevel": 0.9, "coverDays": 0, "safetyStockMethod": "FILL_RATE" }),
        json!({ "kind": "TARGET_DAYS", "safetyDays": 21, "targetDays": 30 }),
        json!({ "kind": "REORDER_POINT", "serviceLevel": 0.98, "coverDays": 0 }),
    ] {
        before = Some(set_policy(&desk, policy, before).await);
        plans.push(desk.plan(json!({})).await);
    }
    assert_eq!(scored(&desk, 22).await, 3);
    let due = line(&desk, &plans[0]).await["dueOn"].clone();
    let sum = &counts(&desk.books.office, &due).await[0];
    let promised = (&sum["lines"], &sum["promisedLines"], &sum["promisedWithinLines"], &sum["meanServiceLevel"]);
    assert_eq!(promised, (&json!(3), &json!(1), &json!(1), &json!(0.98)), "{sum:#}");
}

async fn a_changed_and_a_called_off_draft_are_no_accepted_proposals(world: &World) {
    let desk = Desk::of(world).await;
    let mug = desk.mug().await;
    let office = &desk.books.office;
    let plan = desk.plan(json!({})).await;
    desk.approve(&plan, json!({ "all": true })).await;
    let order = desk.read(&plan).await["lines"]["nodes"][0]["purchaseOrder"].clone();
    office.step(&order, "purchaseOrderCancel").await;
    // Cancelled, so it is proposed again and ordered; then its line is replaced by tea.
    let other = desk.plan(json!({})).await;
    desk.approve(&other, json!({ "all": true })).await;
    let mut order = desk.read(&other).await["lines"]["nodes"][0]["purchaseOrder"].clone();
    for step in ["purchaseOrderSubmit", "purchaseOrderApprove", "purchaseOrderPlace"] {
        order = office.step(&order, step).await;
    }
    let tea = office.product("TEA", "1.00").await;
    let struck = json!({ "idempotencyKey": key(), "id": order["id"], "addLines": [{ "product": tea, "quantity": 4 }],
        "cancelLines": [order["lines"][0]["id"]] });
    accepted(
        &office.mutate("purchaseOrderAmend", "PurchaseOrderAmendInput", "purchaseOrder { id }", struck).await,
        "purchaseOrder",
    );
    let last = desk.plan(json!({})).await;
    desk.approve(&last, json!({ "all": true })).await;
    let draft = desk.read(&last).await["lines"]["nodes"][0]["purchaseOrder"].clone();
    let fewer = json!({ "id": draft["id"], "lines": [{ "product": mug, "quantity": 48 }] });
    accepted(&office.buy("purchaseOrderUpdate", fewer).await, "purchaseOrder");
    assert_eq!(scored(&desk, 22).await, 3);
    assert_eq!(alerts_of(&desk, "replenishment_plan.scored").await.len(), 3);
    let mut found = Vec::new();
    for plan in [&plan, &other, &last] {
        found.push(line(&desk, plan).await["score"]["outcome"].clone());
    }
    assert_eq!(json!(found), json!(["REFUSED", "REFUSED", "CHANGED"]));
}

async fn a_buyer_is_told_of_their_stores(world: &World) {
    let desk = Desk::of(world).await;
    desk.mug().await;
    let plan = desk.plan(json!({})).await;
    assert_eq!(scored(&desk, 22).await, 1);
    let due = line(&desk, &plan).await["dueOn"].clone();
    let annex = desk.books.office.new_store("ANNEX").await;
    let own = counts(&desk.as_buyer(&desk.books.office.store), &due).await;
    assert_eq!((&own[0]["outcome"], &own[0]["lines"]), (&json!("REFUSED"), &json!(1)));
    assert_eq!(counts(&desk.as_buyer(&annex), &due).await, json!([]));
    let query = "{ replenishmentScore(from: \"2026-01-02\", to: \"2026-01-01\") { lines } }";
    let answer = desk.books.office.execute(query, json!({})).await;
    assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{answer:#}");
}
