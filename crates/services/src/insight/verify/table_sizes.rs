//! File sizes of Postgres' tables. A table whose file has no page has no visible rows, and its
//! query can be skipped.
//!
//! That is exact, unlike Postgres' statistics: a file grows before a row is inserted, and is
//! truncated only by pages of which no snapshot sees a row. A missing file has no bytes either, and
//! reading it is an error: so the primary key has to have the size of a table that never had a row,
//! one page.

use std::collections::HashMap;

use entity::record::{Record, Selected};
use platform::storage::{Backend, Database, Fault, Finds, Reads, Snapshot};

/// Condition that excludes partitions, and detached ones that may be dropped meanwhile.
const NO_PART: &str = "NOT c.relispartition AND c.relname !~ '_([0-9]{4}_[0-9]{2}|before)$'";
/// Tables with larger files are queried one by one: a statement over several of them might exceed
/// its timeout.
const MAX_SMALL_TABLE_BYTES: i64 = 1 << 20;

/// A table `c`, with the size of its rows and the bytes by which its primary key differs from an
/// empty one; for a partitioned table, of its partitions together. None if rows may be stored
/// elsewhere.
#[derive(Record)]
struct SizeRow {
    #[record(sql = "quote_ident(c.relname)")]
    table: String,
    #[record(sql = "CASE WHEN c.relkind = 'p' THEN
          (SELECT CAST(coalesce(sum(CASE WHEN p.relkind = 'r' THEN coalesce(pg_relation_size(p.oid)
              + (SELECT abs(pg_relation_size(k.indexrelid) - CAST(current_setting('block_size') AS bigint)) FROM pg_index k
                 WHERE k.indrelid = p.oid AND k.indisprimary), 1) ELSE 1 END), 0) AS bigint)
           FROM pg_partition_tree(c.oid) l JOIN pg_class p ON p.oid = l.relid WHERE p.relkind <> 'p')
        WHEN NOT c.relhassubclass THEN pg_relation_size(c.oid)
          + (SELECT abs(pg_relation_size(k.indexrelid) - CAST(current_setting('block_size') AS bigint)) FROM pg_index k
             WHERE k.indrelid = c.oid AND k.indisprimary) END")]
    bytes: Option<i64>,
}

/// The tables whose sizes are known; none on SQLite.
#[derive(Debug, Default)]
pub(super) struct TableSizes(HashMap<String, Option<i64>>);

impl TableSizes {
    /// Sizes of some tables, as a tenant's snapshot may see them.
    pub async fn of_tables(snapshot: &Snapshot, tables: impl Iterator<Item = &'static str> + Send) -> Result<Self, Fault> {
        let backend = snapshot.backend();
        if backend == Backend::Sqlite {
            return Ok(Self::default());
        }
        let name_condition = backend.in_texts("c.relname::text", 2);
        let rows = snapshot.records::<SizeRow>(&sql(&name_condition, "t.id = $1"), vec![backend.texts(tables)]).await?;
        Ok(rows.into())
    }

    /// Sizes of all tables.
    pub async fn of_all(db: &Database) -> Result<Self, Fault> {
        if db.backend() == Backend::Sqlite {
            return Ok(Self::default());
        }
        let rows = db.global().records::<SizeRow>(&sql(NO_PART, "t.id IS NOT NULL"), vec![]).await?;
        Ok(rows.into())
    }

    /// Whether no tenant has a row of a table.
    pub fn is_empty_table(&self, table: &str) -> bool {
        self.bytes(table) == Some(0)
    }
    pub fn is_small(&self, table: &str) -> bool {
        self.bytes(table).is_some_and(|bytes| bytes <= MAX_SMALL_TABLE_BYTES)
    }
    /// The tables that may have rows.
    pub fn nonempty_tables(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).filter(|table| !self.is_empty_table(table)).collect()
    }
    fn bytes(&self, table: &str) -> Option<i64> {
        self.0.get(table).copied().flatten()
    }
}

impl From<Vec<SizeRow>> for TableSizes {
    fn from(rows: Vec<SizeRow>) -> Self {
        Self(rows.into_iter().map(|row| (row.table, row.bytes)).collect())
    }
}

/// SQL of the sizes of tables. The table of tenants has a row: if the server reports no size for
/// it, no size is used.
fn sql(name_condition: &str, tenant: &str) -> String {
    format!(
        "SELECT {} FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = quote_ident(current_schema())::regnamespace AND {name_condition}
           AND (SELECT pg_relation_size(to_regclass('tenant')) > 0 FROM tenant t WHERE {tenant} LIMIT 1)",
        SizeRow::SELECT
    )
}
