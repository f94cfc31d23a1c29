//! Permissions of orders and returns.

use entrepot::storage::Reads;
use serde_json::{Value, json};

use super::world::{World, accepted};

fn create(world: &World, extra: &Value) -> Value {
    let mut input = json!({"idempotencyKey": world.key(), "store": {"id": world.store},
        "lines": [{"product": {"id": world.mug}, "quantity": 1}]});
    for (name, value) in extra.as_object().unwrap() {
        input[name] = value.clone();
    }
    json!({"input": input})
}

const CREATE: &str = "mutation($input: OrderCreateInput!) { orderCreate(input: $input) { order { id } userErrors { code } } }";

#[tokio::test]
async fn every_root_field_wants_its_permission() {
    World::on_both(async |world| {
        let order = world.order("CONFIRMED", json!([{"product": {"id": world.mug}, "quantity": 1}])).await;
        let id = accepted(&order, "order")["id"].as_str().unwrap().to_owned();
        let step = |name: &str| format!("mutation {{ {name}(input: {{id: \"{id}\", idempotencyKey: \"r\"}}) {{ seq }} }}");
        let ret = format!(
            "mutation {{ returnCreate(input: {{idempotencyKey: \"r\", store: {{id: \"{}\"}}, lines: []}}) {{ seq }} }}",
            world.store
        );
        let head = world.db.tenant(world.tenant).head().await.unwrap();
        for (permission, document) in [
            ("order.read", format!("{{ order(by: {{id: \"{id}\"}}) {{ id }} }}")),
            ("order.read", "{ orders { nodes { id } } }".to_owned()),
            ("order.read", "{ ordersCount { count } }".to_owned()),
            ("order.read", "{ returns { nodes { id } } }".to_owned()),
            ("order.write", step("orderConfirm")),
            ("order.fulfil", step("orderFulfil")),
            ("order.cancel", step("orderCancel")),
            ("order.write", step("orderClose")),
            ("order.return", ret),
        ] {
            let answer = world.execute_without(&[permission], &document, json!({})).await;
            assert_eq!(answer["errors"][0]["code"], "FORBIDDEN", "{document}: {answer}");
        }
        let answer = world.execute_without(&["order.write"], CREATE, create(&world, &json!({}))).await;
        assert_eq!(answer["errors"][0]["code"], "FORBIDDEN");
        assert_eq!(world.db.tenant(world.tenant).head().await.unwrap(), head);
    })
    .await;
}

#[tokio::test]
async fn overrides_want_permissions_of_their_own() {
    World::on_both(async |world| {
        let line = |price: &str| json!([{"product": {"id": world.mug}, "quantity": 1, "unitPrice": {"amount": price, "currencyCode": "GBP"}}]);
        let priced = json!({"lines": line("1.00")});
        let sold = json!({"status": "FULFILLED", "onShortage": "POST_DISCREPANCY"});
        for (permission, extra) in [("order.price", &priced), ("stock.override", &sold)] {
            let answer = world.execute_without(&[permission], CREATE, create(&world, extra)).await;
            assert_eq!(answer["errors"][0]["code"], "FORBIDDEN", "{answer}");
            let answer = world.execute(CREATE, create(&world, extra)).await;
            assert!(answer["orderCreate"]["order"]["id"].is_string(), "{answer}");
        }
        // A charge has no price to override.
        let charge = json!({"lines": [{"kind": "CHARGE", "name": "Fee", "quantity": 1, "unitPrice": {"amount": "1", "currencyCode": "GBP"}}]});
        let answer = world.execute_without(&["order.price"], CREATE, create(&world, &charge)).await;
        assert!(answer["orderCreate"]["order"]["id"].is_string(), "{answer}");
    })
    .await;
}

#[tokio::test]
async fn who_may_only_write_is_not_shown_the_order() {
    World::on_both(async |world| {
        let answer = world.execute_without(&["order.read"], CREATE, create(&world, &json!({}))).await;
        assert_eq!(answer["errors"][0]["code"], "FORBIDDEN");
        assert_eq!(answer["data"]["orderCreate"], json!({"order": null, "userErrors": []}));
        let rows = world.db.tenant(world.tenant).rows("SELECT 1 FROM sales_order WHERE tenant_id = $1", vec![]).await.unwrap();
        assert_eq!(rows.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn costs_are_masked_and_actions_are_the_callers() {
    World::on_both(async |world| {
        let order = world.order("CONFIRMED", json!([{"product": {"id": world.mug}, "quantity": 1}])).await;
        assert_eq!(accepted(&order, "order")["lines"][0]["unitCost"], json!({"amount": "1.00"}));
        let document = "{ orders { nodes { allowedActions lines { unitCost { amount } } } } }";
        let answer = world.execute_without(&["product.cost.read", "order.cancel"], document, json!({})).await;
        assert_eq!(
            answer["orders"]["nodes"],
            json!([{"allowedActions": ["orderFulfil", "orderUpdate", "orderHoldSet"], "lines": [{"unitCost": null}]}])
        );
    })
    .await;
}
