//! Append-only tables, partitioned by month on Postgres. Their rows of past months no longer
//! change, and a month is removed as one table instead of row by row.
//!
//! A part is named after its month in UTC (`event_2026_11`); the rows from before have the name of
//! their table and `_before`. There is no default partition: with one, Postgres cannot detach a
//! part without blocking all writers. `docs/decisions/0177-monthly-parts.md`.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend, Statement},
};

/// A table that is parted by month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parted {
    pub table: &'static str,
    /// Column with microseconds since 1970, which determines the month.
    pub column: &'static str,
    /// The columns of the key beside it.
    pub key: &'static str,
}

pub const EVENT: Parted = Parted { table: "event", column: "recorded_at", key: "tenant_id, seq" };
pub const AUDIT_ENTRY: Parted = Parted { table: "audit_entry", column: "at", key: "tenant_id, id" };
pub const WEBHOOK_ATTEMPT: Parted = Parted { table: "webhook_attempt", column: "at", key: "tenant_id, endpoint_id, id" };
/// All tables that are partitioned by month.
pub const PARTED: [Parted; 3] = [EVENT, AUDIT_ENTRY, WEBHOOK_ATTEMPT];

/// Months after the present one that have their parts.
pub const AHEAD: i64 = 3;
/// Suffix of the names of parts, detached ones too, as a regular expression of Postgres. No other
/// table may have such a name.
pub const PART: &str = "_([0-9]{4}_[0-9]{2}|before)$";

const TURN: &str = include_str!("months/turn.sql");
const CHECK: &str = include_str!("months/check.sql");
const MAKE: &str = include_str!("months/make.sql");
/// Rows below which a migration itself parts the whole table, within a second.
pub(super) const LARGE: i64 = 100_000;

impl Parted {
    fn text(&self, sql: &str, now: &str) -> String {
        sql.replace("{table}", self.table)
            .replace("{column}", self.column)
            .replace("{key}", self.key)
            .replace("{ahead}", &AHEAD.to_string())
            .replace("{now}", now)
    }
}

/// Partitions a table: the existing rows become its first part, and the coming months get theirs.
pub(super) async fn turn(manager: &SchemaManager<'_>, parted: Parted) -> Result<(), DbErr> {
    if manager.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let db = manager.get_connection();
    db.execute_unprepared(&parted.text(TURN, "")).await?;
    let now = "(extract(epoch FROM clock_timestamp()) * 1000000)";
    db.execute_unprepared(&parted.text(MAKE, now)).await.map(drop)
}

/// Makes the parts of a table that are missing, from the month before a moment to `AHEAD` months after it. Only the tables' owner can.
pub async fn make(db: &impl ConnectionTrait, parted: Parted, now_micros: i64) -> Result<(), DbErr> {
    db.execute_unprepared(&parted.text(MAKE, &now_micros.to_string())).await.map(drop)
}

/// Builds the indexes that the migrations need on large tables, without blocking readers and
/// writers; not inside a transaction. An interrupted step is begun again.
pub async fn prepare(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    for parted in PARTED {
        let Parted { table, column, key } = parted;
        if !is_large(db, table).await? {
            continue;
        }
        let building = format!("SELECT 1 FROM pg_stat_progress_create_index WHERE relid = to_regclass('{table}')");
        if db.query_one_raw(Statement::from_string(DbBackend::Postgres, building)).await?.is_some() {
            return Err(DbErr::Custom(format!("another process builds an index of {table}: run it again when that has ended")));
        }
        let mut indexes = vec![(format!("{table}_key"), format!("{table} ({key}, {column})"))];
        if parted == AUDIT_ENTRY {
            indexes.push(("audit_entry_seq_at".to_owned(), "audit_entry (tenant_id, seq, at) WHERE seq IS NOT NULL".to_owned()));
        }
        for (name, on) in indexes {
            let broken = format!("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('{name}') AND NOT indisvalid");
            if db.query_one_raw(Statement::from_string(DbBackend::Postgres, broken)).await?.is_some() {
                db.execute_unprepared(&format!("DROP INDEX CONCURRENTLY {name}")).await?;
            }
            db.execute_unprepared(&format!("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {on}")).await?;
        }
        db.execute_unprepared(&parted.text(CHECK, "")).await?;
        db.execute_unprepared(&format!("ALTER TABLE {table} VALIDATE CONSTRAINT {table}_months")).await?;
    }
    Ok(())
}

/// Whether it is a table of ours that is not parted yet, and has many rows.
async fn is_large(db: &impl ConnectionTrait, table: &str) -> Result<bool, DbErr> {
    let sql = format!(
        "SELECT 1 FROM pg_class WHERE oid = to_regclass('{table}') AND relkind = 'r' AND reltuples >= {LARGE} AND to_regclass('audit_head') IS NOT NULL"
    );
    Ok(db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?.is_some())
}
