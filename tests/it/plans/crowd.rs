//! A tenant of many rows: in each large table its row with the most values is copied, with other
//! IDs, names, numbers and times. Copy g of one table refers to copies g of all others, so each ID
//! has few rows.

use std::collections::BTreeMap;

use entrepot::storage::{Reads, TenantScope};

use crate::authorization::world::World;

use super::plan::SMALL;

/// Copies of stores, suppliers, channels, categories and members: each is referred to by a
/// thousandth of the orders.
const FEW: u64 = 1_000;

/// Rows that the planner is made to assume.
const PLANNED: u64 = 1_000_000;

/// Inserts the rows. Postgres only; as its superuser, so that constraints between tables and
/// policies are not checked.
pub async fn crowd(world: &World, rows: u64) {
    let small = SMALL.iter().map(|table| format!("'{table}'")).collect::<Vec<_>>().join(", ");
    let tenant = world.ours.owner.tenant.uuid().to_string();
    let words = [("{small}", small), ("{tenant}", tenant), ("{few}", FEW.to_string()), ("{rows}", rows.to_string())];
    let sql = words.iter().fold(include_str!("crowd.sql").to_owned(), |sql, (word, text)| sql.replace(word, text));
    world.as_owner(&[&sql, "ANALYZE", &SCALE.replace("{times}", &(PLANNED / rows).max(1).to_string())]).await;
}

/// The planner multiplies a table's pages by its assumed rows per page: tables of ten thousand rows
/// are planned like those of a million.
const SCALE: &str =
    "UPDATE pg_class c SET reltuples = c.reltuples * {times} WHERE c.reltuples >= 1000 AND c.relkind IN ('r', 'i')
    AND c.relnamespace = 'public'::regnamespace";

/// Tables and indexes that have few rows, and tables whose rows could not be repeated, with the reason.
pub async fn left_alone(scope: &TenantScope) -> BTreeMap<String, String> {
    let sql = "SELECT c.relname::text, coalesce(r.why, '') FROM pg_class c LEFT JOIN crowd_refused r ON r.name = c.relname
        WHERE c.relkind IN ('r', 'i') AND c.relnamespace = 'public'::regnamespace AND c.reltuples < 1000 AND $1::uuid IS NOT NULL";
    let rows = scope.rows(sql, Vec::new()).await.unwrap();
    rows.iter().map(|row| (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap())).collect()
}
