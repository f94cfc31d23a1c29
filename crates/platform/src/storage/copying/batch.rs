//! Writing of a batch of rows to the target, with the copy's progress.

use entity::{prelude::*, tables::Description};
use sea_orm::{
    ConnectionTrait, DbBackend, Statement, Value,
    sqlx::{error::BoxDynError, postgres::PgArguments},
};
use uuid::Uuid;

use super::page::Page;
use crate::storage::{
    Backend, Database, Fault,
    bulk::{Array, postgres_type},
    transaction::{Purpose, Transaction},
};

/// Maximum parameters of an SQLite statement, as in other bulk writes.
const SQLITE_PARAMETERS: usize = 4_000;

/// An open transaction of the target.
pub(super) struct Batch {
    db: Database,
    transaction: Transaction,
    bound: TenantId,
}

/// Progress of a table's copy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Progress {
    /// Key of the last row, encoded; empty before the first.
    pub last_key: Vec<u8>,
    pub rows: i64,
    pub bytes: i64,
    pub is_done: bool,
}

impl Batch {
    pub async fn begin(db: &Database) -> Result<Self, Fault> {
        let bound = db.active_row_security.is_enforced().then_some(TenantId::NIL);
        let transaction = db.maintenance.begin(bound, Purpose::Write).await?;
        Ok(Self { db: db.clone(), transaction, bound: TenantId::NIL })
    }

    /// Fails if another process has taken the copy over.
    pub async fn check(&self, copy: Uuid, runner: Uuid) -> Result<(), Fault> {
        let sql = "UPDATE deployment_copy SET runner = $2 WHERE id = $1 AND runner = $2 AND finished_at IS NULL";
        if self.execute(sql, vec![copy.into(), runner.into()]).await? == 1 {
            return Ok(());
        }
        Err(Fault::Broken("another process has taken this copy over: let it finish, and check why two commands ran".to_owned()))
    }

    /// Writes rows, those of each tenant bound to it.
    pub async fn insert(&mut self, table: &'static Description, rows: &[&[Value]]) -> Result<(), Fault> {
        let tenant_index = tenant_column_index(table);
        let tenant = |row: &&&[Value]| tenant_index.map(|index| row[index].clone());
        let mut remaining = rows;
        while let Some(first) = remaining.first() {
            let count = remaining.iter().take_while(|row| tenant(row) == tenant(&first)).count();
            let (part, others) = remaining.split_at(count);
            if let Some(Value::Uuid(Some(id))) = tenant(&first) {
                self.bind(TenantId::from_uuid(id)).await?;
            }
            insert(&self.db, &self.transaction, table, part).await?;
            remaining = others;
        }
        Ok(())
    }

    /// Binds the transaction to a tenant, whose rows may then be written.
    async fn bind(&mut self, tenant: TenantId) -> Result<(), Fault> {
        if self.bound != tenant && self.db.active_row_security.is_enforced() {
            let sql = format!("SELECT set_config('app.tenant_id', '{}', true)", tenant.uuid());
            self.transaction.execute_unprepared(&sql).await.map_err(|err| self.db.convert_write_error(err))?;
        }
        self.bound = tenant;
        Ok(())
    }

    /// Writes how far the table is.
    pub async fn note(&self, copy: Uuid, table: &str, progress: &Progress, now: Timestamp) -> Result<(), Fault> {
        let sql = "INSERT INTO copy_progress (copy_id, table_name, last_key, row_count, byte_count, is_done, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (copy_id, table_name) DO UPDATE SET last_key = excluded.last_key,
            row_count = excluded.row_count, byte_count = excluded.byte_count, is_done = excluded.is_done, updated_at = excluded.updated_at";
        let Progress { last_key, rows, bytes, is_done } = progress.clone();
        let values =
            vec![copy.into(), table.into(), last_key.into(), rows.into(), bytes.into(), is_done.into(), now.micros().into()];
        self.execute(sql, values).await.map(drop)
    }

    async fn execute(&self, sql: &str, values: Vec<Value>) -> Result<u64, Fault> {
        let statement = Statement::from_sql_and_values(self.db.backend.into(), sql, values);
        Ok(self.transaction.execute_raw(statement).await.map_err(|err| self.db.convert_write_error(err))?.rows_affected())
    }

    pub async fn commit(self) -> Result<(), Fault> {
        self.transaction.commit().await.map_err(|err| self.db.convert_write_error(err))
    }
}

/// Writes rows of the bound tenant, nulls as nulls.
pub(super) async fn insert(
    db: &Database,
    transaction: &Transaction,
    table: &'static Description,
    rows: &[&[Value]],
) -> Result<(), Fault> {
    match db.backend {
        Backend::Postgres => {
            let (sql, arguments) = unnest_insert(table, rows).map_err(|err| Fault::Broken(format!("{}: {err}", table.name)))?;
            transaction.execute_with(sql, arguments).await.map_err(|err| db.convert_write_error(err))?;
        }
        Backend::Sqlite => {
            let max_rows = (SQLITE_PARAMETERS / table.columns.len()).max(1);
            let mut remaining = rows;
            while !remaining.is_empty() {
                // Powers of two, so that few texts are prepared.
                let (part, others) = remaining.split_at(1 << remaining.len().min(max_rows).ilog2());
                let values = part.iter().flat_map(|row| row.iter().cloned());
                let statement = Statement::from_sql_and_values(DbBackend::Sqlite, insert_rows_sql(table, part.len()), values);
                transaction.execute_raw(statement).await.map_err(|err| db.convert_write_error(err))?;
                remaining = others;
            }
        }
    }
    Ok(())
}

/// Returns the index of the column with a row's tenant; None for tables of the deployment.
pub(super) fn tenant_column_index(table: &Description) -> Option<usize> {
    let key = if table.name == "tenant" { "id" } else { "tenant_id" };
    let is_tenants = table.key.first() == Some(&key);
    is_tenants.then(|| table.columns.iter().position(|column| column.0 == key)).flatten()
}

/// Sorts rows whose parents in the same table are among them, parents first.
///
/// # Errors
/// Rows reference each other in a cycle.
pub(super) fn sort_parents_first<'a>(
    page: &'a Page,
    self_references: &[Vec<(usize, usize)>],
    table: &str,
) -> Result<Vec<&'a [Value]>, Fault> {
    use std::collections::HashSet;

    let key_bytes = |row: &[Value], key: &[(usize, usize)]| super::encoded::all(key.iter().map(|pair| &row[pair.1]));
    let parent_bytes = |row: &[Value], key: &[(usize, usize)]| {
        let is_null = key.iter().any(|pair| super::encoded::all([&row[pair.0]]).is_ok_and(|bytes| bytes == [0]));
        if is_null { Ok(None) } else { super::encoded::all(key.iter().map(|pair| &row[pair.0])).map(Some) }
    };
    let (mut written_keys, mut order) = (HashSet::<(usize, Vec<u8>)>::new(), Vec::with_capacity(page.len()));
    let mut remaining: Vec<&[Value]> = page.rows().collect();
    while !remaining.is_empty() {
        let mut deferred = Vec::new();
        let before = order.len();
        for row in remaining {
            let mut is_ready = true;
            for (index, key) in self_references.iter().enumerate() {
                if let Some(parent) = parent_bytes(row, key)? {
                    is_ready &= written_keys.contains(&(index, parent));
                }
            }
            if !is_ready {
                deferred.push(row);
                continue;
            }
            for (index, key) in self_references.iter().enumerate() {
                written_keys.insert((index, key_bytes(row, key)?));
            }
            order.push(row);
        }
        if order.len() == before {
            return Err(Fault::Broken(format!(
                "{} rows of {table} name each other in a circle, or a row that is not there",
                deferred.len()
            )));
        }
        remaining = deferred;
    }
    Ok(order)
}

fn join_column_names(table: &Description) -> String {
    table.columns.iter().map(|column| column.0).collect::<Vec<_>>().join(", ")
}

/// Returns an insert of so many rows, with a placeholder for each value.
fn insert_rows_sql(table: &Description, rows: usize) -> String {
    let row = format!("({})", vec!["?"; table.columns.len()].join(", "));
    format!("INSERT INTO {} ({}) VALUES {}", table.name, join_column_names(table), vec![row.as_str(); rows].join(", "))
}

/// Returns an insert of rows from an array for each column. Unlike in other bulk writes, an empty
/// text does not become null.
fn unnest_insert(table: &'static Description, rows: &[&[Value]]) -> Result<(String, PgArguments), BoxDynError> {
    let mut arguments = PgArguments::default();
    let mut picks = Vec::with_capacity(table.columns.len());
    for (index, column) in table.columns.iter().enumerate() {
        let mut array = Array::new(column.1, rows.len());
        rows.iter().try_for_each(|row| array.push(row[index].clone()))?;
        array.bind(&mut arguments)?;
        picks.push(format!("unnest(${}::{}[])", index + 1, postgres_type(column.1)));
    }
    Ok((format!("INSERT INTO {} ({}) SELECT {}", table.name, join_column_names(table), picks.join(", ")), arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(rows: &[(i64, Option<i64>)]) -> Page {
        let values: Vec<Value> = rows.iter().flat_map(|(id, parent)| [Value::from(*id), Value::from(*parent)]).collect();
        Page { values, width: 2, bytes: 0 }
    }

    #[test]
    fn a_child_comes_after_its_parent() {
        let page = page(&[(1, Some(3)), (2, None), (3, Some(2)), (4, Some(1))]);
        let order = sort_parents_first(&page, &[vec![(1, 0)]], "category").unwrap();
        let ids: Vec<&Value> = order.iter().map(|row| &row[0]).collect();
        assert_eq!(ids, [&Value::from(2_i64), &Value::from(3_i64), &Value::from(1_i64), &Value::from(4_i64)]);
    }

    #[test]
    fn rows_in_a_circle_are_named() {
        let page = page(&[(1, Some(2)), (2, Some(1)), (3, None)]);
        let fault = sort_parents_first(&page, &[vec![(1, 0)]], "category").unwrap_err();
        assert!(fault.to_string().contains("2 rows of category"), "{fault}");
    }
}
