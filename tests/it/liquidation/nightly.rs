//! Automatic markdown steps, made in the name of the member who enabled them.

use entity::prelude::{Actor, MemberId};
use entrepot::liquidation::shell::{Rooms, advance_night};
use serde_json::{Value, json};

use super::clearance::Clearance;
use crate::{
    authorization::world::World,
    purchasing::office::{Office, accepted, key, refused},
    world::on_both,
};

on_both!(
    steps_of_a_markdown_come_by_themselves,
    steps_wait_for_a_person_where_the_member_has_left,
    a_plan_that_cannot_be_advanced_holds_up_no_other,
);

const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;

/// Returns how many plans the nightly job advances.
async fn night(world: &World) -> usize {
    let rooms = Rooms { ledger: &world.node.ledger, catalog: &world.node.catalog };
    let (access, audit_writer) = (&world.node.access, world.node.audit.audit_writer());
    advance_night(rooms, access, audit_writer, world.ours.owner.tenant).await.unwrap()
}

/// Advances a plan, and sets whether its steps are automatic.
async fn follow(office: &Office<'_>, plan: &Value, automatic: Option<bool>) -> Value {
    let mut input = json!({ "idempotencyKey": key(), "plan": plan["id"], "expectedVersion": plan["version"] });
    if let Some(automatic) = automatic {
        input["isAutomatic"] = json!(automatic);
    }
    let fields = "cut skipped closed plan { id state version advancedBy { __typename } }";
    office.mutate("liquidationPlanAdvance", "LiquidationPlanAdvanceInput", fields, input).await
}

/// Eighty mugs without sales, whose price is cut by a fifth today, at noon.
async fn cut(world: &World) -> (Clearance<'_>, Value, Value) {
    let second = world.node.clock.now().micros().div_euclid(1_000_000).rem_euclid(DAY);
    world.advance_clock((12 * HOUR - second).rem_euclid(DAY));
    let desk = Clearance::of(world).await;
    let mug = desk.dead_product("MUG").await;
    let plan = desk.plan(json!({ "stores": [desk.office().store] })).await;
    let plan = desk.approved(&plan).await;
    assert_eq!((desk.price(&mug).await, &plan["state"]), (json!("7.20"), &json!("APPROVED")), "{plan:#}");
    (desk, mug, plan)
}

async fn steps_of_a_markdown_come_by_themselves(world: &World) {
    let (desk, mug, plan) = cut(world).await;
    let office = desk.office();
    // An integration cannot make steps automatic: the nightly job needs a member's rights.
    let program = Actor::integration(world.ours.ids["int"].parse().unwrap());
    let mut caller = world.ours.owner.clone();
    caller.actor = program;
    refused(&follow(&office.as_caller(caller), &plan, Some(true)).await, "INVALID", "input.isAutomatic");
    let started_plan = follow(office, &plan, Some(true)).await;
    let started_plan = accepted(&started_plan, "plan").clone();
    assert!(
        started_plan["advancedBy"].is_object() && started_plan["version"].as_i64() > plan["version"].as_i64(),
        "{started_plan:#}"
    );
    assert_eq!(night(world).await, 0, "no day of a step has come");
    // Steps last 182 ÷ 3 days: the second begins on day 60. Prices change from two o'clock on.
    world.advance_clock(61 * DAY + 13 * HOUR + HOUR / 2);
    assert_eq!((night(world).await, desk.price(&mug).await), (0, json!("7.20")), "half past one");
    world.advance_clock(HOUR);
    assert_eq!((night(world).await, desk.price(&mug).await), (1, json!("5.40")));
    assert_eq!((night(world).await, desk.price(&mug).await), (0, json!("5.40")), "once");
    let read = desk.read(&plan).await;
    assert_eq!(read["lines"]["nodes"][0]["stepsDone"], 2, "{read:#}");
    // The history shows the change as the member's own.
    let query = "query($id: ID!) { history(nodeId: $id, kinds: [CHANGE]) { nodes { action actor { kind } } } }";
    let answer = office.execute(query, json!({ "id": mug["id"] })).await;
    let newest = json!({ "action": "liquidation.advance", "actor": { "kind": "MEMBER" } });
    assert_eq!(answer["data"]["history"]["nodes"][0], newest, "{answer:#}");
    // Without automation the third step needs a call again.
    let payload = follow(office, &read, Some(false)).await;
    assert_eq!(accepted(&payload, "plan")["advancedBy"], Value::Null, "{payload:#}");
    world.advance_clock(61 * DAY);
    assert_eq!((night(world).await, desk.price(&mug).await), (0, json!("5.40")));
    let again = follow(office, &payload["plan"], Some(true)).await;
    assert_eq!((&again["cut"], desk.price(&mug).await), (&json!(1), json!("3.60")), "{again:#}");
    // Its last day is over: the plan closes without a call.
    world.advance_clock(70 * DAY);
    assert_eq!(night(world).await, 1);
    assert_eq!((&desk.read(&plan).await["state"], night(world).await), (&json!("DONE"), 0));
    office.is_sound().await;
}

async fn steps_wait_for_a_person_where_the_member_has_left(world: &World) {
    let (desk, mug, plan) = cut(world).await;
    let stranger: MemberId = world.node.clock.id();
    let mut caller = world.ours.owner.clone();
    caller.actor = Actor::member(stranger);
    let payload = follow(&desk.office().as_caller(caller), &plan, Some(true)).await;
    assert_eq!((&payload["cut"], &payload["userErrors"]), (&json!(0), &json!([])), "{payload:#}");
    world.advance_clock(61 * DAY);
    assert_eq!((night(world).await, desk.price(&mug).await), (0, json!("7.20")));
    // A member takes the plan over, in their own name.
    let read = desk.read(&plan).await;
    let taken = follow(desk.office(), &read, Some(true)).await;
    assert_eq!((&taken["cut"], desk.price(&mug).await), (&json!(1), json!("5.40")), "{taken:#}");
    // A member who may not change prices changes none, and does not end the automation either.
    let reader = desk.office().as_caller(world.ours.owner_with(&["purchase.read", "store.read"]));
    world.advance_clock(61 * DAY);
    refused(&follow(&reader, &taken["plan"], Some(false)).await, "INVALID", "input.isAutomatic");
    let sent = json!({ "idempotencyKey": key(), "plan": taken["plan"]["id"], "expectedVersion": taken["plan"]["version"] });
    for is_replayed in [false, true] {
        let none = reader.mutate("liquidationPlanAdvance", "LiquidationPlanAdvanceInput", "cut refusedCount", sent.clone()).await;
        let outcome = (&none["cut"], &none["refusedCount"], &none["replayed"], desk.price(&mug).await);
        assert_eq!(outcome, (&json!(0), &json!(1), &json!(is_replayed), json!("5.40")), "{none:#}");
    }
    assert_eq!((night(world).await, desk.price(&mug).await), (1, json!("3.60")));
    desk.office().is_sound().await;
}

async fn a_plan_that_cannot_be_advanced_holds_up_no_other(world: &World) {
    let (desk, mug, plan) = cut(world).await;
    let office = desk.office();
    let cup = desk.dead_product("CUP").await;
    let second = desk.plan(json!({ "stores": [office.store] })).await;
    let second = desk.approved(&second).await;
    assert_eq!(desk.price(&cup).await, json!("7.20"), "{second:#}");
    accepted(&follow(office, &second, Some(true)).await, "plan");
    // The idempotency key of that night's call is already used, with another input.
    let wait = 61 * DAY + 14 * HOUR + HOUR / 2;
    let day = (world.node.clock.now().micros().div_euclid(1_000_000) + wait).div_euclid(DAY);
    let key = format!("night-{}-{day}", plan["id"].as_str().unwrap());
    let input = json!({ "idempotencyKey": key, "plan": plan["id"], "expectedVersion": plan["version"], "isAutomatic": true });
    let payload = office.mutate("liquidationPlanAdvance", "LiquidationPlanAdvanceInput", "plan { id }", input).await;
    accepted(&payload, "plan");
    world.advance_clock(wait);
    assert_eq!(night(world).await, 1);
    assert_eq!((desk.price(&mug).await, desk.price(&cup).await), (json!("7.20"), json!("5.40")));
    // The conflict affects only that night.
    world.advance_clock(DAY);
    assert_eq!((night(world).await, desk.price(&mug).await), (1, json!("5.40")));
    office.is_sound().await;
}
