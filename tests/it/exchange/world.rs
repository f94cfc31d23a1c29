//! A company that imports and exports, and the workers that do it.
#![allow(dead_code, unused_imports, reason = "several targets have it, and each calls a part")]

use futures_util::TryStreamExt;
use serde_json::{Value, json};

pub(crate) use crate::authorization::world::World;
pub use crate::jobs::{Works, wait_until};

pub const SHOWN: &str = "id kind noun state isDryRun counts { rows created updated unchanged refused }
    reading { format encoding delimiter columns { name field } } error result { id name mediaType size downloadUrl }";

/// Starts an import of these bytes, and returns the ID of the exchange.
pub async fn import(world: &World, noun: &str, bytes: impl Into<Vec<u8>>, extra: Value) -> String {
    let company = &world.ours;
    let file = world.sent(company, "rows.csv", bytes.into()).await;
    let mut input = json!({ "idempotencyKey": file, "fileId": file, "entity": noun });
    input.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap_or_default());
    let query = "mutation($input: ImportCreateInput!) { importCreate(input: $input) {
        dataJob { id } replayed userErrors { code field message } } }";
    let payload = world.must_mutate(company, query, json!({ "input": input })).await;
    payload["dataJob"]["id"].as_str().unwrap().to_owned()
}

/// Starts an export, and returns the ID of the exchange.
pub async fn export(world: &World, input: Value) -> String {
    let mut all = json!({ "idempotencyKey": world.node.clock.uuid().to_string() });
    all.as_object_mut().unwrap().extend(input.as_object().cloned().unwrap());
    let query = "mutation($input: ExportCreateInput!) { exportCreate(input: $input) { dataJob { id } userErrors { code field message } } }";
    let payload = world.must_mutate(&world.ours, query, json!({ "input": all })).await;
    payload["dataJob"]["id"].as_str().unwrap().to_owned()
}

pub async fn read_exchange(world: &World, id: &str) -> Value {
    let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on DataJob {{ {SHOWN} }} }} }}");
    let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), &query, &json!({ "id": id })).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"]["node"].clone()
}

/// Waits until the exchange has ended.
pub async fn wait_for_end(world: &World, id: &str) -> Value {
    wait_until("an exchange to be over", async || {
        !["QUEUED", "RUNNING"].contains(&read_exchange(world, id).await["state"].as_str().unwrap())
    })
    .await;
    read_exchange(world, id).await
}

/// Downloads the file of a link.
pub async fn download(world: &World, link: &Value) -> Vec<u8> {
    let token = link.as_str().unwrap().rsplit('/').next().unwrap();
    let opened = world.node.files.fetch(token).await.unwrap_or_else(|error| panic!("{error:?}"));
    opened
        .bytes
        .try_fold(Vec::new(), |mut all, part| async move {
            all.extend_from_slice(&part);
            Ok(all)
        })
        .await
        .unwrap()
}

/// The result as a text.
pub async fn result(world: &World, exchange: &Value) -> String {
    String::from_utf8(download(world, &exchange["result"]["downloadUrl"]).await).unwrap()
}

/// Counts as five numbers: rows, created, updated, unchanged, refused.
pub fn counts(exchange: &Value) -> [i64; 5] {
    ["rows", "created", "updated", "unchanged", "refused"].map(|name| exchange["counts"][name].as_i64().unwrap())
}

/// Sends a query as the owner.
pub async fn execute(world: &World, query: &str, variables: Value) -> Value {
    let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), query, &variables).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"].clone()
}

pub async fn product(world: &World, sku: &str) -> Value {
    let query = "query($sku: String!) { product(by: { sku: $sku }) { sku name description status price { amount currencyCode }
        category { name } supplier { code } barcodes { code packQuantity } unit { code decimals } version } }";
    execute(world, query, json!({ "sku": sku })).await["product"].clone()
}
