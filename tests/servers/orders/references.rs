//! Orders and returns that name their customer and their channel by keys of the retailer's own.

use entity::prelude::CustomerId;
use serde_json::{Value, json};

use super::world::{World, accepted, refusals, refused};

fn order_input(world: &World, extra: Value) -> Value {
    let mut input = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "status": "DRAFT",
        "lines": [{"product": {"sku": "MUG"}, "quantity": 1}]});
    extra.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
    input
}

#[tokio::test]
async fn an_order_names_its_customer_and_its_channel_by_their_keys() {
    World::on_both(async |world| {
        let input = order_input(&world, json!({"customer": {"externalRef": " C-1 "}, "channel": {"code": "web"}}));
        let created_order = accepted(&world.mutate("orderCreate", input.clone()).await, "order").clone();
        assert_eq!((&created_order["channel"]["code"], created_order["customer"].is_object()), (&json!("WEB"), true));
        let again = world.mutate("orderCreate", input).await;
        assert_eq!((&again["replayed"], &again["order"]["id"]), (&json!(true), &created_order["id"]));
        // An ID in the reference, and the same ID beside it.
        for extra in [
            json!({"customer": {"id": world.customer}}),
            json!({"customer": {"externalRef": "C-1"}, "customerId": world.customer}),
        ] {
            let created_order = world.mutate("orderCreate", order_input(&world, extra)).await;
            assert!(accepted(&created_order, "order")["customer"].is_object());
        }
    })
    .await;
}

#[tokio::test]
async fn a_key_that_names_nothing_is_refused_where_it_stands_beside_all_else_that_is_missing() {
    World::on_both(async |world| {
        let input = json!({"customer": {"externalRef": "C-9"}, "channel": {"code": "FAX"},
            "lines": [{"product": {"sku": "NONE"}, "quantity": 1}]});
        let payload = world.mutate("orderCreate", order_input(&world, input)).await;
        let missing = |path: &str| ("NOT_FOUND".to_owned(), path.to_owned());
        assert_eq!(
            refusals(&payload),
            [missing("input.channel.code"), missing("input.customer.externalRef"), missing("input.lines.0.product.sku")]
        );
        let other: CustomerId = world.ledger.clock().id();
        let payload = world
            .mutate("orderCreate", order_input(&world, json!({"customer": {"externalRef": "C-1"}, "customerId": other})))
            .await;
        refused(&payload, "INVALID", "input.customer");
        let payload = world.mutate("orderCreate", order_input(&world, json!({"customer": {"id": "mug"}}))).await;
        refused(&payload, "INVALID", "input.customer.id");
        let payload = world.mutate("orderCreate", order_input(&world, json!({"customer": {"externalRef": "C-1\0"}}))).await;
        refused(&payload, "NOT_FOUND", "input.customer.externalRef");
    })
    .await;
}

#[tokio::test]
async fn an_edit_and_a_return_name_the_customer_too() {
    World::on_both(async |world| {
        let order = accepted(&world.mutate("orderCreate", order_input(&world, json!({}))).await, "order").clone();
        assert!(order["customer"].is_null());
        let edit = |version: i64, extra: Value| {
            let mut input = json!({"idempotencyKey": world.key(), "id": order["id"], "expectedVersion": version});
            extra.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
            input
        };
        let sold = world.mutate("orderUpdate", edit(1, json!({"customer": {"externalRef": "C-1"}}))).await;
        assert!(accepted(&sold, "order")["customer"].is_object());
        let payload = world.mutate("orderUpdate", edit(2, json!({"customer": null, "customerId": world.customer}))).await;
        refused(&payload, "INVALID", "input.customer");
        let payload = world.mutate("orderUpdate", edit(2, json!({"customer": {"externalRef": "C-1"}, "customerId": null}))).await;
        refused(&payload, "INVALID", "input.customer");
        let anonymous = world.mutate("orderUpdate", edit(2, json!({"customer": null}))).await;
        assert!(accepted(&anonymous, "order")["customer"].is_null());
        let back = |customer: Value| {
            json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "customer": customer,
                "lines": [{"product": {"sku": "MUG"}, "quantity": 1, "disposition": "RESTOCK"}]})
        };
        let payload = world.mutate("returnCreate", back(json!({"externalRef": "C-9"}))).await;
        refused(&payload, "NOT_FOUND", "input.customer.externalRef");
    })
    .await;
}
