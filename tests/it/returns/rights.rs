//! Who may take a return on, and where.

use entity::prelude::ChannelId;
use entrepot::access::{Caller, PermissionSet, REGISTRY};
use serde_json::{Value, json};

use super::world::{World, back, done, of_store, on_both, refused};

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
    on_both(async |world| {
        let line = world.sold(2).await;
        let ret = world.requested(json!([back(&line, 2)])).await;
        for (mutation, permission) in STEPS {
            let answer = world.act_as(without(permission), mutation, world.step(&ret, more(mutation))).await;
            assert_eq!(answer["errors"][0]["code"], "FORBIDDEN", "{mutation}: {answer}");
        }
        let document = "query($id: ID!) { returns { nodes { status allowedActions } } order(by: {number: \"1\"}) { id } }";
        let answer = world.ask_as(without("return.approve"), &document.replace("($id: ID!)", ""), json!({})).await;
        assert_eq!(answer["returns"]["nodes"], json!([{"status": "REQUESTED", "allowedActions": []}]), "{answer}");
        // Who takes goods in need not be who lets them come.
        world.does("returnApprove", &ret, json!({})).await;
        let payload = world.act_as(without("return.approve"), "returnReceive", world.step(&ret, json!({}))).await;
        assert_eq!(done(&payload, "return")["allowedActions"], json!(["returnInspect"]));
    })
    .await;
}

#[tokio::test]
async fn another_stores_returns_are_not_found() {
    on_both(async |world| {
        let line = world.sold(2).await;
        let ret = world.requested(json!([back(&line, 2)])).await;
        for (mutation, _) in STEPS {
            let answer = world.act_as(of_store(world.shop.depot), mutation, world.step(&ret, more(mutation))).await;
            refused(&answer, "NOT_FOUND", "input.id");
        }
        let payload = world.act_as(of_store(world.shop.store), "returnApprove", world.step(&ret, json!({}))).await;
        done(&payload, "return");
    })
    .await;
}

#[tokio::test]
async fn another_companys_returns_are_not_found() {
    on_both(async |world| {
        let line = world.sold(2).await;
        let ret = world.requested(json!([back(&line, 2)])).await;
        let stranger = Caller::new(world.shop.foreign.tenant, world.shop.member, PermissionSet::all());
        for (mutation, _) in STEPS {
            refused(&world.act_by(stranger.clone(), mutation, world.step(&ret, more(mutation))).await, "NOT_FOUND", "input.id");
        }
        assert_eq!(
            world.ask_by(stranger, "{ backorders { nodes { id } } }", json!({})).await,
            json!({"backorders": {"nodes": []}})
        );
    })
    .await;
}

/// Somebody who sells through one channel, and sees nothing of the others.
fn of_channel(world: &World, channel: ChannelId) -> Caller {
    let mut caller = Caller::new(world.shop.tenant, world.shop.member, PermissionSet::all());
    caller.channel = Some(channel);
    caller
}

#[tokio::test]
async fn a_partner_takes_on_the_returns_of_its_channel() {
    on_both(async |world| {
        let line = world.sold(2).await;
        let ret = world.requested(json!([back(&line, 1)])).await;
        let other = world.act_by(of_channel(&world, world.shop.web), "returnApprove", world.step(&ret, json!({}))).await;
        refused(&other, "NOT_FOUND", "input.id");
        let own = world.act_by(of_channel(&world, world.shop.direct), "returnApprove", world.step(&ret, json!({}))).await;
        done(&own, "return");
    })
    .await;
}
