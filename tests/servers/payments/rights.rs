//! Permissions to hold orders and to record their payments.

use serde_json::{Value, json};

use super::{World, accepted, pounds};
use crate::moves::world::of_store;

const SET: &str =
    "mutation($input: OrderHoldSetInput!) { result: orderHoldSet(input: $input) { hold { id } userErrors { code } } }";
const LIFT: &str = "mutation($input: OrderHoldLiftInput!) { result: orderHoldLift(input: $input) { hold { id isLiftable } userErrors { code } } }";
const PAY: &str =
    "mutation($input: PaymentRecordInput!) { result: paymentRecord(input: $input) { payment { id } userErrors { code } } }";
const BACK: &str =
    "mutation($input: PaymentReverseInput!) { result: paymentReverse(input: $input) { payment { id } userErrors { code } } }";

async fn without(world: &World, permission: &str, document: &str, input: &Value) -> Value {
    world.execute_without(&[permission], document, json!({ "input": input })).await
}

#[tokio::test]
async fn a_hold_for_fraud_is_lifted_by_who_may_do_that() {
    World::on_both(async |world| {
        let order = world.mugs("CONFIRMED", 1).await;
        let set = |kind: &str| world.step(&order, json!({"kind": kind, "reason": "score"}));
        assert_eq!(without(&world, "order.hold", SET, &set("FRAUD")).await["errors"][0]["code"], "FORBIDDEN");
        // A caller that may hold orders may hold one for fraud; lifting it needs another
        // permission.
        let mut holds = Vec::new();
        for kind in ["FRAUD", "ADDRESS"] {
            let answer = without(&world, "order.hold.fraud", SET, &set(kind)).await;
            holds.push(answer["result"]["hold"].clone());
            world.advance_clock(1);
        }
        let document = "query($id: ID!) { order(by: {id: $id}) { holds { kind isLiftable } } }";
        let seen_answer = world.execute_without(&["order.hold.fraud"], document, json!({"id": order["id"]})).await;
        let expected = json!([{"kind": "FRAUD", "isLiftable": false}, {"kind": "ADDRESS", "isLiftable": true}]);
        assert_eq!(seen_answer["order"]["holds"], expected);
        let [fraud, address] = [0, 1].map(|nth: usize| world.step(&holds[nth], json!({})));
        assert_eq!(without(&world, "order.hold.fraud", LIFT, &fraud).await["errors"][0]["code"], "FORBIDDEN");
        let lifted = without(&world, "order.hold.fraud", LIFT, &address).await;
        assert_eq!(lifted["result"], json!({"hold": {"id": holds[1]["id"], "isLiftable": false}, "userErrors": []}));
        assert_eq!(world.execute(LIFT, json!({ "input": fraud })).await["result"]["userErrors"], json!([]));
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
        let answer = world.execute_as(of_store(world.depot), BACK, json!({ "input": back })).await;
        assert_eq!(answer["result"]["userErrors"], json!([{"code": "NOT_FOUND"}]), "{answer:#}");
    })
    .await;
}

#[tokio::test]
async fn orders_of_other_stores_are_not_found() {
    World::on_both(async |world| {
        let order = world.mugs("CONFIRMED", 1).await;
        let hold = world.mutate("orderHoldSet", world.step(&order, json!({"kind": "FRAUD", "reason": "score"}))).await["hold"].clone();
        let of_depot = of_store(world.depot);
        let set = world.step(&order, json!({"kind": "CREDIT", "reason": "limit"}));
        let pay = json!({"idempotencyKey": world.key(), "order": {"number": order["number"]}, "kind": "CAPTURE", "amount": pounds("1.00"),
            "method": "CASH"});
        for (document, input) in [(SET, set), (LIFT, world.step(&hold, json!({}))), (PAY, pay)] {
            let answer = world.execute_as(of_depot.clone(), document, json!({ "input": input })).await;
            assert_eq!(answer["result"]["userErrors"], json!([{"code": "NOT_FOUND"}]), "{answer:#}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_return_of_another_stores_order_is_found_neither_by_its_number_nor_by_its_reference() {
    World::on_both(async |world| {
        let order = world.mugs("FULFILLED", 1).await;
        let line = json!({"orderLineId": order["lines"][0]["id"], "quantity": 1});
        let input = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "externalRef": "RMA-17", "receive": false,
            "lines": [line]});
        let back = accepted(&world.mutate("returnCreate", input).await, "return").clone();
        let found = world.execute("query($id: ID!) { return(by: {id: $id}) { number } }", json!({"id": back["id"]})).await;
        let number = &found["return"]["number"];
        let lines = json!([{"product": {"id": world.mug}, "quantity": 1}]);
        let input = json!({"idempotencyKey": world.key(), "store": {"id": world.depot}, "status": "CONFIRMED", "lines": lines});
        let own = accepted(&world.mutate("orderCreate", input).await, "order").clone();
        for order in [&order, &own] {
            world.paid(order, "CAPTURE", "2.00", json!({})).await;
        }
        let refund = |order: &Value, named: &Value| {
            let mut input = world.fact(order, "REFUND", "1.00", json!({ "return": named }));
            input["idempotencyKey"] = json!(world.key());
            json!({ "input": input })
        };
        let refusals_in = |answer: Value| answer["result"]["userErrors"].clone();
        let names = [json!({ "number": number }), json!({"externalRef": "RMA-17"})];
        for named in names.iter().chain(&[json!({"number": "RT-999999"}), json!({"externalRef": "RMA-18"})]) {
            let answer = world.execute_as(of_store(world.depot), PAY, refund(&own, named)).await;
            assert_eq!(refusals_in(answer), json!([{"code": "NOT_FOUND"}]), "{named} tells nothing of the other store's returns");
        }
        // A caller that may record payments of all stores gets the refusal that the return belongs
        // to another order; a caller of one store gets, for its own, that the return is not closed.
        for named in &names {
            assert_eq!(refusals_in(world.execute(PAY, refund(&own, named)).await), json!([{"code": "INVALID"}]));
            let answer = world.execute_as(of_store(world.store), PAY, refund(&order, named)).await;
            assert_eq!(refusals_in(answer), json!([{"code": "INVALID_STATE"}]));
        }
    })
    .await;
}
