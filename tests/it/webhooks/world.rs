//! A company with endpoints, a worker, and stock that moves.

use entrepot::access::{Caller, Cidr};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::time::Instant;

pub(crate) use crate::authorization::world::{Company, World};
pub use crate::jobs::{Works, wait_until};

/// The deployment's own jobs, done by this process, with receivers of this machine allowed.
pub async fn deliver(world: &World) -> Works {
    // The houses' own endpoints have unreachable addresses, so no worker should call them.
    for company in [&world.ours, &world.theirs] {
        let query = "mutation($input: WebhookEndpointUpdateInput!) { webhookEndpointUpdate(input: $input) { userErrors { code field message } } }";
        let input = json!({ "id": company.ids["whe"], "expectedVersion": 1, "isEnabled": false });
        world.must_mutate(company, query, json!({ "input": input })).await;
    }
    world.node.webhooks.open_networks(vec![Cidr::parse("127.0.0.0/8").unwrap()]);
    Works::begin(world)
}

/// An endpoint and its secret.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub id: String,
    pub secret: String,
}

const CREATE: &str = "mutation($input: WebhookEndpointCreateInput!) { webhookEndpointCreate(input: $input) {
    webhookEndpoint { id seq version } secret userErrors { code field message } seq } }";

pub async fn try_endpoint(world: &World, caller: &Caller, url: &str, events: &[&str]) -> Value {
    let variables = json!({ "input": { "url": url, "eventTypes": events, "description": "a test" } });
    let answer = world.execute(&world.ours, Some(caller.clone()), CREATE, &variables).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"]["webhookEndpointCreate"].clone()
}

pub async fn endpoint_of(world: &World, caller: &Caller, url: &str, events: &[&str]) -> Endpoint {
    let payload = try_endpoint(world, caller, url, events).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Endpoint { id: text(&payload["webhookEndpoint"]["id"]), secret: text(&payload["secret"]) }
}

pub async fn endpoint(world: &World, url: &str, events: &[&str]) -> Endpoint {
    endpoint_of(world, &world.ours.owner, url, events).await
}

const ADJUST: &str = "mutation($input: StockAdjustInput!) { stockAdjust(input: $input) { seq movement { id } userErrors { code field message } } }";

/// Receives one unit of the company's product in its store, and returns the `seq` of the event.
pub async fn receipt(world: &World, company: &Company, key: &str) -> i64 {
    let change = json!({ "product": { "id": company.ids["prd"] }, "store": { "id": company.ids["sto"] }, "delta": 1 });
    let input = json!({ "idempotencyKey": key, "kind": "RECEIPT", "reasonCode": "PURCHASE", "changes": [change] });
    world.must_mutate(company, ADJUST, json!({ "input": input })).await["seq"].as_i64().unwrap()
}

/// Many receipts; returns the `seq` of each, and the time of its acknowledgement.
pub async fn receipts(world: &World, count: usize, word: &str) -> Vec<(i64, Instant)> {
    let adjusting = (0..count).map(|n| async move {
        let seq = receipt(world, &world.ours, &format!("{word} {n}")).await;
        (seq, Instant::now())
    });
    stream::iter(adjusting).buffer_unordered(16).collect().await
}

/// Returns the fields of an endpoint with its deliveries and attempts.
pub async fn read_endpoint(world: &World, id: &str) -> Value {
    let query = "query($id: ID!) { node(id: $id) { ... on WebhookEndpoint {
        url version isEnabled disabledReason seq skippedThroughSeq failures pausedUntil failingSince oldSecretExpiresAt
        deliveries(first: 250) { nodes { messageId seq eventType state attempts nextAttemptAt settledAt } }
        attempts(first: 250) { nodes { messageId seq number at status error latencyMs body } } } } }";
    let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), query, &json!({ "id": id })).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"]["node"].clone()
}

/// The attempts of an endpoint, the oldest first.
pub async fn attempts(world: &World, id: &str) -> Vec<Value> {
    let mut nodes = read_endpoint(world, id).await["attempts"]["nodes"].as_array().unwrap().clone();
    nodes.reverse();
    nodes
}

/// Seconds between two timestamps of the API.
pub fn seconds(from: &Value, to: &Value) -> i64 {
    let read = |value: &Value| entrepot::clock::parse_rfc3339(value.as_str().unwrap()).unwrap().micros();
    (read(to) - read(from)) / 1_000_000
}

/// The answer to the owner, who has just shown who they are.
pub async fn mutate(world: &World, query: &str, variables: Value) -> Value {
    let answer = world.ask_late(&world.ours, Some(0), query, &variables).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"].as_object().unwrap().values().next().unwrap().clone()
}

/// Creates a category, as only members can, and returns the `seq` of the event.
pub async fn category(world: &World, name: &str) -> i64 {
    let query =
        "mutation($input: CategoryCreateInput!) { categoryCreate(input: $input) { seq userErrors { code field message } } }";
    world.must_mutate(&world.ours, query, json!({ "input": { "name": name } })).await["seq"].as_i64().unwrap()
}

pub async fn replay(world: &World, input: Value) -> Value {
    let query = "mutation($input: WebhookEndpointReplayInput!) { webhookEndpointReplay(input: $input) {
        job { id state } userErrors { code field message } } }";
    mutate(world, query, json!({ "input": input })).await
}

pub async fn update(world: &World, input: Value) -> Value {
    let query = "mutation($input: WebhookEndpointUpdateInput!) { webhookEndpointUpdate(input: $input) {
        webhookEndpoint { isEnabled version } userErrors { code field message } } }";
    mutate(world, query, json!({ "input": input })).await
}
