//! Creation of an endpoint reports all its errors at once.

use entrepot::webhooks::core::message_id;
use serde_json::json;

use super::world::{World, replay, try_endpoint, update};
use crate::world::{
    answers::{at_each, refusals},
    on_both,
};

on_both!(an_endpoint_is_told_every_type_of_event_that_there_is_not, a_replay_is_told_every_message_that_is_not_of_the_endpoint,);

async fn an_endpoint_is_told_every_type_of_event_that_there_is_not(world: &World) {
    let payload = try_endpoint(world, &world.ours.owner, "http://shop.example/", &["stock.change", "order.*", "orders.*"]).await;
    assert_eq!(refusals(&payload), at_each("INVALID", &["input.url", "input.eventTypes.0", "input.eventTypes.2"]));
    let message = payload["userErrors"][1]["message"].as_str().unwrap();
    assert!(message.contains("eventTypes lists them; resource.* selects all types of a resource, * all types"), "{message}");
    let input = json!({ "id": world.ours.ids["whe"], "expectedVersion": 9, "eventTypes": ["stock.change", "*", "orders.*"] });
    assert_eq!(refusals(&update(world, input).await), at_each("INVALID", &["input.eventTypes.0", "input.eventTypes.2"]));
}

async fn a_replay_is_told_every_message_that_is_not_of_the_endpoint(world: &World) {
    let theirs = [1, 2].map(|seq| message_id(world.theirs.owner.tenant, uuid::Uuid::nil(), seq).to_string());
    let payload = replay(world, json!({ "id": world.ours.ids["whe"], "messageIds": theirs })).await;
    assert_eq!(refusals(&payload), at_each("NOT_FOUND", &["input.messageIds.0", "input.messageIds.1"]));
}
