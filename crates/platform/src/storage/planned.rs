//! Plan of `entrepot migrate` for a database: migrations, their tables and rows, and on Postgres
//! their locks. Nothing here writes.

use migration::{
    Migrator, MigratorTrait,
    online::{self, IndexState},
    plan::{self, Target},
};

use super::{Backend, Database, Fault, Row};

/// Number of rows of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableRows {
    /// The table does not exist yet.
    New,
    Counted(i64),
    /// By Postgres' own statistics.
    Estimated(i64),
    /// Postgres has never measured it.
    Unmeasured,
}

/// A migration that the database lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedMigration {
    pub name: String,
    /// Whether an older binary that works with the database now cannot work with it afterwards.
    pub is_breaking: bool,
    pub tables: Vec<(String, TableRows)>,
    /// Statements that lock existing tables; empty on SQLite, which holds its one write lock until
    /// the end.
    pub statements: Vec<PlannedStatement>,
}

/// A statement of a migration, on Postgres.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedStatement {
    pub text: String,
    pub locks: Vec<PlannedLock>,
}

/// A lock of an existing table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedLock {
    pub table: String,
    pub rows: TableRows,
    /// Name of the lock mode in the manual of Postgres: ACCESS EXCLUSIVE.
    pub mode: &'static str,
    /// Operations of other sessions that the lock blocks.
    pub blocks: &'static str,
    /// Work on the table's rows: no scan, scan, scan and index, rows written, rewrite.
    pub work: &'static str,
}

const ROWS: &str = "SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass($1)";
const TABLE_OF: &str =
    "SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE i.indexrelid = to_regclass($1)";
/// Tables that a constraint references, or all constraints of a table.
const REFERENCED: &str = "SELECT DISTINCT p.relname::text FROM pg_constraint c JOIN pg_class p ON p.oid = c.confrelid
    WHERE c.contype = 'f' AND c.conrelid = to_regclass($1) AND c.confrelid <> c.conrelid AND ($2::text IS NULL OR c.conname::text = $2::text) ORDER BY 1";

impl Database {
    /// Returns the migrations that the database lacks, in their order, with the tables that they
    /// touch. Changes nothing.
    ///
    /// # Errors
    /// The database fails, or a newer release has migrated it.
    pub async fn planned_migrations(&self) -> Result<Vec<PlannedMigration>, Fault> {
        let versions = self.versions().await?;
        if let Some(reason) = versions.mismatch().filter(|_| versions.needed.is_some()).or_else(|| versions.notice()) {
            return Err(Fault::Broken(reason));
        }
        let applied = self.applied().await?;
        let names: Vec<String> = Migrator::migrations().iter().map(|registered| registered.name().to_owned()).collect();
        let mut planned = Vec::new();
        for name in names {
            if applied.contains(&name) {
                continue;
            }
            let mut tables = Vec::new();
            for table in plan::tables(&name, self.backend.into()) {
                let rows = self.rows_of(&table).await?;
                tables.push((table, rows));
            }
            let statements = self.planned_statements(&name).await?;
            // A running node has the database's migrations.
            let is_missing = |required: &str| !applied.iter().any(|name| name == required);
            let is_breaking = plan::is_breaking(&name) || migration::contracts(&name).is_some_and(is_missing);
            planned.push(PlannedMigration { name, is_breaking, tables, statements });
        }
        Ok(planned)
    }

    /// Returns the statements of a migration that lock existing tables. For an index that is built
    /// before its migration it is the statement of that build; an index that exists already has
    /// none.
    async fn planned_statements(&self, name: &str) -> Result<Vec<PlannedStatement>, Fault> {
        let mut planned = Vec::new();
        if self.backend == Backend::Sqlite {
            return Ok(planned);
        }
        let online = online::indexes(name);
        for statement in plan::statements(name, self.backend.into()) {
            let mut text = statement.to_owned();
            if let Some(index) = online.iter().find(|index| index.statement == statement) {
                match index.state(&self.owner).await? {
                    IndexState::Built => continue,
                    IndexState::Due | IndexState::Unfinished => text = index.concurrently(),
                    IndexState::LeftToMigration => {}
                }
            }
            let mut locks = Vec::new();
            for lock in plan::locks(&text) {
                let tables = match lock.target {
                    Target::Table(table) => vec![table],
                    Target::TableOf(index) => self.table_of(&index).await?.into_iter().collect(),
                    Target::Referenced { table, constraint } => self.referenced_by(&table, constraint).await?,
                };
                for table in tables {
                    let rows = self.rows_of(&table).await?;
                    if rows != TableRows::New {
                        let (mode, blocks, work) = (lock.mode.name(), lock.mode.blocks(), lock.work.name());
                        locks.push(PlannedLock { table, rows, mode, blocks, work });
                    }
                }
            }
            if !locks.is_empty() {
                planned.push(PlannedStatement { text: begin_of(&text), locks });
            }
        }
        Ok(planned)
    }

    async fn table_of(&self, index: &str) -> Result<Option<String>, Fault> {
        let rows = self.query_as_login(TABLE_OF, vec![index.into()]).await?;
        rows.first().map(Row::scalar).transpose()
    }

    async fn referenced_by(&self, table: &str, constraint: Option<String>) -> Result<Vec<String>, Fault> {
        let rows = self.query_as_login(REFERENCED, vec![table.into(), constraint.into()]).await?;
        rows.iter().map(Row::scalar).collect()
    }

    async fn rows_of(&self, table: &str) -> Result<TableRows, Fault> {
        if self.backend == Backend::Postgres {
            let rows = self.query_as_login(ROWS, vec![table.into()]).await?;
            let estimate: Option<i64> = rows.first().map(Row::scalar).transpose()?;
            return Ok(match estimate {
                None => TableRows::New,
                Some(rows) if rows < 0 => TableRows::Unmeasured,
                Some(rows) => TableRows::Estimated(rows),
            });
        }
        let existence_sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1";
        if self.query_as_login(existence_sql, vec![table.into()]).await?.is_empty() {
            return Ok(TableRows::New);
        }
        let rows = self.query_as_login(&format!("SELECT count(*) FROM \"{table}\""), vec![]).await?;
        let count: Option<i64> = rows.first().map(Row::scalar).transpose()?;
        Ok(TableRows::Counted(count.unwrap_or_default()))
    }
}

/// Returns the beginning of a statement in one line, long enough to identify it.
fn begin_of(statement: &str) -> String {
    const MAX: usize = 100;
    let lines = statement.lines().filter(|line| !line.trim_start().starts_with("--"));
    let text = lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ").replace(['{', '}'], "");
    match text.char_indices().nth(MAX) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
