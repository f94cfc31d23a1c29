//! Returns.

use serde_json::{Value, json};

use super::world::{World, accepted, refused};

async fn sell(world: &World, quantity: i64) -> Value {
    let payload = world.order("FULFILLED", json!([{"product": {"id": world.mug}, "quantity": quantity}])).await;
    accepted(&payload, "order").clone()
}

fn return_input(world: &World, lines: impl Into<Value>) -> Value {
    let lines = lines.into();
    json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "lines": lines})
}

#[tokio::test]
async fn goods_come_back_on_their_order_line() {
    World::on_both(async |world| {
        let order = sell(&world, 5).await;
        let line = &order["lines"][0]["id"];
        let input = return_input(&world, json!([{"orderLineId": line, "quantity": 2}]));
        let payload = world.mutate("returnCreate", input.clone()).await;
        let ret = accepted(&payload, "return");
        assert_eq!((&ret["status"], &ret["number"]), (&json!("RECEIVED"), &json!("RT-000001")));
        assert_eq!(ret["refund"], json!({"amount": "5.10", "currencyCode": "GBP"}));
        let got = &ret["lines"][0];
        assert!(got["id"].as_str().unwrap().starts_with("rln_"));
        assert_eq!((&got["sku"], &got["product"]["sku"], &got["orderLine"]["id"]), (&json!("MUG"), &json!("MUG"), line));
        let of = json!({"id": line, "returned": 2, "order": {"number": order["number"]}});
        assert_eq!(got["matches"], json!([{"quantity": 2, "orderLine": of}]));
        assert_eq!(world.level(world.mug, world.store).await, [97, 0, 0]);
        let again = world.mutate("returnCreate", input).await;
        assert_eq!((&again["replayed"], &again["return"]), (&json!(true), ret));
        let document =
            "query($id: ID!) { order(by: {id: $id}) { version returns { number lines { quantity } } lines { returned } } }";
        let answer = world.execute(document, json!({"id": order["id"]})).await;
        let returns = json!([{"number": "RT-000001", "lines": [{"quantity": 2}]}]);
        assert_eq!(answer["order"], json!({"version": 2, "returns": returns, "lines": [{"returned": 2}]}));
        // Only three units can still be returned, and the error's path is that of the caller's
        // input.
        let much = return_input(&world, json!([{"orderLineId": line, "quantity": 4}]));
        refused(&world.mutate("returnCreate", much).await, "OUT_OF_RANGE", "input.lines.0.quantity");
    })
    .await;
}

#[tokio::test]
async fn one_line_may_go_back_on_several() {
    World::on_both(async |world| {
        let (one, two) = (sell(&world, 2).await, sell(&world, 3).await);
        let piece = |order: &Value, quantity: i64| json!({"orderLineId": order["lines"][0]["id"], "quantity": quantity});
        let input = return_input(&world, json!([{"quantity": 6, "matches": [piece(&one, 2), piece(&two, 3)]}]));
        let payload = world.mutate("returnCreate", input).await;
        let ret = accepted(&payload, "return");
        let quantities: Vec<&Value> = ret["lines"][0]["matches"].as_array().unwrap().iter().map(|m| &m["quantity"]).collect();
        assert_eq!(quantities, [2, 3]);
        let over = return_input(&world, json!([{"quantity": 1, "product": {"sku": "MUG"}, "matches": [piece(&two, 1)]}]));
        refused(&world.mutate("returnCreate", over).await, "OUT_OF_RANGE", "input.lines.0.matches.0");
        let both =
            return_input(&world, json!([{"quantity": 1, "orderLineId": one["lines"][0]["id"], "matches": [piece(&two, 1)]}]));
        refused(&world.mutate("returnCreate", both).await, "INVALID", "input.lines.0.orderLineId");
    })
    .await;
}

#[tokio::test]
async fn each_unit_has_its_fate_and_a_request_moves_nothing() {
    World::on_both(async |world| {
        let line = |disposition: &str| {
            json!({"product": {"sku": "mug"}, "quantity": 1, "disposition": disposition,
            "unitPrice": {"amount": "1.00", "currencyCode": "GBP"}})
        };
        let input = return_input(&world, json!([line("RESTOCK"), line("QUARANTINE"), line("WRITE_OFF")]));
        let payload = world.mutate("returnCreate", input).await;
        assert_eq!(accepted(&payload, "return")["refund"]["amount"], "3.00");
        assert_eq!(world.level(world.mug, world.store).await, [102, 0, 1]);
        let mut later = return_input(
            &world,
            json!([line("RESTOCK"), {"kind": "CHARGE", "name": "Fee", "quantity": 1,
            "unitPrice": {"amount": "-0.50", "currencyCode": "GBP"}}]),
        );
        later["receive"] = json!(false);
        later["externalRef"] = json!("RMA-1");
        let payload = world.mutate("returnCreate", later.clone()).await;
        let ret = accepted(&payload, "return");
        assert_eq!(
            (&ret["status"], &ret["receivedAt"], &ret["refund"]["amount"]),
            (&json!("REQUESTED"), &Value::Null, &json!("0.50"))
        );
        assert_eq!(world.level(world.mug, world.store).await, [102, 0, 1]);
        later["idempotencyKey"] = json!(world.key());
        refused(&world.mutate("returnCreate", later).await, "DUPLICATE", "input.externalRef");
    })
    .await;
}

#[tokio::test]
async fn bad_input_is_refused_with_its_path() {
    World::on_both(async |world| {
        let unknown = "oln_00000000000000000000000001";
        for (lines, code, field) in [
            (json!([{"orderLineId": unknown, "quantity": 1}]), "NOT_FOUND", "input.lines.0.orderLineId"),
            (
                json!([{"product": {"id": world.mug}, "orderLineId": unknown, "quantity": 1}]),
                "NOT_FOUND",
                "input.lines.0.orderLineId",
            ),
            (json!([{"orderLineId": world.mug, "quantity": 1}]), "INVALID", "input.lines.0.orderLineId"),
            (
                json!([{"matches": [{"orderLineId": "x", "quantity": 1}], "quantity": 1}]),
                "INVALID",
                "input.lines.0.matches.0.orderLineId",
            ),
            (json!([{"quantity": 1}]), "INVALID", "input.lines.0.product"),
            (json!([{"product": {"id": world.foreign.mug}, "quantity": 1}]), "NOT_FOUND", "input.lines.0.product.id"),
            (json!([]), "INVALID", "input.lines"),
            (json!(vec![json!({"product": {"id": world.mug}, "quantity": 1}); 2_001]), "LIMIT_EXCEEDED", "input.lines"),
        ] {
            refused(&world.mutate("returnCreate", return_input(&world, lines)).await, code, field);
        }
        let mut foreign = return_input(&world, json!([{"product": {"id": world.mug}, "quantity": 1}]));
        foreign["store"] = json!({"id": world.foreign.store});
        refused(&world.mutate("returnCreate", foreign).await, "NOT_FOUND", "input.store.id");
        assert_eq!(world.level(world.mug, world.store).await, [100, 0, 0]);
    })
    .await;
}
