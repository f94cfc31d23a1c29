//! Promised speed for large orders and large chains: few statements, and in time. The times are for
//! a release build on a quiet machine; this test checks the number of statements, and prints times.

use std::time::Instant;

use entrepot::storage::{Backend, Reads};
use sea_orm::Statement;
use serde_json::{Value, json};

use super::office::{Office, accepted};
use crate::{authorization::world::World, world::on_both};

on_both!(
    five_hundred_lines_are_received_in_a_handful_of_statements,
    suggestions_take_a_handful_of_statements,
    demand_is_read_from_the_movements_of_its_days,
);

async fn products(office: &Office<'_>, count: usize) -> Vec<Value> {
    let row = |n: usize| json!({ "sku": format!("P{n:04}"), "name": format!("Product {n}"), "supplierId": office.supplier["id"], "unitCost": { "amount": "1.00", "currencyCode": "GBP" } });
    for first in (0..count).step_by(500) {
        let rows: Vec<Value> = (first..count.min(first + 500)).map(row).collect();
        office.mutate("productBulkUpsert", "ProductBulkUpsertInput", "rows { outcome }", json!({ "rows": rows })).await;
    }
    (0..count).map(|n| json!({ "sku": format!("P{n:04}") })).collect()
}

async fn five_hundred_lines_are_received_in_a_handful_of_statements(world: &World) {
    let office = Office::of(world).await;
    let lines: Vec<Value> =
        products(&office, 500).await.into_iter().map(|product| json!({ "product": product, "quantity": 7 })).collect();
    let charges = json!([{ "kind": "FREIGHT", "amount": { "amount": "123.45", "currencyCode": "GBP" } }]);
    let order = office.ordered(json!({ "lines": lines, "charges": charges })).await;
    let (before, started_at) = (world.node.db.statements(), Instant::now());
    let query = "mutation($input: PurchaseOrderReceiveInput!) { purchaseOrderReceive(input: $input) { purchaseOrder { status } userErrors { message } } }";
    let payload = office.execute(query, json!({ "input": { "idempotencyKey": "all", "id": order["id"] } })).await;
    let (took, statements) = (started_at.elapsed(), world.node.db.statements() - before);
    assert_eq!(payload["data"]["purchaseOrderReceive"]["purchaseOrder"]["status"], "RECEIVED", "{payload:#}");
    eprintln!("500 lines received in {took:?} and {statements} statements");
    assert!(statements <= 60, "{statements} statements");
    office.is_sound().await;
}

async fn suggestions_take_a_handful_of_statements(world: &World) {
    let office = Office::of(world).await;
    let products = products(&office, 200).await;
    let annex = office.new_store("ANNEX").await;
    for store in [&office.store, &annex] {
        let items: Vec<Value> = products
            .iter()
            .map(|product| json!({ "product": product, "store": store, "reorderPoint": 5, "maximum": 20 }))
            .collect();
        accepted(
            &office
                .mutate(
                    "reorderPolicySet",
                    "ReorderPolicySetInput",
                    "levels { maximum }",
                    json!({ "idempotencyKey": super::office::key(), "items": items }),
                )
                .await,
            "levels",
        );
    }
    let (before, started_at) = (world.node.db.statements(), Instant::now());
    let answer = office.execute("{ reorderSuggestions(first: 5000) { quantity kind } }", json!({})).await;
    let (took, statements) = (started_at.elapsed(), world.node.db.statements() - before);
    assert_eq!(answer["data"]["reorderSuggestions"].as_array().unwrap().len(), 400);
    eprintln!("400 suggestions in {took:?} and {statements} statements");
    assert!(statements <= 8, "{statements} statements");
}

async fn demand_is_read_from_the_movements_of_its_days(world: &World) {
    let office = Office::of(world).await;
    let (answer, sent) = world.node.db.record_statements(office.execute("{ reorderSuggestions { quantity } }", json!({}))).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    let demand: Vec<&Statement> = sent.iter().filter(|one| one.sql.contains("FROM movement m")).collect();
    assert_eq!(demand.len(), 1, "{sent:#?}");
    let scope = world.node.db.tenant(world.ours.owner.tenant);
    if scope.backend() == Backend::Sqlite {
        // Only on SQLite: Postgres plans by its own statistics, and scans these few rows.
        let explained = Statement { sql: format!("EXPLAIN QUERY PLAN {}", demand[0].sql), ..demand[0].clone() };
        let steps = scope.query(explained).await.unwrap();
        let steps: Vec<String> = steps.iter().map(|step| step.try_get_by_index(3).unwrap()).collect();
        let reads =
            |table: &str| steps.iter().find(|step| step.starts_with(&format!("SEARCH {table} "))).cloned().unwrap_or_default();
        assert!(reads("m").contains("movement_occurred"), "not all days: {steps:#?}");
        assert!(reads("e").contains("seq=?"), "not all entries: {steps:#?}");
    }
}
