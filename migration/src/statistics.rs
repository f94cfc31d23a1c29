//! Planner statistics about tenants, set in both databases.

mod expected;

use std::collections::HashMap;

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value};

use expected::Index;

/// Statement that sets for each table with a tenant column that all of its rows may belong to one
/// tenant.
///
/// A frequent statement has one plan for all tenants. Planned for the average of a thousand small
/// ones, it would read all rows of a tenant to find ten by their IDs; and for the one with a
/// million rows it would do the same.
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

/// Each tenant's index: its table, its name in the statistics, whether it is unique, its columns,
/// and its own statement if it is partial. The key of a table without row numbers is listed there
/// under the table's name.
const INDEXES: &str = "SELECT m.name, CASE WHEN l.origin = 'pk' AND m.sql LIKE '%WITHOUT ROWID' THEN m.name ELSE l.name END,
    l.\"unique\", (SELECT group_concat(coalesce(i.name, ''), ' ') FROM (SELECT name FROM pragma_index_info(l.name) ORDER BY seqno) i),
    coalesce((SELECT x.sql FROM sqlite_master x WHERE x.type = 'index' AND x.name = l.name AND l.partial = 1), '')
  FROM sqlite_master m, pragma_index_list(m.name) l
  WHERE m.type = 'table' AND EXISTS (SELECT 1 FROM pragma_index_info(l.name) i WHERE i.seqno = 0 AND i.name = 'tenant_id')";

/// SQLite assumes ten rows for a value in the first column of any index, a tenant's too, and 25 for
/// a list of IDs: without statistics it reads all rows of a tenant in a table to find one by its
/// ID. These statistics state that a tenant has many. ANALYZE replaces them by true ones, which are
/// kept; assumed ones of an earlier release are replaced. An open connection uses its statistics
/// until it opens again.
async fn settle_sqlite(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    if db.query_one_raw(sqlite("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'", Vec::new())).await?.is_none() {
        // Only ANALYZE makes the table of statistics; of a table of some dozen rows it is done at once.
        db.execute_unprepared("ANALYZE seaql_migrations").await?;
    }
    let (known, mut has_changed) = (known(db).await?, false);
    for row in db.query_all_raw(sqlite(INDEXES, Vec::new())).await? {
        let (table, name): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let (unique, columns): (i64, String) = (row.try_get_by_index(2)?, row.try_get_by_index(3)?);
        let statement: String = row.try_get_by_index(4)?;
        let index = Index::new(&table, unique == 1, &columns, &statement);
        let text = index.expected();
        let sql = match known.get(&(table.clone(), name.clone())) {
            None => "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ($1, $2, $3)",
            Some(old) if *old != text && index.is_made_up(old) => "UPDATE sqlite_stat1 SET stat = $3 WHERE tbl = $1 AND idx = $2",
            Some(_) => continue,
        };
        db.execute_raw(sqlite(sql, vec![table.into(), name.into(), text.into()])).await?;
        has_changed = true;
    }
    if has_changed {
        db.execute_unprepared("ANALYZE sqlite_schema").await?;
    }
    Ok(())
}

fn sqlite(sql: &str, values: Vec<Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)
}

/// The statistics that there are, by table and index.
async fn known(db: &impl ConnectionTrait) -> Result<HashMap<(String, String), String>, DbErr> {
    let rows = db.query_all_raw(sqlite("SELECT tbl, idx, stat FROM sqlite_stat1 WHERE idx IS NOT NULL", Vec::new())).await?;
    let mut known = HashMap::with_capacity(rows.len());
    for row in rows {
        let (table, index): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        known.insert((table, index), row.try_get_by_index(2)?);
    }
    Ok(known)
}
