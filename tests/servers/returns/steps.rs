//! A return is requested, approved, received, inspected, and closed.

use entrepot::storage::journal;
use serde_json::{Value, json};

use super::world::{World, accepted, back, refused};
use crate::world::answers::refusals;

fn figures(ret: &Value) -> [i64; 4] {
    ["received", "restocked", "quarantined", "writtenOff"].map(|name| ret["lines"][0][name].as_i64().unwrap())
}

#[tokio::test]
async fn a_return_goes_all_the_way() {
    World::on_both(async |world| {
        let mug = world.mug;
        let line = world.sold(5).await;
        let new_return = world.requested(json!([back(&line, 4)])).await;
        assert_eq!(
            (&new_return["status"], &new_return["allowedActions"]),
            (&json!("REQUESTED"), &json!(["returnApprove", "returnReject"]))
        );
        let of = &new_return["lines"][0]["matches"][0]["orderLine"];
        assert_eq!(of, &json!({"fulfilled": 5, "returned": 0, "returnPending": 4}));
        let approved = world.complete_step("returnApprove", &new_return, json!({})).await;
        assert_eq!(approved["allowedActions"], json!(["returnReceive", "returnReject"]));
        assert_eq!(world.level_here(mug).await, [95, 0, 0]);
        let own = &new_return["lines"][0]["id"];
        let partly = world.complete_step("returnReceive", &new_return, json!({"lines": [{"lineId": own, "quantity": 1}]})).await;
        assert_eq!((&partly["status"], figures(&partly)), (&json!("PARTIALLY_RECEIVED"), [1, 0, 0, 0]));
        assert_eq!(partly["lines"][0]["matches"][0]["orderLine"], json!({"fulfilled": 5, "returned": 1, "returnPending": 3}));
        // Received units stay unavailable until they are inspected.
        assert_eq!(world.level_here(mug).await, [96, 0, 1]);
        let seen = |quantity: i64, disposition: &str| json!({"lineId": own, "quantity": quantity, "disposition": disposition});
        let early = world.complete_step("returnInspect", &new_return, json!({"lines": [seen(1, "RESTOCK")]})).await;
        assert_eq!((&early["status"], figures(&early)), (&json!("PARTIALLY_RECEIVED"), [1, 1, 0, 0]));
        // Looking at it is offered while there is something to look at.
        assert_eq!(partly["allowedActions"], json!(["returnReceive", "returnInspect"]));
        assert_eq!(early["allowedActions"], json!(["returnReceive"]));
        assert_eq!(world.level_here(mug).await, [96, 0, 0]);
        let all = world.complete_step("returnReceive", &new_return, json!({})).await;
        assert_eq!((&all["status"], &all["allowedActions"]), (&json!("RECEIVED"), &json!(["returnInspect"])));
        assert_eq!(world.level_here(mug).await, [99, 0, 3]);
        let lines = json!([seen(1, "RESTOCK"), seen(1, "QUARANTINE"), seen(1, "WRITE_OFF")]);
        let inspected = world.complete_step("returnInspect", &new_return, json!({ "lines": lines })).await;
        assert_eq!((&inspected["status"], figures(&inspected)), (&json!("INSPECTED"), [4, 2, 1, 1]));
        assert_eq!(world.level_here(mug).await, [98, 0, 1]);
        let closed = world.complete_step("returnClose", &new_return, json!({})).await;
        assert_eq!((&closed["status"], &closed["refunded"]["amount"]), (&json!("CLOSED"), &json!("10.20")));
        assert_eq!(closed["allowedActions"], json!([]));
        let kinds = ["created", "approved", "received", "inspected", "received", "inspected", "closed"];
        assert_eq!(world.events_of("return.").await, kinds.map(|kind| format!("return.{kind}")));
        let removals = "SELECT count(*) FROM movement WHERE tenant_id = $1 AND kind = 'REMOVAL' AND reference_kind = 'RETURN'";
        assert_eq!(world.query_number(removals).await, 1);
    })
    .await;
}

#[tokio::test]
async fn an_order_tells_of_each_return_that_changes_it() {
    World::on_both(async |world| {
        let order = world.ordered("FULFILLED", &[(world.mug, 5)]).await;
        let line = order["lines"][0]["id"].clone();
        let new_return = world.requested(json!([back(&line, 2)])).await;
        world.complete_step("returnReject", &new_return, json!({"reason": "worn"})).await;
        let new_return = world.approved(json!([back(&line, 2)])).await;
        world.complete_step("returnReceive", &new_return, json!({})).await;
        world.complete_step("returnInspect", &new_return, json!({})).await;
        world.complete_step("returnClose", &new_return, json!({})).await;
        let mut now = world.asking(json!([back(&line, 1)]));
        now["receive"] = json!(true);
        accepted(&world.mutate("returnCreate", now).await, "return");
        // Requested, rejected, requested again, received, closed with a refund; and received at
        // once. The other steps change only the return.
        let kinds = ["created", "updated", "updated", "updated", "updated", "updated", "updated"];
        assert_eq!(world.events_of("order.").await, kinds.map(|kind| format!("order.{kind}")));
        let events = journal::after(&world.db.tenant(world.tenant), 0, 10_000).await.unwrap();
        let events = events.iter().filter(|event| event.kind == "order.updated");
        let versions: Vec<Value> =
            events.map(|event| serde_json::from_str::<Value>(&event.payload).unwrap()["version"].clone()).collect();
        assert_eq!(json!(versions), json!([2, 3, 4, 5, 6, 7]));
        assert_eq!(world.read(&order).await["version"], 7, "the newest that was told");
    })
    .await;
}

#[tokio::test]
async fn what_is_asked_back_cannot_be_asked_back_twice() {
    World::on_both(async |world| {
        let line = world.sold(3).await;
        let first = world.requested(json!([back(&line, 2)])).await;
        let again = world.mutate("returnCreate", world.asking(json!([back(&line, 2)]))).await;
        refused(&again, "OUT_OF_RANGE", "input.lines.0.quantity");
        // Nor can it be received over the counter while another return requests it.
        let mut now = world.asking(json!([back(&line, 2)]));
        now["receive"] = json!(true);
        refused(&world.mutate("returnCreate", now).await, "OUT_OF_RANGE", "input.lines.0.quantity");
        world.requested(json!([back(&line, 1)])).await;
        world.complete_step("returnReject", &first, json!({"reason": "worn"})).await;
        world.requested(json!([back(&line, 2)])).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_rejected_says_why_and_frees_its_units() {
    World::on_both(async |world| {
        let line = world.sold(2).await;
        let new_return = world.requested(json!([back(&line, 2)])).await;
        world.complete_step("returnReject", &new_return, json!({"reason": "worn"})).await;
        let new_return = world.approved(json!([back(&line, 2)])).await;
        // An approved return whose goods never come is rejected, too.
        let rejected = world.complete_step("returnReject", &new_return, json!({"reason": "it never came"})).await;
        assert_eq!((&rejected["status"], &rejected["rejectReason"]), (&json!("REJECTED"), &json!("it never came")));
        assert_eq!(rejected["lines"][0]["matches"][0]["orderLine"]["returnPending"], 0);
        assert_eq!(world.level_here(world.mug).await, [98, 0, 0]);
        for (reason, code) in [("", "REQUIRED"), (" ", "REQUIRED"), (&*"x".repeat(1_001), "TOO_LONG")] {
            let new_return = world.requested(json!([back(&line, 1)])).await;
            refused(
                &world.mutate("returnReject", world.step(&new_return, json!({ "reason": reason }))).await,
                code,
                "input.reason",
            );
            world.complete_step("returnReject", &new_return, json!({"reason": "tried"})).await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_never_comes_does_not_keep_a_return_open() {
    World::on_both(async |world| {
        let line = world.sold(5).await;
        let ret = world.approved(json!([back(&line, 4)])).await;
        let nothing = world.mutate("returnReceive", world.step(&ret, json!({"lines": [], "isLast": true}))).await;
        refused(&nothing, "INVALID_STATE", "input.lines");
        let own = &ret["lines"][0]["id"];
        world.complete_step("returnReceive", &ret, json!({"lines": [{"lineId": own, "quantity": 1}]})).await;
        let last = world.complete_step("returnReceive", &ret, json!({"lines": [], "isLast": true})).await;
        assert_eq!((&last["status"], figures(&last)), (&json!("RECEIVED"), [1, 0, 0, 0]));
        assert_eq!(last["lines"][0]["matches"][0]["orderLine"], json!({"fulfilled": 5, "returned": 1, "returnPending": 0}));
        world.complete_step("returnInspect", &ret, json!({})).await;
        let closed = world.complete_step("returnClose", &ret, json!({})).await;
        assert_eq!((&closed["refund"]["amount"], &closed["refunded"]["amount"]), (&json!("10.20"), &json!("2.55")));
        world.requested(json!([back(&line, 4)])).await;
    })
    .await;
}

#[tokio::test]
async fn what_came_over_the_counter_was_looked_at_there() {
    World::on_both(async |world| {
        let line = world.sold(3).await;
        let mut now = world.asking(json!([{"orderLineId": line, "quantity": 1, "disposition": "WRITE_OFF"}, back(&line, 1)]));
        now["receive"] = json!(true);
        let payload = world.mutate("returnCreate", now).await;
        let ret = accepted(&payload, "return").clone();
        assert_eq!(
            (&ret["status"], figures(&ret), &ret["allowedActions"]),
            (&json!("RECEIVED"), [1, 0, 0, 1], &json!(["returnInspect"]))
        );
        assert_eq!(world.level_here(world.mug).await, [98, 0, 0]);
        let updated = world.complete_step("returnInspect", &ret, json!({})).await;
        assert_eq!((&updated["status"], world.level_here(world.mug).await), (&json!("INSPECTED"), [98, 0, 0]));
        assert_eq!(world.complete_step("returnClose", &ret, json!({})).await["refunded"]["amount"], "5.10");
    })
    .await;
}

#[tokio::test]
async fn each_step_is_open_in_its_states_only() {
    World::on_both(async |world| {
        let line = world.sold(30).await;
        let new_return = world.requested(json!([back(&line, 2)])).await;
        let approved = world.approved(json!([back(&line, 2)])).await;
        let rejected = world.requested(json!([back(&line, 2)])).await;
        world.complete_step("returnReject", &rejected, json!({"reason": "no"})).await;
        let partly = world.approved(json!([back(&line, 2)])).await;
        world
            .complete_step("returnReceive", &partly, json!({"lines": [{"lineId": partly["lines"][0]["id"], "quantity": 1}]}))
            .await;
        let mut rest = Vec::new();
        for steps in
            [&["returnReceive"][..], &["returnReceive", "returnInspect"], &["returnReceive", "returnInspect", "returnClose"]]
        {
            let ret = world.approved(json!([back(&line, 2)])).await;
            for step in steps {
                world.complete_step(step, &ret, json!({})).await;
            }
            rest.push(ret);
        }
        let [received, inspected, closed] = &rest[..] else { unreachable!() };
        let refused_in: [(&str, &[&Value]); 5] = [
            ("returnApprove", &[&approved, &rejected, &partly, received, inspected, closed]),
            ("returnReject", &[&rejected, &partly, received, inspected, closed]),
            ("returnReceive", &[&new_return, &rejected, received, inspected, closed]),
            ("returnInspect", &[&new_return, &approved, &rejected, inspected, closed]),
            ("returnClose", &[&new_return, &approved, &rejected, &partly, received, closed]),
        ];
        for (mutation, returns) in refused_in {
            for ret in returns {
                let more = if mutation == "returnReject" { json!({"reason": "no"}) } else { json!({}) };
                let payload = world.mutate(mutation, world.step(ret, more)).await;
                refused(&payload, "INVALID_STATE", "input.id");
                let message = payload["userErrors"][0]["message"].as_str().unwrap();
                assert!(message.starts_with("the return is ") && message.contains("open"), "{message}");
            }
        }
    })
    .await;
}

/// Checks the refusals of lines that cannot be received or inspected.
async fn refuses(world: &World, mutation: &str, ret: &Value, cases: Vec<(Value, &str, &str)>) {
    for (lines, code, field) in cases {
        refused(&world.mutate(mutation, world.step(ret, json!({ "lines": lines }))).await, code, field);
    }
}

#[tokio::test]
async fn bad_input_is_refused_with_its_path() {
    World::on_both(async |world| {
        let line = world.sold(9).await;
        let fee =
            json!({"kind": "CHARGE", "name": "Fee", "quantity": 1, "unitPrice": {"amount": "-0.50", "currencyCode": "GBP"}});
        let ret = world.approved(json!([back(&line, 2), fee])).await;
        let other = world.approved(json!([back(&line, 2)])).await;
        let (own, charge, strange) = (&ret["lines"][0]["id"], &ret["lines"][1]["id"], &other["lines"][0]["id"]);
        let input_for = |line: &Value, quantity: i64| json!({"lineId": line, "quantity": quantity, "disposition": "RESTOCK"});
        let plain = |line: &Value, quantity: i64| json!({"lineId": line, "quantity": quantity});
        refuses(
            &world,
            "returnReceive",
            &ret,
            vec![
                (json!([]), "INVALID", "input.lines"),
                (json!([plain(own, 0)]), "OUT_OF_RANGE", "input.lines.0.quantity"),
                (json!([plain(own, -1)]), "OUT_OF_RANGE", "input.lines.0.quantity"),
                (json!([plain(own, 3)]), "OUT_OF_RANGE", "input.lines.0.quantity"),
                (json!([plain(own, 9_007_199_254_740_991)]), "OUT_OF_RANGE", "input.lines.0.quantity"),
                (json!([plain(own, 1), plain(own, 2)]), "OUT_OF_RANGE", "input.lines.1.quantity"),
                (json!([plain(strange, 1)]), "NOT_FOUND", "input.lines.0.lineId"),
                (json!([plain(charge, 1)]), "INVALID", "input.lines.0.lineId"),
                (json!([plain(&ret["id"], 1)]), "INVALID", "input.lines.0.lineId"),
                (json!([{"lineId": own, "quantity": 1, "lot": {"code": "L1"}}]), "INVALID", "input.lines.0.lot"),
                (json!(vec![plain(own, 1); 2_001]), "LIMIT_EXCEEDED", "input.lines"),
            ],
        )
        .await;
        assert_eq!(world.level_here(world.mug).await, [91, 0, 0]);
        world.complete_step("returnReceive", &ret, json!({})).await;
        refuses(
            &world,
            "returnInspect",
            &ret,
            vec![
                (json!([]), "INVALID", "input.lines"),
                (json!([input_for(own, 3)]), "OUT_OF_RANGE", "input.lines.0.quantity"),
                (json!([input_for(own, 1), input_for(own, 2)]), "OUT_OF_RANGE", "input.lines.1.quantity"),
                (json!([input_for(charge, 1)]), "OUT_OF_RANGE", "input.lines.0.quantity"),
                (json!([input_for(strange, 1)]), "NOT_FOUND", "input.lines.0.lineId"),
                (
                    json!([{"lineId": own, "quantity": 1, "disposition": "RESTOCK", "lot": {"code": "L1"}}]),
                    "INVALID",
                    "input.lines.0.lot",
                ),
            ],
        )
        .await;
        // All refusals of a stage are returned, each with its line and its SKU.
        let several = json!({"lines": [input_for(own, 3), input_for(charge, 1)]});
        let several = world.mutate("returnInspect", world.step(&ret, several)).await;
        let range = |index: usize| ("OUT_OF_RANGE".to_owned(), format!("input.lines.{index}.quantity"));
        assert_eq!(refusals(&several), [range(0), range(1)]);
        assert_eq!(several["userErrors"][0]["message"], "between 1 and 2 of MUG");
        let payload = world.mutate("returnInspect", world.step(&ret, json!({"occurredAt": "2027-01-01T00:00:00Z"}))).await;
        refused(&payload, "OUT_OF_RANGE", "input.occurredAt");
        let early = world.mutate("returnInspect", world.step(&ret, json!({"occurredAt": "2019-12-31T00:00:00Z"}))).await;
        refused(&early, "OUT_OF_RANGE", "input.occurredAt");
        let stale = world.mutate("returnInspect", world.step(&ret, json!({"expectedVersion": 1}))).await;
        refused(&stale, "VERSION_CONFLICT", "input.expectedVersion");
        let nobodys: String = world.ledger.clock().id::<entity::id::kind::ReturnId>().to_string();
        refused(&world.mutate("returnInspect", world.step(&json!({"id": nobodys}), json!({}))).await, "NOT_FOUND", "input.id");
    })
    .await;
}

#[tokio::test]
async fn the_same_key_gives_the_first_answer_again() {
    World::on_both(async |world| {
        let line = world.sold(5).await;
        let ret = world.approved(json!([back(&line, 4)])).await;
        let input = world.step(&ret, json!({"lines": [{"lineId": ret["lines"][0]["id"], "quantity": 2}]}));
        let first = world.mutate("returnReceive", input.clone()).await;
        assert_eq!((&first["replayed"], &accepted(&first, "return")["status"]), (&json!(false), &json!("PARTIALLY_RECEIVED")));
        let again = world.mutate("returnReceive", input.clone()).await;
        assert_eq!((&again["replayed"], &again["seq"], &again["return"]["version"]), (&json!(true), &first["seq"], &json!(3)));
        assert_eq!(world.level_here(world.mug).await, [97, 0, 2]);
        let mut other = input;
        other["lines"][0]["quantity"] = json!(1);
        refused(&world.mutate("returnReceive", other).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
    })
    .await;
}

#[tokio::test]
async fn goods_of_no_known_order_and_services_come_back_too() {
    World::on_both(async |world| {
        let price = json!({"amount": "2.00", "currencyCode": "GBP"});
        let lines = json!([{"product": {"sku": "MUG"}, "quantity": 3, "unitPrice": price, "disposition": "QUARANTINE"},
            {"product": {"sku": "WRAP"}, "quantity": 1}]);
        let ret = world.approved(lines).await;
        world.complete_step("returnReceive", &ret, json!({})).await;
        assert_eq!(world.level_here(world.mug).await, [103, 0, 3]);
        let updated = world.complete_step("returnInspect", &ret, json!({})).await;
        assert_eq!((&updated["status"], figures(&updated)), (&json!("INSPECTED"), [3, 0, 3, 0]));
        assert_eq!(world.level_here(world.mug).await, [103, 0, 3]);
        assert_eq!(world.complete_step("returnClose", &ret, json!({})).await["refunded"]["amount"], "7.50");
    })
    .await;
}

#[tokio::test]
async fn goods_that_somebody_moved_meanwhile_are_not_restocked_twice() {
    World::on_both(async |world| {
        let line = world.sold(2).await;
        let ret = world.approved(json!([back(&line, 2)])).await;
        world.complete_step("returnReceive", &ret, json!({})).await;
        let item = json!({"product": {"id": world.mug}, "store": {"id": world.store}, "quantity": 1});
        let input = json!({"idempotencyKey": world.key(), "from": "QUARANTINE", "to": "AVAILABLE", "reasonCode": "FOUND", "items": [item]});
        assert_eq!(world.mutate("stockMove", input).await["userErrors"], json!([]));
        let payload = world.mutate("returnInspect", world.step(&ret, json!({}))).await;
        refused(&payload, "INSUFFICIENT_STOCK", "input.lines");
        let one = json!([{"lineId": ret["lines"][0]["id"], "quantity": 1, "disposition": "RESTOCK"}]);
        world.complete_step("returnInspect", &ret, json!({ "lines": one })).await;
        assert_eq!(world.level_here(world.mug).await, [100, 0, 0]);
    })
    .await;
}

#[tokio::test]
async fn what_is_archived_is_not_asked_back() {
    World::on_both(async |world| {
        let line = world.sold(3).await;
        let ret = world.approved(json!([back(&line, 1)])).await;
        let to = async |status: &str| {
            let sql = format!("UPDATE product SET status = '{status}' WHERE tenant_id = $1 AND id = $2");
            world.run_tenant_sql(&sql, vec![world.mug.into()]).await;
        };
        to("ARCHIVED").await;
        let says = |payload: &Value| payload["userErrors"][0]["message"].as_str().unwrap().to_owned();
        let mut now = world.asking(json!([back(&line, 1)]));
        now["receive"] = json!(true);
        let over_the_counter = world.mutate("returnCreate", now).await;
        refused(&over_the_counter, "INVALID_STATE", "input.lines.0.product");
        let customer_return_payload = world.mutate("returnCreate", world.asking(json!([back(&line, 1)]))).await;
        refused(&customer_return_payload, "INVALID_STATE", "input.lines.0.product");
        let comes = world.mutate("returnReceive", world.step(&ret, json!({}))).await;
        refused(&comes, "INVALID_STATE", "input.lines");
        assert!(says(&customer_return_payload).contains("make it ACTIVE first"), "{customer_return_payload}");
        assert_eq!((says(&customer_return_payload), says(&customer_return_payload)), (says(&over_the_counter), says(&comes)));
        to("ACTIVE").await;
        world.complete_step("returnReceive", &ret, json!({})).await;
    })
    .await;
}

#[tokio::test]
async fn an_archived_store_takes_nothing_back() {
    World::on_both(async |world| {
        let wrap = world.ordered("FULFILLED", &[(world.wrap, 1)]).await["lines"][0]["id"].clone();
        let closing = "UPDATE store SET archived_at = 1 WHERE tenant_id = $1 AND id = $2";
        world.run_tenant_sql(closing, vec![world.store.into()]).await;
        let fee = json!({"kind": "CHARGE", "name": "Fee", "quantity": 1, "unitPrice": {"amount": "1.00", "currencyCode": "GBP"}});
        for lines in [json!([fee]), json!([back(&wrap, 1)]), json!([fee, back(&wrap, 1)])] {
            refused(&world.mutate("returnCreate", world.asking(lines)).await, "INVALID_STATE", "input.store");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_booked_late_may_have_happened_before_its_document_was_written() {
    World::on_both(async |world| {
        let order = world.ordered("CONFIRMED", &[(world.mug, 3)]).await;
        // The till's clock is behind, or the paper was typed in afterwards.
        let early = json!({"occurredAt": "2026-11-20T08:59:59Z"});
        accepted(&world.mutate("orderFulfil", world.step(&order, early.clone())).await, "order");
        let mut return_input = world.asking(json!([back(&order["lines"][0]["id"], 1)]));
        return_input["occurredAt"] = early["occurredAt"].clone();
        accepted(&world.mutate("returnCreate", return_input).await, "return");
        let ret = world.approved(json!([back(&order["lines"][0]["id"], 1)])).await;
        accepted(&world.mutate("returnReceive", world.step(&ret, early)).await, "return");
    })
    .await;
}
