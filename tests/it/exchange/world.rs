//! A company that imports and exports, and the workers that do it.
#![allow(dead_code, unused_imports, reason = "several targets have it, and each calls a part")]

use futures_util::TryStreamExt;
use serde_json::{Value, json};

pub(crate) use crate::authorization::world::World;
pub use crate::jobs::{Works, until};

pub const SHOWN: &str = "id kind noun state isDryRun counts { rows created updated unchanged refused }
    reading { format encoding delimiter columns { name field } } error result { id name mediaType size downloadUrl }";

/// Starts an import of these bytes, and returns the ID of the exchange.
pub async fn import(world: &World, noun: &str, bytes: impl Into<Vec<u8>>, more: Value) -> String {
    let house = &world.ours;
    let file = world.sent(house, "rows.csv", bytes.into()).await;
    let mut input = json!({ "idempotencyKey": file, "fileId": file, "entity": noun });
    input.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    let query = "mutation($input: ImportCreateInput!) { importCreate(input: $input) {
        dataJob { id } replayed userErrors { code field message } } }";
    let made = world.must(house, query, json!({ "input": input })).await;
    made["dataJob"]["id"].as_str().unwrap().to_owned()
}

/// Starts an export, and returns the ID of the exchange.
pub async fn export(world: &World, input: Value) -> String {
    let mut all = json!({ "idempotencyKey": world.node.clock.uuid().to_string() });
    all.as_object_mut().unwrap().extend(input.as_object().cloned().unwrap());
    let query = "mutation($input: ExportCreateInput!) { exportCreate(input: $input) { dataJob { id } userErrors { code field message } } }";
    let made = world.must(&world.ours, query, json!({ "input": all })).await;
    made["dataJob"]["id"].as_str().unwrap().to_owned()
}

pub async fn shown(world: &World, id: &str) -> Value {
    let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on DataJob {{ {SHOWN} }} }} }}");
    let answer = world.ask(&world.ours, Some(world.ours.owner.clone()), &query, &json!({ "id": id })).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"]["node"].clone()
}

/// Waits until the exchange has ended.
pub async fn over(world: &World, id: &str) -> Value {
    until("an exchange to be over", async || !["QUEUED", "RUNNING"].contains(&shown(world, id).await["state"].as_str().unwrap()))
        .await;
    shown(world, id).await
}

/// Downloads the file of a link.
pub async fn fetched(world: &World, link: &Value) -> Vec<u8> {
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
    String::from_utf8(fetched(world, &exchange["result"]["downloadUrl"]).await).unwrap()
}

/// Counts as five numbers: rows, created, updated, unchanged, refused.
pub fn counts(exchange: &Value) -> [i64; 5] {
    ["rows", "created", "updated", "unchanged", "refused"].map(|name| exchange["counts"][name].as_i64().unwrap())
}

/// Sends a query as the owner.
pub async fn ask(world: &World, query: &str, variables: Value) -> Value {
    let answer = world.ask(&world.ours, Some(world.ours.owner.clone()), query, &variables).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"].clone()
}

pub async fn product(world: &World, sku: &str) -> Value {
    let query = "query($sku: String!) { product(by: { sku: $sku }) { sku name description status price { amount currencyCode }
        category { name } supplier { code } barcodes { code packQuantity } unit { code decimals } version } }";
    ask(world, query, json!({ "sku": sku })).await["product"].clone()
}
