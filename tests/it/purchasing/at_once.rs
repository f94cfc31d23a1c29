//! Purchase orders that are created and placed in one call.

use entrepot::access::{Caller, PermissionSet};
use serde_json::{Value, json};

use super::office::{Office, accepted, gbp, key, refused};
use crate::{authorization::world::World, world::on_both};

on_both!(
    an_order_is_placed_in_the_call_that_writes_it,
    above_the_limit_nothing_is_written,
    a_key_and_who_may_not_approve_place_nothing_at_once,
);

fn input(office: &Office<'_>, mug: &Value, quantity: i64) -> Value {
    json!({ "idempotencyKey": key(), "supplier": office.supplier, "store": office.store, "status": "ORDERED",
        "lines": [{ "product": mug, "quantity": quantity }] })
}

async fn orders(office: &Office<'_>) -> Value {
    let answer = office.execute("{ purchaseOrders { totalCount { count } } }", json!({})).await;
    answer["data"]["purchaseOrders"]["totalCount"]["count"].clone()
}

async fn an_order_is_placed_in_the_call_that_writes_it(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG-O", "2.00").await;
    let input = input(&office, &mug, 10);
    let payload = office.buy("purchaseOrderCreate", input.clone()).await;
    let purchase_order = accepted(&payload, "purchaseOrder").clone();
    assert_eq!((&purchase_order["status"], &purchase_order["version"]), (&json!("ORDERED"), &json!(4)));
    assert_eq!(purchase_order["approvedBy"], json!({ "__typename": "Member" }));
    assert_eq!(office.level(&mug, &office.store).await, [0, 0, 10]);
    let events = office.execute("{ events(types: [\"purchase_order.*\"], first: 250) { nodes { type data } } }", json!({})).await;
    let reported_events: Vec<(Value, Value, Value)> = events["data"]["events"]["nodes"]
        .as_array()
        .unwrap_or_else(|| panic!("{events:#}"))
        .iter()
        .filter(|event| event["data"]["id"] == purchase_order["id"])
        .map(|event| (event["type"].clone(), event["data"]["status"].clone(), event["data"]["version"].clone()))
        .collect();
    let steps = [("created", "DRAFT"), ("submitted", "PENDING_APPROVAL"), ("approved", "APPROVED"), ("ordered", "ORDERED")];
    let expected: Vec<_> = (1..)
        .zip(steps)
        .map(|(version, (step, status))| (json!(format!("purchase_order.{step}")), json!(status), json!(version)))
        .collect();
    assert_eq!(reported_events, expected);
    // The supplier of these tests takes five days.
    let query = "query($id: ID!) { purchaseOrder(by: { id: $id }) { status orderedAt submittedAt lines { expectedFrom } } }";
    let read = office.execute(query, json!({ "id": purchase_order["id"] })).await;
    let order = &read["data"]["purchaseOrder"];
    assert!(order["orderedAt"].is_string() && order["submittedAt"].is_string(), "{read:#}");
    assert_eq!(order["lines"][0]["expectedFrom"], "SUPPLIER");
    let again = office.buy("purchaseOrderCreate", input).await;
    assert_eq!((&again["replayed"], &again["purchaseOrder"]["id"]), (&json!(true), &purchase_order["id"]));
    accepted(&office.receive(&purchase_order, &[10]).await, "purchaseOrder");
    assert_eq!(office.level(&mug, &office.store).await, [10, 0, 0]);
    office.is_sound().await;
}

async fn above_the_limit_nothing_is_written(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG-O", "1.00").await;
    let answer = office.execute("{ viewer { tenant { settings { version } } } }", json!({})).await;
    let version = &answer["data"]["viewer"]["tenant"]["settings"]["version"];
    let limit = json!({ "expectedVersion": version, "approvalLimit": gbp("100.00") });
    accepted(&office.mutate("tenantUpdate", "TenantUpdateInput", "tenant { id }", limit).await, "tenant");
    let before = orders(&office).await;
    let message = refused(&office.buy("purchaseOrderCreate", input(&office, &mug, 101)).await, "INVALID_STATE", "input.status");
    assert!(message.contains("100.00 GBP"), "{message}");
    assert_eq!((orders(&office).await, office.level(&mug, &office.store).await), (before, [0, 0, 0]));
    let within = office.buy("purchaseOrderCreate", input(&office, &mug, 100)).await;
    assert_eq!(accepted(&within, "purchaseOrder")["status"], "ORDERED");
}

async fn a_key_and_who_may_not_approve_place_nothing_at_once(world: &World) {
    let office = Office::of(world).await;
    let mug = office.product("MUG-O", "1.00").await;
    let machine = Caller::new(
        office.caller.tenant,
        entity::prelude::Actor::integration(world.ours.ids["int"].parse().unwrap()),
        PermissionSet::all(),
    );
    let payload = office.as_caller(machine).buy("purchaseOrderCreate", input(&office, &mug, 1)).await;
    refused(&payload, "INVALID_STATE", "input.status");
    let writer = office.as_caller(world.ours.owner_with(&["purchase.write", "purchase.read"]));
    let query = "mutation($input: PurchaseOrderCreateInput!) { purchaseOrderCreate(input: $input) { userErrors { code } } }";
    let answer = writer.execute(query, json!({ "input": input(&office, &mug, 1) })).await;
    assert_eq!(
        (&answer["errors"][0]["code"], &answer["errors"][0]["permission"]),
        (&json!("FORBIDDEN"), &json!("purchase.approve")),
        "{answer:#}"
    );
}
