//! Scenarios of the catalogue.
mod archive;
mod bulk;
pub mod fields;
mod lists;
mod merges;
mod opening;
mod parties;
mod products;
mod references;
mod remembered;
mod rights;
mod search;
mod tags;
mod tree;
mod unmerges;
pub mod world;

use serde_json::{Value, json};

use crate::{catalog::world::World, world::answers::refusals};

const ERRORS: &str =
    "userErrors { __typename code message field retryable ... on VersionConflict { actualVersion current { id } } }";

/// Runs a mutation of one input; the payload.
async fn change(world: &World, mutation: &str, input_type: &str, fields: &str, input: Value) -> Value {
    let query = format!("mutation($input: {input_type}!) {{ {mutation}(input: $input) {{ {fields} replayed seq {ERRORS} }} }}");
    world.execute(&query, json!({ "input": input })).await[mutation].clone()
}
async fn product(world: &World, input: Value) -> Value {
    change(world, "productCreate", "ProductCreateInput", "product { id sku version }", input).await
}
async fn category(world: &World, input: Value) -> Value {
    change(world, "categoryCreate", "CategoryCreateInput", "category { id slug version parent { id } }", input).await
}
fn refusal(code: &str, path: &str) -> Vec<(String, String)> {
    vec![(code.to_owned(), path.to_owned())]
}
/// A change that was made.
fn succeeded(payload: Value) -> Value {
    assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
    payload
}
