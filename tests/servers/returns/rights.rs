//! Permissions for the steps of a return, and the stores in which they are needed.

use entity::prelude::ChannelId;
use entrepot::access::{Caller, Permission, PermissionSet, REGISTRY, Reach, kind};
use serde_json::{Value, json};

use super::world::{World, accepted, back, of_store, refused};

const STEPS: [(&str, &str); 5] = [
    ("returnApprove", "return.approve"),
    ("returnReject", "return.approve"),
    ("returnReceive", "order.return"),
    ("returnInspect", "order.return"),
    ("returnClose", "return.approve"),
];

fn without(lacking: &str) -> PermissionSet {
    let mut set = PermissionSet::default();
    for (index, _) in REGISTRY.iter().enumerate().filter(|(_, info)| info.code != lacking) {
        set.insert(index);
    }
    set
}

fn more(mutation: &str) -> Value {
    if mutation == "returnReject" { json!({"reason": "no"}) } else { json!({}) }
}

#[tokio::test]
async fn every_step_wants_its_permission() {
    World::on_both(async |world| {
        let line = world.sold(2).await;
        let ret = world.requested(json!([back(&line, 2)])).await;
        for (mutation, permission) in STEPS {
            let answer = world.mutate_as(without(permission), mutation, world.step(&ret, more(mutation))).await;
            assert_eq!(answer["errors"][0]["code"], "FORBIDDEN", "{mutation}: {answer}");
        }
        let document = "query($id: ID!) { returns { nodes { status allowedActions } } order(by: {number: \"1\"}) { id } }";
        let answer = world.execute_as(without("return.approve"), &document.replace("($id: ID!)", ""), json!({})).await;
        assert_eq!(answer["returns"]["nodes"], json!([{"status": "REQUESTED", "allowedActions": []}]), "{answer}");
        // A member who receives goods need not have the permission to approve returns.
        world.complete_step("returnApprove", &ret, json!({})).await;
        let payload = world.mutate_as(without("return.approve"), "returnReceive", world.step(&ret, json!({}))).await;
        assert_eq!(accepted(&payload, "return")["allowedActions"], json!(["returnInspect"]));
        // A call that closes a return at once and refunds it needs each permission, and that of
        // refunds in the store where the order was sold.
        let line = world.sold(2).await;
        let mut input = world.asking(json!([back(&line, 2)]));
        (input["receive"], input["close"], input["payments"]) = (json!(true), json!(true), json!([{"method": "CASH"}]));
        let mut elsewhere = without("payment.refund");
        let refund = REGISTRY.iter().position(|info| info.code == "payment.refund").unwrap();
        elsewhere.grant(refund, &Reach::stores([world.depot]));
        let few = ["return.approve", "payment.write", "payment.refund"].map(without);
        for permissions in few.into_iter().chain([elsewhere]) {
            let answer = world.mutate_as(permissions, "returnCreate", input.clone()).await;
            assert_eq!(answer["errors"][0]["code"], "FORBIDDEN", "{answer}");
        }
    })
    .await;
}

#[tokio::test]
async fn another_stores_returns_are_not_found() {
    World::on_both(async |world| {
        let line = world.sold(2).await;
        let ret = world.requested(json!([back(&line, 2)])).await;
        for (mutation, _) in STEPS {
            let answer = world.mutate_as(of_store(world.depot), mutation, world.step(&ret, more(mutation))).await;
            refused(&answer, "NOT_FOUND", "input.id");
        }
        let payload = world.mutate_as(of_store(world.store), "returnApprove", world.step(&ret, json!({}))).await;
        accepted(&payload, "return");
    })
    .await;
}

#[tokio::test]
async fn another_companys_returns_are_not_found() {
    World::on_both(async |world| {
        let line = world.sold(2).await;
        let ret = world.requested(json!([back(&line, 2)])).await;
        let stranger = Caller::new(world.foreign.tenant, world.member, PermissionSet::all());
        for (mutation, _) in STEPS {
            refused(
                &world.mutate_by(stranger.clone(), mutation, world.step(&ret, more(mutation))).await,
                "NOT_FOUND",
                "input.id",
            );
        }
        assert_eq!(
            world.execute_by(stranger, "{ backorders { nodes { id } } }", json!({})).await,
            json!({"backorders": {"nodes": []}})
        );
    })
    .await;
}

/// A caller restricted to one channel.
fn of_channel(world: &World, channel: ChannelId) -> Caller {
    let mut caller = Caller::new(world.tenant, world.member, PermissionSet::all());
    caller.channel = Some(channel);
    caller
}

#[tokio::test]
async fn a_partner_takes_on_the_returns_of_its_channel() {
    World::on_both(async |world| {
        let line = world.sold(2).await;
        let ret = world.requested(json!([back(&line, 1)])).await;
        let other = world.mutate_by(of_channel(&world, world.web), "returnApprove", world.step(&ret, json!({}))).await;
        refused(&other, "NOT_FOUND", "input.id");
        let own = world.mutate_by(of_channel(&world, world.direct), "returnApprove", world.step(&ret, json!({}))).await;
        accepted(&own, "return");
    })
    .await;
}

/// An order that is held in the depot alone is shipped from there, by callers who may ship there.
#[tokio::test]
async fn an_order_is_shipped_by_who_may_ship_where_it_is_held() {
    World::on_both(async |world| {
        let ordered = async |quantity: i64| {
            let lines = json!([{"product": {"id": world.mug}, "quantity": quantity}]);
            let input = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "lines": lines, "sourcing": {}});
            accepted(&world.mutate("orderCreate", input).await, "order").clone()
        };
        let (away, here) = (ordered(20).await, ordered(90).await);
        let holding_store = |order: &Value| order["lines"][0]["allocations"][0]["store"]["code"].clone();
        assert_eq!((holding_store(&away), holding_store(&here)), (json!("DEPOT"), json!("LDN")));
        let of_shop = of_store(world.store);
        let mut of_both = of_shop.clone();
        of_both.grant(kind::OrderFulfil::INDEX, &Reach::stores([world.depot]));
        let actions = async |caller: &PermissionSet, order: &Value| {
            let document = "query($id: ID!) { order(by: {id: $id}) { allowedActions } }";
            world.execute_as(caller.clone(), document, json!({"id": order["id"]})).await["order"]["allowedActions"].clone()
        };
        assert_eq!(actions(&of_shop, &away).await, json!(["orderCancel", "orderUpdate", "orderHoldSet"]));
        assert_eq!(actions(&of_shop, &here).await, json!(["orderFulfil", "orderCancel", "orderUpdate", "orderHoldSet"]));
        assert_eq!(actions(&of_both, &away).await, json!(["orderFulfil", "orderCancel", "orderUpdate", "orderHoldSet"]));
        // A viewer of the order also sees the stores that hold it, and which permission is missing
        // there. Other stores are not found.
        let from = |order: &Value| world.step(order, json!({"store": {"code": "DEPOT"}}));
        let answer = world.mutate_as(of_shop.clone(), "orderFulfil", from(&away)).await;
        refused(&answer, "INVALID_STATE", "input.store");
        let message = answer["userErrors"][0]["message"].as_str().unwrap_or_default();
        assert!(message.contains("order.fulfil"), "{answer}");
        refused(&world.mutate_as(of_shop.clone(), "orderFulfil", from(&here)).await, "NOT_FOUND", "input.store.code");
        let mut blind = PermissionSet::default();
        blind.grant(kind::OrderFulfil::INDEX, &Reach::stores([world.store]));
        refused(&world.mutate_as(blind, "orderFulfil", from(&away)).await, "NOT_FOUND", "input.store.code");
        let shipped = world.mutate_as(of_both, "orderFulfil", from(&away)).await;
        assert_eq!(accepted(&shipped, "order")["status"], "FULFILLED");
    })
    .await;
}
