//! Approved purchases that go to their suppliers in the same call, and those that wait for a person.

use entity::prelude::Actor;
use entrepot::{access::Caller, storage::Reads};
use serde_json::{Value, json};

use super::{desk::Desk, rule::orders_of};
use crate::{
    authorization::world::World,
    costing::world::run_tenant_sql,
    purchasing::office::{Office, accepted, gbp, key, refused},
    world::on_both,
};

on_both!(
    purchases_are_sent_as_they_are_approved,
    an_order_waits_for_its_suppliers_address,
    a_draft_that_somebody_changed_waits,
    who_may_not_approve_orders_sends_none,
    an_order_above_the_limit_waits_for_a_second_person,
    a_key_sends_no_orders,
    a_dry_run_sends_nothing,
);

/// Approves all lines of a plan and sends their orders.
async fn approve_and_send(office: &Office<'_>, key: &str, plan: &Value) -> Value {
    let lines = json!({ "all": true });
    let input = json!({ "idempotencyKey": key, "plan": plan["id"], "expectedVersion": plan["version"], "lines": lines, "isSending": true });
    let fields = "approved sent unsentCount unsent { code message purchaseOrder { id status version } } seq";
    office.mutate("replenishmentPlanApprove", "ReplenishmentPlanApproveInput", fields, input).await
}

/// The reason for which the only order of an approval waits; it is in `status`.
fn waiting(payload: &Value, code: &str, status: &str) -> String {
    assert_eq!(
        (&payload["userErrors"], &payload["approved"], &payload["sent"], &payload["unsentCount"]),
        (&json!([]), &json!(1), &json!(0), &json!(1)),
        "{payload:#}"
    );
    let order = &payload["unsent"][0];
    assert_eq!((&order["code"], &order["purchaseOrder"]["status"]), (&json!(code), &json!(status)), "{payload:#}");
    order["message"].as_str().unwrap().to_owned()
}

fn assert_sent(payload: &Value) {
    assert_eq!(
        (&payload["userErrors"], &payload["approved"], &payload["sent"], &payload["unsent"]),
        (&json!([]), &json!(1), &json!(1), &json!([])),
        "{payload:#}"
    );
}

/// The supplier as it was before it had an address.
async fn forget_email(world: &World) {
    run_tenant_sql(world, "UPDATE supplier SET email = NULL WHERE tenant_id = $1").await;
}

async fn set_email(office: &Office<'_>) {
    let id = &office.supplier["id"];
    let answer = office.execute("query($id: ID!) { supplier(by: { id: $id }) { version } }", json!({ "id": id })).await;
    let input = json!({ "id": id, "expectedVersion": answer["data"]["supplier"]["version"], "email": "orders@potters.example" });
    accepted(&office.mutate("supplierUpdate", "SupplierUpdateInput", "supplier { id }", input).await, "supplier");
}

async fn purchases_are_sent_as_they_are_approved(world: &World) {
    let desk = Desk::of(world).await;
    let mug = desk.mug().await;
    let office = &desk.books.office;
    let incoming = office.level(&mug, &office.store).await[2];
    let (plan, again) = (desk.plan(json!({})).await, key());
    assert_sent(&approve_and_send(office, &again, &plan).await);
    assert_eq!(
        orders_of(office, &plan).await,
        (vec![json!("ORDERED")], 1),
        "it is placed, and an e-mail waits for the mail server"
    );
    assert_eq!(office.level(&mug, &office.store).await[2], incoming + 60, "it is on its way");
    // An order that was sent stays sent, although its supplier has lost the address and the caller a permission since.
    forget_email(world).await;
    let second = approve_and_send(&desk.as_buyer(&office.store), &again, &plan).await;
    assert_eq!(second["replayed"], true);
    assert_sent(&second);
    assert_eq!(orders_of(office, &plan).await, (vec![json!("ORDERED")], 1), "nothing is sent twice");
    office.is_sound().await;
}

async fn an_order_waits_for_its_suppliers_address(world: &World) {
    let desk = Desk::of(world).await;
    desk.mug().await;
    let office = &desk.books.office;
    forget_email(world).await;
    let (plan, again) = (desk.plan(json!({})).await, key());
    let message = waiting(&approve_and_send(office, &again, &plan).await, "NO_EMAIL", "DRAFT");
    assert!(message.contains("no e-mail address"), "{message}");
    assert_eq!(orders_of(office, &plan).await, (vec![json!("DRAFT")], 0));
    // The same call continues once there is one.
    set_email(office).await;
    assert_sent(&approve_and_send(office, &again, &plan).await);
    assert_eq!(orders_of(office, &plan).await, (vec![json!("ORDERED")], 1));
    // Another one without sending is another input.
    let lines = json!({ "all": true });
    let input = json!({ "idempotencyKey": again, "plan": plan["id"], "expectedVersion": plan["version"], "lines": lines });
    let other = office.mutate("replenishmentPlanApprove", "ReplenishmentPlanApproveInput", "approved", input).await;
    refused(&other, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
}

async fn a_draft_that_somebody_changed_waits(world: &World) {
    let desk = Desk::of(world).await;
    desk.mug().await;
    let office = &desk.books.office;
    forget_email(world).await;
    let (plan, again) = (desk.plan(json!({})).await, key());
    let payload = approve_and_send(office, &again, &plan).await;
    let order = &payload["unsent"][0]["purchaseOrder"]["id"];
    let note = json!({ "id": order, "note": "not before we have talked" });
    accepted(&office.buy("purchaseOrderUpdate", note).await, "purchaseOrder");
    set_email(office).await;
    waiting(&approve_and_send(office, &again, &plan).await, "REFUSED", "DRAFT");
    assert_eq!(orders_of(office, &plan).await, (vec![json!("DRAFT")], 0));
}

async fn who_may_not_approve_orders_sends_none(world: &World) {
    let desk = Desk::of(world).await;
    desk.mug().await;
    let plan = desk.plan(json!({})).await;
    let buyer = desk.as_buyer(&desk.books.office.store);
    let message = waiting(&approve_and_send(&buyer, &key(), &plan).await, "FORBIDDEN", "DRAFT");
    assert!(message.contains("purchase.approve"), "{message}");
    assert_eq!(orders_of(&desk.books.office, &plan).await, (vec![json!("DRAFT")], 0));
}

async fn an_order_above_the_limit_waits_for_a_second_person(world: &World) {
    let desk = Desk::of(world).await;
    desk.mug().await;
    let office = &desk.books.office;
    let settings = office.execute("{ viewer { tenant { settings { version } } } }", json!({})).await;
    let version = &settings["data"]["viewer"]["tenant"]["settings"]["version"];
    let limit = json!({ "expectedVersion": version, "approvalLimit": gbp("100.00") });
    accepted(&office.mutate("tenantUpdate", "TenantUpdateInput", "tenant { id }", limit).await, "tenant");
    let (plan, again) = (desk.plan(json!({})).await, key());
    let payload = approve_and_send(office, &again, &plan).await;
    let message = waiting(&payload, "AWAITS_APPROVAL", "PENDING_APPROVAL");
    assert!(message.contains("100.00 GBP"), "{message}");
    assert_eq!(orders_of(office, &plan).await, (vec![json!("PENDING_APPROVAL")], 0));
    let counter = world
        .node
        .db
        .tenant(office.caller.tenant)
        .rows("SELECT head FROM tenant_counter WHERE tenant_id = $1", vec![])
        .await
        .unwrap();
    assert_eq!(payload["seq"], counter[0].try_get_by_index::<i64>(0).unwrap(), "the last event is that the order was submitted");
    waiting(&approve_and_send(office, &again, &plan).await, "AWAITS_APPROVAL", "PENDING_APPROVAL");
    let second = office.as_caller(Caller { actor: Actor::member(world.node.clock.id()), ..office.caller.clone() });
    second.step(&payload["unsent"][0]["purchaseOrder"], "purchaseOrderApprove").await;
    assert_eq!(orders_of(office, &plan).await, (vec![json!("APPROVED")], 0));
    assert_sent(&approve_and_send(office, &again, &plan).await);
    assert_eq!(orders_of(office, &plan).await, (vec![json!("ORDERED")], 1));
    office.is_sound().await;
}

async fn a_key_sends_no_orders(world: &World) {
    let desk = Desk::of(world).await;
    desk.mug().await;
    let plan = desk.plan(json!({})).await;
    let office = &desk.books.office;
    let integration = Actor::integration(world.ours.ids["int"].parse().unwrap());
    let key_caller = office.as_caller(Caller { actor: integration, ..office.caller.clone() });
    refused(&approve_and_send(&key_caller, &key(), &plan).await, "INVALID", "input.isSending");
    assert_eq!(orders_of(office, &plan).await, (vec![], 0), "nothing is approved");
}

async fn a_dry_run_sends_nothing(world: &World) {
    let desk = Desk::of(world).await;
    desk.mug().await;
    let plan = desk.plan(json!({})).await;
    let office = &desk.books.office;
    let mutation = "mutation($input: ReplenishmentPlanApproveInput!) {
        replenishmentPlanApprove(input: $input, validateOnly: true) { approved sent unsentCount userErrors { code } } }";
    let input = json!({ "idempotencyKey": key(), "plan": plan["id"], "expectedVersion": plan["version"], "lines": { "all": true }, "isSending": true });
    let answer = office.execute(mutation, json!({ "input": input })).await;
    let expected = json!({ "approved": 1, "sent": 0, "unsentCount": 0, "userErrors": [] });
    assert_eq!(answer["data"]["replenishmentPlanApprove"], expected, "{answer:#}");
    assert_eq!(orders_of(office, &plan).await, (vec![], 0));
}
