//! Goods that are kept back.

use serde_json::{Value, json};

use super::{World, accepted, refused};

async fn hold(world: &World, order: &Value, kind: &str) -> Value {
    let payload = world.mutate("orderHoldSet", world.step(order, json!({"kind": kind, "reason": "checked by hand"}))).await;
    accepted(&payload, "hold").clone()
}

fn kinds(order: &Value) -> Vec<&str> {
    order["holds"].as_array().unwrap().iter().map(|hold| hold["kind"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_order_leaves_when_its_last_hold_is_lifted() {
    World::on_both(async |world| {
        let order = world.mugs("CONFIRMED", 2).await;
        let first = hold(&world, &order, "FRAUD").await;
        world.advance_clock(1);
        let input = world.step(&order, json!({"kind": "FRAUD", "reason": "two systems look at it", "note": "score 87"}));
        let set = world.mutate("orderHoldSet", input).await;
        let second = accepted(&set, "hold").clone();
        assert_eq!(
            (&second["reason"], &second["note"], &second["isLiftable"]),
            (&json!("two systems look at it"), &json!("score 87"), &json!(true))
        );
        let held_order = &set["order"];
        assert_eq!(
            (kinds(held_order), &held_order["version"], &held_order["status"]),
            (vec!["FRAUD", "FRAUD"], &json!(3), &json!("CONFIRMED"))
        );
        assert_eq!(held_order["allowedActions"], json!(["orderCancel", "orderUpdate", "orderHoldSet", "orderHoldLift"]));
        let message = refused(&world.mutate("orderFulfil", world.step(&order, json!({}))).await, "ON_HOLD", "input.id");
        assert!(message.contains("on hold: FRAUD."), "each kind is named once: {message}");
        let lifted = world.complete_step("orderHoldLift", &first, json!({})).await;
        assert_eq!((kinds(&lifted), &lifted["holds"][0]["id"]), (vec!["FRAUD"], &second["id"]));
        refused(&world.mutate("orderFulfil", world.step(&order, json!({}))).await, "ON_HOLD", "input.id");
        refused(&world.mutate("orderHoldLift", world.step(&first, json!({}))).await, "INVALID_STATE", "input.id");
        assert_eq!(kinds(&world.complete_step("orderHoldLift", &second, json!({})).await), Vec::<&str>::new());
        assert_eq!(world.complete_step("orderFulfil", &order, json!({})).await["status"], "FULFILLED");
        let expected = ["created", "held", "held", "hold_lifted", "hold_lifted", "fulfilled"];
        assert_eq!(world.events_of("order.").await, expected.map(|kind| format!("order.{kind}")));
    })
    .await;
}

#[tokio::test]
async fn a_hold_stops_the_goods_and_nothing_else() {
    World::on_both(async |world| {
        let order = world.mugs("DRAFT", 3).await;
        hold(&world, &order, "CREDIT").await;
        assert_eq!(world.complete_step("orderConfirm", &order, json!({})).await["status"], "CONFIRMED");
        assert_eq!(world.level(world.mug, world.store).await, [100, 3, 0], "its stock is held as ever");
        world.paid(&order, "CAPTURE", "1.00", json!({})).await;
        assert_eq!(world.complete_step("orderCancel", &order, json!({})).await["status"], "CANCELLED");
        for status in ["FULFILLED", "CANCELLED"] {
            let over = if status == "CANCELLED" { order.clone() } else { world.mugs(status, 1).await };
            let input = world.step(&over, json!({"kind": "CREDIT", "reason": "late"}));
            refused(&world.mutate("orderHoldSet", input).await, "INVALID_STATE", "input.id");
        }
        // The rest of an order is held if the hold is set after a part was shipped.
        let order = world.mugs("CONFIRMED", 3).await;
        let one = json!({"lines": [{"lineId": order["lines"][0]["id"], "quantity": 1}]});
        world.complete_step("orderFulfil", &order, one.clone()).await;
        hold(&world, &order, "ADDRESS").await;
        refused(&world.mutate("orderFulfil", world.step(&order, one)).await, "ON_HOLD", "input.id");
    })
    .await;
}

#[tokio::test]
async fn a_kind_is_a_word_of_the_platforms_or_of_the_tenants() {
    World::on_both(async |world| {
        let order = world.mugs("CONFIRMED", 1).await;
        for (kind, kept) in [("fraud", "FRAUD"), (" Payment", "PAYMENT"), ("Gift card missing", "Gift card missing")] {
            assert_eq!(hold(&world, &order, kind).await["kind"], kept);
        }
        for (kind, code) in
            [("SHORT", "INVALID"), ("sourcing", "INVALID"), ("", "REQUIRED"), (" ", "REQUIRED"), ("a\nb", "INVALID")]
        {
            let input = world.step(&order, json!({"kind": kind, "reason": "x"}));
            refused(&world.mutate("orderHoldSet", input).await, code, "input.kind");
        }
        let long = world.step(&order, json!({"kind": "k".repeat(65), "reason": "x"}));
        refused(&world.mutate("orderHoldSet", long).await, "TOO_LONG", "input.kind");
        let silent = world.step(&order, json!({"kind": "CREDIT", "reason": ""}));
        refused(&world.mutate("orderHoldSet", silent).await, "REQUIRED", "input.reason");
        let nobodys = json!({"id": "ord_00000000000000000000000000"});
        let input = world.step(&nobodys, json!({"kind": "CREDIT", "reason": "x"}));
        refused(&world.mutate("orderHoldSet", input).await, "NOT_FOUND", "input.id");
        let nobodys = json!({"id": "hld_00000000000000000000000001"});
        refused(&world.mutate("orderHoldLift", world.step(&nobodys, json!({}))).await, "NOT_FOUND", "input.id");
    })
    .await;
}

#[tokio::test]
async fn held_orders_are_found_by_kind() {
    World::on_both(async |world| {
        let (first, second) = (world.mugs("CONFIRMED", 1).await, world.mugs("CONFIRMED", 1).await);
        world.mugs("CONFIRMED", 1).await;
        let fraud = hold(&world, &first, "FRAUD").await;
        hold(&world, &first, "Gift").await;
        hold(&world, &second, "Gift").await;
        assert_eq!(world.found(json!({"hold": ["FRAUD"]})).await, ["1"]);
        assert_eq!(world.found(json!({"hold": ["Gift", "CREDIT"]})).await, ["1", "2"]);
        assert_eq!(world.found(json!({"hold": []})).await, Vec::<String>::new());
        assert_eq!(world.found(json!({"isHeld": true})).await, ["1", "2"]);
        assert_eq!(world.found(json!({"isHeld": false})).await, ["3"]);
        world.complete_step("orderHoldLift", &fraud, json!({})).await;
        assert_eq!(world.found(json!({"hold": ["FRAUD"]})).await, Vec::<String>::new());
        assert_eq!(world.found(json!({"not": {"hold": ["Gift"]}})).await, ["3"]);
    })
    .await;
}

#[tokio::test]
async fn a_key_sets_one_hold_and_a_dry_run_none() {
    World::on_both(async |world| {
        let order = world.mugs("CONFIRMED", 1).await;
        let input = world.step(&order, json!({"kind": "CREDIT", "reason": "limit", "expectedVersion": 1}));
        let document = "mutation($input: OrderHoldSetInput!) { orderHoldSet(input: $input, validateOnly: true) {
            hold { kind } order { allowedActions } userErrors { code } seq } }";
        let dry = world.execute(document, json!({ "input": input })).await["orderHoldSet"].clone();
        assert_eq!((&dry["hold"]["kind"], &dry["seq"]), (&json!("CREDIT"), &Value::Null), "{dry}");
        assert_eq!(dry["order"]["allowedActions"], json!(["orderCancel", "orderUpdate", "orderHoldSet", "orderHoldLift"]));
        assert_eq!(kinds(&world.read(&order).await), Vec::<&str>::new());
        let first = world.mutate("orderHoldSet", input.clone()).await;
        let again = world.mutate("orderHoldSet", input).await;
        assert_eq!((&again["replayed"], &again["hold"]), (&json!(true), &first["hold"]));
        assert_eq!(kinds(&world.read(&order).await), ["CREDIT"]);
        let stale = world.step(&order, json!({"kind": "CREDIT", "reason": "limit", "expectedVersion": 1}));
        refused(&world.mutate("orderHoldSet", stale).await, "VERSION_CONFLICT", "input.expectedVersion");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_shipment_slips_past_a_hold_that_is_set_at_once() {
    World::on_both(async |world| {
        let elsewhere = world.served_elsewhere().await;
        for round in 0..6 {
            let order = world.mugs("CONFIRMED", 1).await;
            let set = world.step(&order, json!({"kind": "FRAUD", "reason": "score"}));
            let ship = world.step(&order, json!({}));
            let (set, ship) = if round % 2 == 0 {
                futures_util::join!(world.mutate("orderHoldSet", set), world.mutate_elsewhere(&elsewhere, "orderFulfil", ship))
            } else {
                futures_util::join!(world.mutate_elsewhere(&elsewhere, "orderHoldSet", set), world.mutate("orderFulfil", ship))
            };
            // Whichever came first: an order that has left is not held, one that is held does not leave.
            let codes = [&set, &ship].map(|answer| answer["userErrors"][0]["code"].clone());
            assert!(codes == [json!("INVALID_STATE"), Value::Null] || codes == [Value::Null, json!("ON_HOLD")], "{codes:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_hold_of_a_member_that_a_payment_lifted_comes_back_with_what_is_owed() {
    World::on_both(async |world| {
        let order = world.mugs("CONFIRMED", 3).await;
        let set = hold(&world, &order, "PAYMENT").await;
        world.advance_clock(1);
        let paid = world.paid(&order, "CAPTURE", "7.65", json!({})).await;
        assert_eq!(kinds(&world.read(&order).await), Vec::<&str>::new());
        world.advance_clock(1);
        accepted(&world.take_back(&paid).await, "payment");
        let held_document = world.read(&order).await;
        assert_eq!((kinds(&held_document), &held_document["holds"][0]["reason"]), (vec!["PAYMENT"], &set["reason"]));
        assert_ne!(held_document["holds"][0]["id"], set["id"], "the one that was lifted stays in the history");
        assert_eq!(world.events_of("order.held").await.len(), 2);
        refused(&world.mutate("orderFulfil", world.step(&order, json!({}))).await, "ON_HOLD", "input.id");
        // A member lets it pass that nothing is paid: no reversal sets it again.
        world.advance_clock(1);
        world.complete_step("orderHoldLift", &held_document["holds"][0], json!({})).await;
        world.advance_clock(1);
        let part = world.paid(&order, "CAPTURE", "1.00", json!({})).await;
        accepted(&world.take_back(&part).await, "payment");
        assert_eq!(kinds(&world.read(&order).await), Vec::<&str>::new());
    })
    .await;
}
