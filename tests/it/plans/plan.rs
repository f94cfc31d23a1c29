//! Plans of the planner, and checks that they do not read too much.

use std::collections::{BTreeMap, BTreeSet};

use entrepot::storage::{Backend, Reads, TenantScope};
use sea_orm::Statement;
use serde_json::Value;

use super::asks::Wants;

/// Tables that stay small in a busy tenant. All others count as large, so a new small table must be
/// added here.
pub const SMALL: &[&str] = &[
    "alert_follower",
    "alert_rule",
    "anomaly_book",
    "api_key",
    "api_key_address",
    "app_user",
    "audit_checkpoint",
    "audit_head",
    "backup_run",
    "carrier",
    "category",
    "channel",
    "copy_progress",
    "cost_book",
    "database_timeline",
    "demand_book",
    "deployment_copy",
    "description_endpoint",
    "export_schedule",
    "factor_series",
    "forecast_pool",
    "forecast_run",
    "forecast_score",
    "hold_rule",
    "integration",
    "invitation",
    "job_worker",
    "legal_entity",
    "liquidation_plan",
    "liquidation_settings",
    "login_challenge",
    "login_failure",
    "member",
    "number_pattern",
    "outgoing_hold",
    "paper_settings",
    "party_merge",
    "policy",
    "ready_setting",
    "registration",
    "replenishment_budget",
    "replenishment_plan",
    "replenishment_policy",
    "replenishment_rule",
    "replenishment_scope_budget",
    "role",
    "role_grant",
    "saved_view",
    "saved_view_link",
    "saved_view_schedule",
    "server_secret",
    "signing_key",
    "sourcing_rule",
    "store",
    "store_group",
    "store_in_group",
    "store_legal_entity",
    "store_sourcing",
    "supplier",
    "tenant",
    "tenant_counter",
    "tenant_erasure",
    "tenant_plan",
    "webhook_endpoint",
];

/// A page that is full after this share of the rows is read in the order that they lie in, and what many rows have is filtered on the way.
const SOON: f64 = 0.05;

/// Whether a table grows with what a tenant does.
pub fn is_large(table: &str) -> bool {
    !SMALL.contains(&table)
}

/// Read of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    pub table: String,
    /// Name of the index on Postgres.
    pub index: String,
    pub how: String,
    /// By nothing, or by the tenant alone.
    is_whole: bool,
}

#[derive(Debug, Default)]
pub struct Plan {
    reads: Vec<Read>,
    sorts: bool,
}

impl Plan {
    /// Reads of large tables that an answer cannot afford.
    pub fn reads_too_much(&self, wants: Wants) -> Vec<&Read> {
        let is_large = |read: &&Read| read.is_whole && is_large(&read.table);
        match wants {
            Wants::Page if !self.sorts => Vec::new(),
            _ => self.reads.iter().filter(is_large).collect(),
        }
    }
}

/// Metadata of the database that is needed to read its plans.
pub struct Catalog {
    /// The first column after the tenant of each index of Postgres: an index that is searched
    /// without it is read whole.
    firsts: BTreeMap<String, String>,
    /// The tables of SQLite.
    tables: BTreeSet<String>,
}

pub async fn catalog(scope: &TenantScope) -> Catalog {
    if scope.backend() == Backend::Sqlite {
        return Catalog { firsts: BTreeMap::new(), tables: known(scope).await };
    }
    let sql = "SELECT DISTINCT ON (i.indexrelid) c.relname::text, a.attname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (attnum, place) JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND a.attname <> 'tenant_id' AND $1::uuid IS NOT NULL ORDER BY i.indexrelid, k.place";
    let rows = scope.rows(sql, Vec::new()).await.unwrap();
    let firsts = rows.iter().map(|row| (row.try_get_by_index(0).unwrap(), row.try_get_by_index(1).unwrap())).collect();
    Catalog { firsts, tables: BTreeSet::new() }
}

/// None if a statement has no plan: it inserts rows, or does not belong to the tenant.
pub async fn of(scope: &TenantScope, statement: &Statement, catalog: &Catalog) -> Option<Plan> {
    let first = statement.sql.split_whitespace().next().unwrap_or_default().to_uppercase();
    if !["SELECT", "WITH", "UPDATE", "DELETE"].contains(&first.as_str()) {
        return None;
    }
    let explain = match scope.backend() {
        Backend::Sqlite => "EXPLAIN QUERY PLAN",
        Backend::Postgres => "EXPLAIN (FORMAT JSON)",
    };
    let explained = Statement { sql: format!("{explain} {}", statement.sql), ..statement.clone() };
    let rows = match scope.query(explained).await {
        Ok(rows) => rows,
        // Not for the role of requests: a statement of the deployment itself.
        Err(fault) if format!("{fault:?}").contains("42501") => return None,
        Err(fault) => panic!("{fault:?}: {}", statement.sql),
    };
    let mut plan = Plan::default();
    match scope.backend() {
        Backend::Sqlite => {
            let tables = tables_of(&statement.sql, &catalog.tables);
            for row in &rows {
                let detail: String = row.try_get_by_index(3).unwrap();
                plan.sqlite(&detail, &tables, &statement.sql);
            }
        }
        Backend::Postgres => {
            let whole: Value = rows[0].try_get_by_index(0).unwrap();
            plan.postgres(&whole[0]["Plan"], None, 1.0, &catalog.firsts);
        }
    }
    Some(plan)
}

impl Plan {
    fn sqlite(&mut self, detail: &str, tables: &BTreeMap<String, BTreeSet<String>>, sql: &str) {
        self.sorts |= detail == "USE TEMP B-TREE FOR ORDER BY";
        let mut words = detail.split_whitespace();
        let (Some(verb @ ("SCAN" | "SEARCH")), Some(name)) = (words.next(), words.next()) else { return };
        let Some(tables) = tables.get(name) else { return };
        let by = detail.rsplit_once('(').map(|(_, by)| by.trim_end_matches(')')).unwrap_or_default();
        // A condition that a column is not null selects all rows of a partial index.
        let is_not_null = |column: &str| {
            sql.contains(&format!("{column} IS NOT NULL"))
                && !["<", ">"].iter().any(|than| sql.contains(&format!("{column} {than}")))
        };
        let is_whole = (verb == "SCAN" && !detail.contains("VIRTUAL TABLE"))
            || by == "tenant_id=?"
            || by.strip_prefix("tenant_id=? AND ").and_then(|rest| rest.strip_suffix(">?")).is_some_and(is_not_null);
        for table in tables {
            self.reads.push(Read { table: table.clone(), index: String::new(), how: detail.to_owned(), is_whole });
        }
    }

    /// `share` is the part of a node's rows that is read: a page whose rows come in index order
    /// ends when it is full.
    fn postgres(&mut self, node: &Value, table: Option<&str>, share: f64, firsts: &BTreeMap<String, String>) {
        let (kind, table) = (node["Node Type"].as_str().unwrap_or_default(), node["Relation Name"].as_str().or(table));
        self.sorts |= kind == "Sort";
        let cond = node["Index Cond"].as_str();
        let is_index = matches!(kind, "Index Scan" | "Index Only Scan" | "Bitmap Index Scan");
        if let (Some(table), true) = (table, is_index || kind == "Seq Scan") {
            let index = node["Index Name"].as_str().unwrap_or_default().to_owned();
            let is_first = |first: &String| cond.is_some_and(|cond| names(cond, first));
            // An index of expressions alone has no such column.
            let is_searched = firsts.get(&index).map_or(cond.is_some(), is_first);
            let is_whole = !is_searched && share > SOON;
            let how = format!("{kind} {index}");
            self.reads.push(Read { table: table.to_owned(), index, how, is_whole });
        }
        for below in node["Plans"].as_array().into_iter().flatten() {
            let share = match (kind, below["Parent Relationship"].as_str()) {
                ("Limit", Some("Outer")) => share.min(rows(node) / rows(below)),
                // These read all before they give the first row.
                ("Sort" | "Aggregate" | "Hash" | "Bitmap Heap Scan", _) | (_, Some("InitPlan")) => 1.0,
                _ => share,
            };
            self.postgres(below, (kind == "Bitmap Heap Scan").then_some(table).flatten(), share, firsts);
        }
    }
}

/// Whether a column is in a condition, alone or in a row of several.
fn names(cond: &str, column: &str) -> bool {
    cond.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == column)
}

/// Returns how many rows the planner expects of a node.
fn rows(node: &Value) -> f64 {
    node["Plan Rows"].as_f64().unwrap_or(1.0).max(1.0)
}

async fn known(scope: &TenantScope) -> BTreeSet<String> {
    let rows = scope.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND $1 IS NOT NULL", Vec::new()).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

/// The tables of a statement by the names that it gives them.
fn tables_of(sql: &str, known: &BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
    let spaced: String = sql.chars().flat_map(|c| if "(),".contains(c) { vec![' ', c, ' '] } else { vec![c] }).collect();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let is_name = |word: &str| word.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit());
    for (at, word) in words.iter().enumerate() {
        let Some(table) = words.get(at + 1).filter(|next| is_name(next)) else { continue };
        if !["FROM", "JOIN", "UPDATE", ","].contains(word) || !known.contains(*table) {
            continue;
        }
        let mut after = words[at + 2..].iter().filter(|word| **word != "AS");
        let alias = after.next().filter(|word| is_name(word)).unwrap_or(table);
        for name in [alias, table] {
            found.entry((*name).to_owned()).or_default().insert((*table).to_owned());
        }
    }
    found
}
