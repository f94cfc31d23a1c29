//! Effects of approving lines, once, and the lines that stay open.

use serde_json::{Value, json};

use super::desk::{Desk, approve};
use crate::{
    authorization::world::World,
    purchasing::office::{gbp, key, refused},
    world::on_both,
};

on_both!(
    a_plan_approved_twice_makes_one_order,
    a_level_that_moved_refuses_its_line_alone,
    a_line_without_the_right_stays_open,
    lines_are_chosen_by_id_and_by_amount,
    a_plan_is_executed_once_its_drafts_are_ordered,
);

/// Orders of the desk's supplier.
async fn orders(desk: &Desk<'_>) -> Vec<Value> {
    let query =
        "query($s: ID!) { purchaseOrders(filter: { supplier: { eq: $s } }) { nodes { id status lines { sku quantity } } } }";
    let answer = desk.books.office.execute(query, json!({ "s": desk.books.office.supplier["id"] })).await;
    answer["data"]["purchaseOrders"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer:#}")).clone()
}

async fn a_plan_approved_twice_makes_one_order(world: &World) {
    let desk = Desk::of(world).await;
    desk.mug().await;
    let plan = desk.plan(json!({})).await;
    let (office, all, again) = (&desk.books.office, json!({ "all": true }), key());
    let first = approve(office, &again, &plan, all.clone()).await;
    assert_eq!((&first["approved"], &first["replayed"], &first["refused"]), (&json!(1), &json!(false), &json!([])), "{first:#}");
    let second = approve(office, &again, &plan, all.clone()).await;
    assert_eq!((&second["approved"], &second["replayed"]), (&json!(1), &json!(true)), "{second:#}");
    assert_eq!(second["plan"], first["plan"]);
    let other = approve(office, &again, &plan, json!({ "under": gbp("1.00") })).await;
    refused(&other, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
    refused(&approve(office, &key(), &plan, all.clone()).await, "INVALID_STATE", "input.plan");
    let new_orders = orders(&desk).await;
    assert_eq!(new_orders.len(), 1, "{new_orders:#?}");
    assert_eq!(
        (&new_orders[0]["status"], &new_orders[0]["lines"]),
        (&json!("DRAFT"), &json!([{ "sku": "MUG", "quantity": 60 }]))
    );
    let line = &desk.read(&plan).await["lines"]["nodes"][0];
    assert_eq!((&line["state"], &line["purchaseOrder"]["id"]), (&json!("APPROVED"), &new_orders[0]["id"]), "{line:#}");
    assert_eq!(line["purchaseOrder"]["lines"][0]["unitCost"]["amount"], "1.80");
    office.is_sound().await;
}

async fn a_level_that_moved_refuses_its_line_alone(world: &World) {
    let desk = Desk::of(world).await;
    let (mug, plate) = (desk.product("MUG").await, desk.product("PLATE").await);
    desk.forecast(&[&mug, &plate]).await;
    desk.set_service_level().await;
    let plan = desk.plan(json!({})).await;
    assert_eq!(plan["lineCount"], 2, "{plan:#}");
    desk.books.adjust("REMOVAL", &plate, -12, json!({})).await;
    let validated = desk.books.office.execute(
        "mutation($input: ReplenishmentPlanApproveInput!) { replenishmentPlanApprove(input: $input, validateOnly: true) { approved refused { code } userErrors { code } } }",
        json!({ "input": { "idempotencyKey": key(), "plan": plan["id"], "expectedVersion": plan["version"], "lines": { "all": true } } }),
    );
    let validated = validated.await;
    assert_eq!(validated["data"]["replenishmentPlanApprove"]["approved"], 2, "twelve of 60 are within a fifth: {validated:#}");
    assert_eq!(orders(&desk).await, Vec::<Value>::new());
    desk.books.adjust("REMOVAL", &plate, -1, json!({})).await;
    let payload = desk.approve(&plan, json!({ "all": true })).await;
    assert_eq!((&payload["approved"], &payload["plan"]["state"]), (&json!(1), &json!("APPROVED")), "{payload:#}");
    let stale = &payload["refused"][0];
    assert_eq!(payload["refusedCount"], 1);
    assert_eq!((&stale["code"], &stale["line"]["product"]["id"]), (&json!("STALE"), &plate["id"]));
    assert_eq!((&stale["line"]["state"], &stale["line"]["issue"]), (&json!("REFUSED"), &json!("STALE")));
    let new_orders = orders(&desk).await;
    assert_eq!((new_orders.len(), &new_orders[0]["lines"]), (1, &json!([{ "sku": "MUG", "quantity": 60 }])));
    // The next plan has the current quantity.
    let plan = desk.plan(json!({})).await;
    assert_eq!((&plan["lineCount"], &plan["lines"]["nodes"][0]["quantity"]), (&json!(1), &json!(72)), "{plan:#}");
}

async fn a_line_without_the_right_stays_open(world: &World) {
    let desk = Desk::of(world).await;
    desk.mug().await;
    let plan = desk.plan(json!({})).await;
    let reader = desk.books.office.as_caller(world.ours.owner_with(&["purchase.read", "product.read", "store.read"]));
    let payload = approve(&reader, &key(), &plan, json!({ "all": true })).await;
    assert_eq!((&payload["approved"], &payload["userErrors"]), (&json!(0), &json!([])), "{payload:#}");
    let line = &payload["refused"][0];
    assert_eq!((&line["code"], &line["line"]["state"]), (&json!("FORBIDDEN"), &json!("OPEN")), "{payload:#}");
    assert!(line["message"].as_str().unwrap().contains("purchase.write"), "{line:#}");
    assert_eq!(payload["plan"]["state"], "DRAFT");
    assert_eq!(payload["plan"]["version"], plan["version"], "nothing was decided");
    let payload = desk.approve(&payload["plan"], json!({ "all": true })).await;
    assert_eq!(payload["approved"], 1);
}

async fn lines_are_chosen_by_id_and_by_amount(world: &World) {
    let desk = Desk::of(world).await;
    let (mug, plate) = (desk.product("MUG").await, desk.product("PLATE").await);
    desk.forecast(&[&mug, &plate]).await;
    desk.set_service_level().await;
    let plan = desk.plan(json!({})).await;
    let payload = desk.approve(&plan, json!({ "under": gbp("107.99") })).await;
    assert_eq!(payload["approved"], 0, "each costs 108.00");
    let named = |plan: &Value, ids: Value| (json!({ "id": plan["id"], "version": plan["version"] }), json!({ "ids": ids }));
    let (plan, lines) = named(&payload["plan"], json!([plan["lines"]["nodes"][1]["id"]]));
    let payload = desk.approve(&plan, lines).await;
    assert_eq!((&payload["approved"], &payload["plan"]["state"]), (&json!(1), &json!("PARTLY")), "{payload:#}");
    let (plan, lines) = named(&payload["plan"], json!(["rpi_00000000000000000000000000"]));
    refused(&desk.approve_with(&plan, lines).await, "NOT_FOUND", "input.lines.ids.0");
    refused(&desk.approve_with(&plan, json!({ "all": false })).await, "INVALID", "input.lines.all");
    let payload = desk.approve(&plan, json!({ "under": gbp("108.00") })).await;
    assert_eq!((&payload["approved"], &payload["plan"]["state"]), (&json!(1), &json!("APPROVED")), "{payload:#}");
    assert_eq!(orders(&desk).await.len(), 2, "a draft for each approval");
}

async fn a_plan_is_executed_once_its_drafts_are_ordered(world: &World) {
    use entrepot::replenishment::rows::settle_executed;
    let desk = Desk::of(world).await;
    desk.mug().await;
    let plan = desk.plan(json!({})).await;
    desk.approve(&plan, json!({ "all": true })).await;
    let settle = async || {
        let work = world.node.db.tenant(world.ours.owner.tenant).begin().await.unwrap();
        settle_executed(&work, world.node.clock.now()).await.unwrap();
        work.commit().await.unwrap();
        desk.read(&plan).await["state"].clone()
    };
    assert_eq!(settle().await, "APPROVED");
    let mut order = orders(&desk).await.remove(0);
    for step in ["purchaseOrderSubmit", "purchaseOrderApprove", "purchaseOrderPlace"] {
        order = desk.books.office.step(&order, step).await;
    }
    assert_eq!(settle().await, "EXECUTED");
}
