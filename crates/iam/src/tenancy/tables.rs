//! The tables that hold a tenant's rows, from the database's own catalog, so that a table that a
//! later version adds is included.

use std::collections::{BTreeMap, BTreeSet};

use entity::{
    record::{ColumnKind, Record, Selected},
    tables::{ALL, Description},
};
use platform::storage::{Backend, Fault, Global};

/// Tables of a tenant's that an export leaves out, and why. A table that is added is exported unless it is named here.
pub const EXCLUDED_TABLES: &[(&str, &str)] = &[
    ("session", "a login is with one deployment: everybody logs in again"),
    ("login_challenge", "a login is with one deployment"),
    ("invitation", "its link is a secret: invite again with invitationResend"),
    ("api_key_index", "hashes of API keys: make new keys with apiKeyCreate"),
    ("saved_view_link", "hashes of links: make new links with savedViewLinkCreate"),
    ("export_schedule", "secrets of buckets, and how far files in them are: set them again with exportScheduleSet"),
    ("description_endpoint", "its key is a secret: set it again with productDescriptionEndpointSet"),
    ("subject", "keys of persons: an import makes new ones"),
    ("subject_history", "keys of persons' histories: marks in the audit log from before an import match none from after it"),
    ("tenant_erasure", "it was requested in one deployment"),
    ("tenant_plan", "one deployment's operator granted it: `entrepot tenant plan`"),
];

/// Columns with secrets of the deployment. An export has an empty text instead.
pub(super) const SECRET_COLUMNS: &[(&str, &str)] =
    &[("webhook_endpoint", "secret_sealed"), ("webhook_endpoint", "old_secret_sealed"), ("saved_view_schedule", "secret_sealed")];

/// Whether an export leaves a table out.
pub fn is_excluded(table: &str) -> bool {
    EXCLUDED_TABLES.iter().any(|(name, _)| *name == table)
}

/// The tables that an export has a file for, with the tenant itself and without its people.
pub fn exported_tables() -> impl Iterator<Item = &'static Description> {
    ALL.iter().filter(|table| {
        let is_tenants = table.columns.iter().any(|column| column.0 == "tenant_id");
        table.name == "tenant" || is_tenants && !is_excluded(table.name)
    })
}

/// The name of a table's file in an export.
pub(super) fn file_of(table: &str) -> String {
    format!("{table}.jsonl")
}

/// Format of a column's values in an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Bytes as hex, like IDs, whose sixteen bytes are the same in both databases.
    Bytes,
    Id,
    Int,
    Bool,
    Text,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    /// Names of the primary key's columns, `tenant_id` first.
    pub keys: Vec<String>,
}

/// The columns of a table as its struct has them.
pub(super) fn columns_of(table: &Description) -> Vec<Column> {
    let kind = |kind: ColumnKind| match kind {
        ColumnKind::Id | ColumnKind::IdOrNull => Kind::Id,
        ColumnKind::Int | ColumnKind::IntOrNull | ColumnKind::Small | ColumnKind::SmallOrNull => Kind::Int,
        ColumnKind::Text | ColumnKind::TextOrNull => Kind::Text,
        ColumnKind::Bytes | ColumnKind::BytesOrNull => Kind::Bytes,
        ColumnKind::Bool | ColumnKind::BoolOrNull => Kind::Bool,
    };
    table.columns.iter().map(|column| Column { name: column.0.to_owned(), kind: kind(column.1) }).collect()
}

/// A column as the catalogue of the database has it.
#[derive(Record)]
struct CatalogColumn {
    #[record(sql = "c.of_table")]
    table: String,
    #[record(sql = "c.name")]
    name: String,
    /// In capitals.
    #[record(sql = "c.data_type")]
    data_type: String,
    /// Position in the primary key, counted from 1; 0 if the column is not in it.
    #[record(sql = "c.key_place")]
    key_place: i64,
}

/// Every table with a column `tenant_id`, by name.
pub async fn of_tenants(global: &Global) -> Result<Vec<Table>, Fault> {
    let sql = match global.backend() {
        Backend::Sqlite => {
            "SELECT m.name AS of_table, c.name AS name, upper(c.type) AS data_type, CAST(c.pk AS INTEGER) AS key_place, c.cid AS place
             FROM sqlite_master m JOIN pragma_table_info(m.name) c
             WHERE m.type = 'table' AND EXISTS (SELECT 1 FROM pragma_table_info(m.name) t WHERE t.name = 'tenant_id')"
        }
        Backend::Postgres => {
            // Not information_schema: over two hundred tables its views took half a minute for the same. Parts of tables are none (`migration::months`).
            "SELECT c.relname::text AS of_table, a.attname::text AS name, upper(format_type(a.atttypid, NULL)) AS data_type,
               coalesce(array_position(k.indkey::int2[], a.attnum) + 1, 0)::bigint AS key_place, a.attnum AS place
             FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             LEFT JOIN pg_index k ON k.indrelid = c.oid AND k.indisprimary
             WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace AND c.relname !~ '_([0-9]{4}_[0-9]{2}|before)$'
               AND EXISTS (SELECT 1 FROM pg_attribute t WHERE t.attrelid = c.oid AND t.attname = 'tenant_id' AND NOT t.attisdropped)"
        }
    };
    let sql = format!("SELECT {} FROM ({sql}) c ORDER BY c.of_table, c.place", CatalogColumn::SELECT);
    let mut tables: BTreeMap<String, (Vec<Column>, BTreeMap<i64, String>)> = BTreeMap::new();
    for CatalogColumn { table, name, data_type, key_place } in global.records(&sql, vec![]).await? {
        let (columns, keys) = tables.entry(table).or_default();
        if key_place > 0 {
            keys.insert(key_place, name.clone());
        }
        let is_id = name == "id" || name.ends_with("_id");
        let kind = match data_type.as_str() {
            "UUID" => Kind::Id,
            // SQLite has one type for both.
            "BLOB" if is_id => Kind::Id,
            "BLOB" | "BYTEA" => Kind::Bytes,
            "INTEGER" | "BIGINT" | "SMALLINT" => Kind::Int,
            "BOOLEAN" => Kind::Bool,
            _ => Kind::Text,
        };
        columns.push(Column { name, kind });
    }
    let described = tables.into_iter().map(|(name, (columns, keys))| Table { name, columns, keys: keys.into_values().collect() });
    Ok(described.collect())
}

/// A table and one that it refers to.
#[derive(Record)]
struct Reference {
    #[record(sql = "r.child")]
    child: String,
    #[record(sql = "r.parent")]
    parent: String,
}

/// The tables in an order in which their rows can be deleted: referring tables first.
pub async fn deletion_order(global: &Global, tables: &[Table]) -> Result<Vec<String>, Fault> {
    let sql = match global.backend() {
        Backend::Sqlite => {
            "SELECT DISTINCT m.name AS child, f.\"table\" AS parent FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f
             WHERE m.type = 'table' AND m.name <> f.\"table\""
        }
        Backend::Postgres => {
            "SELECT DISTINCT conrelid::regclass::text AS child, confrelid::regclass::text AS parent FROM pg_constraint
             WHERE contype = 'f' AND conrelid <> confrelid"
        }
    };
    let mut remaining: BTreeSet<String> = tables.iter().map(|table| table.name.clone()).collect();
    let mut children_of: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let sql = format!("SELECT {} FROM ({sql}) r", Reference::SELECT);
    for Reference { child, parent } in global.records(&sql, vec![]).await? {
        if remaining.contains(&child) {
            children_of.entry(parent).or_default().insert(child);
        }
    }
    let mut order = Vec::with_capacity(remaining.len());
    while !remaining.is_empty() {
        let is_free = |table: &&String| children_of.get(*table).is_none_or(|children| children.is_disjoint(&remaining));
        let Some(next) = remaining.iter().find(is_free).cloned() else {
            return Err(Fault::Broken(format!("these tables name each other in a circle: {remaining:?}")));
        };
        remaining.remove(&next);
        order.push(next);
    }
    Ok(order)
}
