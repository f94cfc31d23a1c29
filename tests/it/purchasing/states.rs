//! The drawing of the purchase order's states is the table in the code.

use std::collections::BTreeSet;

use entrepot::purchasing::core::PURCHASE_STEPS;
use serde_json::{Value, json};

use super::office::{Office, accepted, refused};
use crate::{authorization::world::World, world::on_both};

on_both!(each_step_is_open_in_its_states_only,);

const DRAWING: &str = include_str!("../../../docs/states.md");

#[test]
fn the_drawing_shows_every_step_and_no_other() {
    let drawing = DRAWING.split("## Purchase order").nth(1).and_then(|rest| rest.split("```").nth(1)).unwrap();
    let drawn_lines: BTreeSet<(&str, &str, &str)> = drawing
        .lines()
        .filter_map(|line| {
            let (from, rest) = line.trim().split_once(" --> ")?;
            let (to, action) = rest.split_once(": ")?;
            (from != "[*]" && to != "[*]").then_some((from, action, to))
        })
        .collect();
    let coded: BTreeSet<(&str, &str, &str)> = PURCHASE_STEPS
        .iter()
        .flat_map(|(from, action, to)| to.iter().map(|to| (from.as_str(), action.mutation(), to.as_str())))
        .collect();
    assert_eq!(drawn_lines, coded);
}

/// An order of ten mugs after these steps.
async fn order(office: &Office<'_>, mug: &Value, steps: &[&str]) -> Value {
    let mut order = office.draft(json!([{ "product": mug, "quantity": 10 }])).await;
    for step in steps {
        order = office.step(&order, step).await;
    }
    order
}

async fn each_step_is_open_in_its_states_only(world: &World) {
    const ORDERED: [&str; 3] = ["purchaseOrderSubmit", "purchaseOrderApprove", "purchaseOrderPlace"];
    let office = Office::of(world).await;
    let mug = office.product("MUG", "2.00").await;
    let draft = order(&office, &mug, &[]).await;
    let pending = order(&office, &mug, &ORDERED[..1]).await;
    let approved = order(&office, &mug, &ORDERED[..2]).await;
    let rejected = order(&office, &mug, &["purchaseOrderSubmit", "purchaseOrderReject"]).await;
    let [ordered, partly, received, closed] = [&ORDERED[..]; 4].map(|steps| order(&office, &mug, steps));
    let (ordered, partly, received, closed) = (ordered.await, partly.await, received.await, closed.await);
    for (order, came) in [(&partly, 4), (&received, 10), (&closed, 10)] {
        accepted(&office.receive(order, &[came]).await, "purchaseOrder");
    }
    office.step(&closed, "purchaseOrderClose").await;
    let cancelled = order(&office, &mug, &["purchaseOrderCancel"]).await;
    let all = [
        ("DRAFT", &draft),
        ("PENDING_APPROVAL", &pending),
        ("APPROVED", &approved),
        ("REJECTED", &rejected),
        ("ORDERED", &ordered),
        ("PARTIALLY_RECEIVED", &partly),
        ("RECEIVED", &received),
        ("CLOSED", &closed),
        ("CANCELLED", &cancelled),
    ];
    let open_in: [(&str, &[&str]); 9] = [
        ("purchaseOrderUpdate", &["DRAFT", "REJECTED"]),
        ("purchaseOrderSubmit", &["DRAFT"]),
        ("purchaseOrderApprove", &["PENDING_APPROVAL"]),
        ("purchaseOrderReject", &["PENDING_APPROVAL"]),
        ("purchaseOrderPlace", &["APPROVED"]),
        ("purchaseOrderReceive", &["ORDERED", "PARTIALLY_RECEIVED"]),
        ("purchaseOrderClose", &["ORDERED", "PARTIALLY_RECEIVED", "RECEIVED"]),
        ("purchaseOrderConfirm", &["ORDERED", "PARTIALLY_RECEIVED"]),
        ("purchaseOrderCancel", &["DRAFT", "PENDING_APPROVAL", "APPROVED", "REJECTED", "ORDERED"]),
    ];
    let before = world.dump(office.caller.tenant).await;
    for (mutation, states) in open_in {
        for (state, order) in all.iter().filter(|(state, _)| !states.contains(state)) {
            let payload = office.buy(mutation, json!({ "id": order["id"] })).await;
            let message = refused(&payload, "INVALID_STATE", "input.id");
            assert!(message.contains(state), "{mutation} of {state}: {message}");
        }
    }
    assert_eq!(world.dump(office.caller.tenant).await, before, "what is refused changes nothing");
    office.is_sound().await;
}
