//! Who may hold orders and record their payments.

use serde_json::{Value, json};

use super::{World, pounds};
use crate::moves::world::of_store;

const SET: &str =
    "mutation($input: OrderHoldSetInput!) { result: orderHoldSet(input: $input) { hold { id } userErrors { code } } }";
const LIFT: &str = "mutation($input: OrderHoldLiftInput!) { result: orderHoldLift(input: $input) { hold { id isLiftable } userErrors { code } } }";
const PAY: &str =
    "mutation($input: PaymentRecordInput!) { result: paymentRecord(input: $input) { payment { id } userErrors { code } } }";
const BACK: &str =
    "mutation($input: PaymentReverseInput!) { result: paymentReverse(input: $input) { payment { id } userErrors { code } } }";

async fn without(world: &World, permission: &str, document: &str, input: &Value) -> Value {
    world.ask_without(&[permission], document, json!({ "input": input })).await
}

#[tokio::test]
async fn a_hold_for_fraud_is_lifted_by_who_may_do_that() {
    World::on_both(async |world| {
        let order = world.mugs("CONFIRMED", 1).await;
        let set = |kind: &str| world.step(&order, json!({"kind": kind, "reason": "score"}));
        assert_eq!(without(&world, "order.hold", SET, &set("FRAUD")).await["errors"][0]["code"], "FORBIDDEN");
        // Whoever may hold orders may hold one for fraud; to lift it is another matter.
        let mut holds = Vec::new();
        for kind in ["FRAUD", "ADDRESS"] {
            let answer = without(&world, "order.hold.fraud", SET, &set(kind)).await;
            holds.push(answer["result"]["hold"].clone());
            world.pass(1);
        }
        let document = "query($id: ID!) { order(by: {id: $id}) { holds { kind isLiftable } } }";
        let seen = world.ask_without(&["order.hold.fraud"], document, json!({"id": order["id"]})).await;
        let expected = json!([{"kind": "FRAUD", "isLiftable": false}, {"kind": "ADDRESS", "isLiftable": true}]);
        assert_eq!(seen["order"]["holds"], expected);
        let [fraud, address] = [0, 1].map(|nth: usize| world.step(&holds[nth], json!({})));
        assert_eq!(without(&world, "order.hold.fraud", LIFT, &fraud).await["errors"][0]["code"], "FORBIDDEN");
        let lifted = without(&world, "order.hold.fraud", LIFT, &address).await;
        assert_eq!(lifted["result"], json!({"hold": {"id": holds[1]["id"], "isLiftable": false}, "userErrors": []}));
        assert_eq!(world.ask(LIFT, json!({ "input": fraud })).await["result"]["userErrors"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn a_refund_is_recorded_by_who_may_refund() {
    World::on_both(async |world| {
        let order = world.mugs("CONFIRMED", 2).await;
        let input = |kind: &str| {
            json!({"idempotencyKey": world.key(), "order": {"id": order["id"]}, "kind": kind, "amount": pounds("5.10"), "method": "CASH"})
        };
        assert_eq!(without(&world, "payment.write", PAY, &input("CAPTURE")).await["errors"][0]["code"], "FORBIDDEN");
        assert_eq!(without(&world, "payment.refund", PAY, &input("CAPTURE")).await["result"]["userErrors"], json!([]));
        assert_eq!(without(&world, "payment.refund", PAY, &input("REFUND")).await["errors"][0]["code"], "FORBIDDEN");
        assert_eq!(world.money(&order).await, ["5.10", "0.00", "PAID", "NONE"]);
        // To take a refund back takes what giving it takes.
        let refund = world.paid(&order, "REFUND", "1.00", json!({})).await;
        let back = json!({"idempotencyKey": world.key(), "id": refund["id"], "note": "typo"});
        assert_eq!(without(&world, "payment.refund", BACK, &back).await["errors"][0]["code"], "FORBIDDEN");
        let answer = world.ask_as(of_store(world.depot), BACK, json!({ "input": back })).await;
        assert_eq!(answer["result"]["userErrors"], json!([{"code": "NOT_FOUND"}]), "{answer:#}");
    })
    .await;
}

#[tokio::test]
async fn orders_of_other_stores_are_not_found() {
    World::on_both(async |world| {
        let order = world.mugs("CONFIRMED", 1).await;
        let hold = world.act("orderHoldSet", world.step(&order, json!({"kind": "FRAUD", "reason": "score"}))).await["hold"].clone();
        let of_depot = of_store(world.depot);
        let set = world.step(&order, json!({"kind": "CREDIT", "reason": "limit"}));
        let pay = json!({"idempotencyKey": world.key(), "order": {"number": order["number"]}, "kind": "CAPTURE", "amount": pounds("1.00"),
            "method": "CASH"});
        for (document, input) in [(SET, set), (LIFT, world.step(&hold, json!({}))), (PAY, pay)] {
            let answer = world.ask_as(of_depot.clone(), document, json!({ "input": input })).await;
            assert_eq!(answer["result"]["userErrors"], json!([{"code": "NOT_FOUND"}]), "{answer:#}");
        }
    })
    .await;
}
