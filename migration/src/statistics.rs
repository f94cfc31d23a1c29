//! What the databases are to think of tenants when they plan.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

/// Says of every table with tenants' rows that they may all be one tenant's.
///
/// A statement that is met often has one plan for all tenants. Planned for the average of a thousand small ones, it would read all rows of a
/// tenant to find ten by their ids; and for the one with a million rows it would do the same.
const ONE_TENANT: &str = "DO $one$
DECLARE t record;
BEGIN
  FOR t IN SELECT a.attrelid::regclass AS name, CASE c.relkind WHEN 'p' THEN 'n_distinct_inherited' ELSE 'n_distinct' END AS option FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE a.attname = 'tenant_id' AND c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace AND a.attoptions IS NULL
  LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN tenant_id SET (%s = 1)', t.name, t.option);
  END LOOP;
END $one$";

/// Called after all migrations, so that a table that comes later has it too. Only the tables' owner can.
pub async fn settle(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    match db.get_database_backend() {
        DbBackend::Sqlite => settle_sqlite(db).await,
        _ => db.execute_unprepared(ONE_TENANT).await.map(drop),
    }
}

/// Rows of a table and of one tenant in it, as SQLite is to expect them, and rows of a tenant that share the next column's value.
const TABLE: u64 = 10_000_000;
const TENANT: u64 = 1_000_000;
const NEXT: u64 = 100;

/// The columns of each tenant's index, and whether it is unique. The key of a table without row numbers has the table's name in the statistics.
const INDEXES: &str = "SELECT m.name, CASE WHEN l.origin = 'pk' AND m.sql LIKE '%WITHOUT ROWID' THEN m.name ELSE l.name END,
    l.\"unique\", (SELECT count(*) FROM pragma_index_info(l.name))
  FROM sqlite_master m, pragma_index_list(m.name) l
  WHERE m.type = 'table' AND EXISTS (SELECT 1 FROM pragma_index_info(l.name) i WHERE i.seqno = 0 AND i.name = 'tenant_id')";

/// SQLite takes ten rows for what has one value in the first column of any index, a tenant's too, and 25 for a list of ids: without statistics it reads all
/// that a tenant has in a table to find one row by its id. These say that a tenant has many. Whoever runs ANALYZE puts true ones in their place, and keeps
/// them. A connection that is open keeps to what it knows until it opens again.
async fn settle_sqlite(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    let ask = |sql: &str| Statement::from_string(DbBackend::Sqlite, sql);
    if db.query_one_raw(ask("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'")).await?.is_none() {
        // Only ANALYZE makes the table of statistics; of a table of some dozen rows it is done at once.
        db.execute_unprepared("ANALYZE seaql_migrations").await?;
    }
    for row in db.query_all_raw(ask(INDEXES)).await? {
        let (table, index): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let (unique, columns): (i64, i64) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
        let text = expected(unique == 1, columns);
        let sql = "INSERT INTO sqlite_stat1 (tbl, idx, stat) SELECT $1, $2, $3
            WHERE NOT EXISTS (SELECT 1 FROM sqlite_stat1 WHERE tbl = $1 AND idx = $2)";
        db.execute_raw(Statement::from_sql_and_values(DbBackend::Sqlite, sql, [table.into(), index.into(), text.into()])).await?;
    }
    db.execute_unprepared("ANALYZE sqlite_schema").await.map(drop)
}

/// Rows of the table, then rows that share the first column's value, the first two columns', and so on.
fn expected(is_unique: bool, columns: i64) -> String {
    let mut text = format!("{TABLE} {}", if is_unique && columns == 1 { 1 } else { TENANT });
    let mut rows = NEXT;
    for column in 2..=columns {
        let share = if is_unique && column == columns { 1 } else { rows };
        text += &format!(" {share}");
        rows = (rows / 10).max(2);
    }
    text
}
