//! Orders and returns that name their customer and their channel by keys of the retailer's own.

use entity::prelude::CustomerId;
use serde_json::{Value, json};

use super::world::{World, done, refusals, refused};

fn with(world: &World, more: Value) -> Value {
    let mut input = json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "status": "DRAFT",
        "lines": [{"product": {"sku": "MUG"}, "quantity": 1}]});
    more.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
    input
}

#[tokio::test]
async fn an_order_names_its_customer_and_its_channel_by_their_keys() {
    World::on_both(async |world| {
        let input = with(&world, json!({"customer": {"externalRef": " C-1 "}, "channel": {"code": "web"}}));
        let placed = done(&world.act("orderCreate", input.clone()).await, "order").clone();
        assert_eq!((&placed["channel"]["code"], placed["customer"].is_object()), (&json!("WEB"), true));
        let again = world.act("orderCreate", input).await;
        assert_eq!((&again["replayed"], &again["order"]["id"]), (&json!(true), &placed["id"]));
        // An ID in the reference, and the same ID beside it.
        for more in [
            json!({"customer": {"id": world.customer}}),
            json!({"customer": {"externalRef": "C-1"}, "customerId": world.customer}),
        ] {
            let placed = world.act("orderCreate", with(&world, more)).await;
            assert!(done(&placed, "order")["customer"].is_object());
        }
    })
    .await;
}

#[tokio::test]
async fn a_key_that_names_nothing_is_refused_where_it_stands_beside_all_else_that_is_missing() {
    World::on_both(async |world| {
        let more = json!({"customer": {"externalRef": "C-9"}, "channel": {"code": "FAX"},
            "lines": [{"product": {"sku": "NONE"}, "quantity": 1}]});
        let payload = world.act("orderCreate", with(&world, more)).await;
        let missing = |path: &str| ("NOT_FOUND".to_owned(), path.to_owned());
        assert_eq!(
            refusals(&payload),
            [missing("input.channel.code"), missing("input.customer.externalRef"), missing("input.lines.0.product.sku")]
        );
        let other: CustomerId = world.ledger.clock().id();
        let payload =
            world.act("orderCreate", with(&world, json!({"customer": {"externalRef": "C-1"}, "customerId": other}))).await;
        refused(&payload, "INVALID", "input.customer");
        let payload = world.act("orderCreate", with(&world, json!({"customer": {"id": "mug"}}))).await;
        refused(&payload, "INVALID", "input.customer.id");
        let payload = world.act("orderCreate", with(&world, json!({"customer": {"externalRef": "C-1\0"}}))).await;
        refused(&payload, "NOT_FOUND", "input.customer.externalRef");
    })
    .await;
}

#[tokio::test]
async fn an_edit_and_a_return_name_the_customer_too() {
    World::on_both(async |world| {
        let placed = done(&world.act("orderCreate", with(&world, json!({}))).await, "order").clone();
        assert!(placed["customer"].is_null());
        let edit = |version: i64, more: Value| {
            let mut input = json!({"idempotencyKey": world.key(), "id": placed["id"], "expectedVersion": version});
            more.as_object().unwrap().iter().for_each(|(name, value)| input[name] = value.clone());
            input
        };
        let sold = world.act("orderUpdate", edit(1, json!({"customer": {"externalRef": "C-1"}}))).await;
        assert!(done(&sold, "order")["customer"].is_object());
        let payload = world.act("orderUpdate", edit(2, json!({"customer": null, "customerId": world.customer}))).await;
        refused(&payload, "INVALID", "input.customer");
        let payload = world.act("orderUpdate", edit(2, json!({"customer": {"externalRef": "C-1"}, "customerId": null}))).await;
        refused(&payload, "INVALID", "input.customer");
        let anonymous = world.act("orderUpdate", edit(2, json!({"customer": null}))).await;
        assert!(done(&anonymous, "order")["customer"].is_null());
        let back = |customer: Value| {
            json!({"idempotencyKey": world.key(), "store": {"id": world.store}, "customer": customer,
                "lines": [{"product": {"sku": "MUG"}, "quantity": 1, "disposition": "RESTOCK"}]})
        };
        let payload = world.act("returnCreate", back(json!({"externalRef": "C-9"}))).await;
        refused(&payload, "NOT_FOUND", "input.customer.externalRef");
    })
    .await;
}
