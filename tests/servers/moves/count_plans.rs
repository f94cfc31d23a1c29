//! Plans of Postgres for the approval of a large count in tables without statistics.

use entity::prelude::*;
use entrepot::{counts::rows::load_book_corrections, storage::Reads};
use sea_orm::Statement;
use serde_json::Value;

use super::world::World;

/// Keeps Postgres from measuring what the scenario fills.
pub const UNMEASURED: &[&str] = &[
    "ALTER TABLE count_line SET (autovacuum_enabled = off)",
    "ALTER TABLE stock_level SET (autovacuum_enabled = off)",
    "ALTER TABLE entry SET (autovacuum_enabled = off)",
    "ALTER TABLE movement SET (autovacuum_enabled = off)",
    "ALTER TABLE product SET (autovacuum_enabled = off)",
];

/// Asserts that the books of the only count's lines are read without a look at entries: nothing moved since they were counted.
pub async fn books_without_entries(world: &World) {
    let scope = world.scope();
    let rows = scope.rows("SELECT id FROM stock_count WHERE tenant_id = $1", vec![]).await.unwrap();
    let count: CountId = rows[0].try_get_by_index(0).unwrap();
    let (found, sent) = world.db.record_statements(load_book_corrections(&scope, count)).await;
    assert!(found.unwrap().is_empty());
    let read = sent.iter().find(|statement| statement.sql.contains("k.known <> k.book")).expect("the books are read");
    let explained = Statement { sql: format!("EXPLAIN (ANALYZE, FORMAT JSON) {}", read.sql), ..read.clone() };
    let rows = scope.query(explained).await.unwrap();
    let plan: Value = rows[0].try_get_by_index(0).unwrap();
    let mut loops = Vec::new();
    loops_of(&plan[0]["Plan"], "entry", &mut loops);
    assert!(!loops.is_empty() && loops.iter().all(|times| *times < 1.0), "entries are read {loops:?} times: {plan:#}");
}

/// Collects how often each node of a plan that reads the table was run.
fn loops_of(node: &Value, table: &str, loops: &mut Vec<f64>) {
    if node["Relation Name"] == table {
        loops.push(node["Actual Loops"].as_f64().expect("an analyzed plan"));
    }
    for below in node["Plans"].as_array().into_iter().flatten() {
        loops_of(below, table, loops);
    }
}
