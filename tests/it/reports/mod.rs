//! Reports over facts, postings and documents, through GraphQL; and the dashboard.
#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

pub mod builder;
mod builder_periods;
mod builder_rights;
mod dashboard;
mod halves;
mod local_days;
mod sales;
mod stock;
mod taxes;
mod vectors;
mod whole_catalogue;

use serde_json::{Value, json};

use crate::{
    authorization::world::World,
    costing::world::Books,
    demand::days::days_ago,
    purchasing::office::{accepted, gbp, key},
};

/// The business day that was `days` ago.
fn day(world: &World, days: i64) -> String {
    days_ago(world, days)[..10].to_owned()
}

/// The desk's store on some days, given as days ago.
fn filter(books: &Books<'_>, (from, to): (i64, i64)) -> Value {
    let world = books.office.world;
    json!({ "from": day(world, from), "to": day(world, to), "store": { "eq": books.office.store["id"] } })
}

/// A product with `units`, received `days` ago at 2.00.
async fn stocked(books: &Books<'_>, sku: &str, units: i64, days: i64) -> Value {
    let product = books.office.product(sku, "2.00").await;
    let input = json!({ "unitCost": gbp("2.00"), "occurredAt": days_ago(books.office.world, days) });
    books.adjust("RECEIPT", &product, units, input).await;
    product
}

/// An order of products at 9.00 each, placed `days` ago; `more` replaces fields of the input.
async fn order(books: &Books<'_>, lines: &[(&Value, i64)], days: i64, extra: Value) -> Value {
    let lines: Vec<Value> =
        lines.iter().map(|(product, units)| json!({ "product": product, "quantity": units, "unitPrice": gbp("9.00") })).collect();
    let mut input = json!({ "idempotencyKey": key(), "store": books.office.store, "status": "FULFILLED",
        "placedAt": days_ago(books.office.world, days), "lines": lines });
    for (name, value) in extra.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    let payload = books.office.mutate("orderCreate", "OrderCreateInput", "order { id lines { id } }", input).await;
    accepted(&payload, "order").clone()
}

/// Returns the value of a root field.
async fn execute(books: &Books<'_>, query: &str, variables: Value) -> Value {
    let answer = books.office.execute(query, variables).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"].as_object().unwrap().values().next().unwrap().clone()
}
