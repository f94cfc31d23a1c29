//! Query plans of the database, independent of the parameters' values.

use entity::prelude::TenantId;
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::{
    Database, Fault, Row, limits,
    transaction::{Connections, Purpose},
};

impl Database {
    /// Returns the plan of a query, one line for each step. The query is not run and needs no
    /// values: the plan is generic and contains none. On Postgres this uses a connection of its own
    /// with the role of requests, which is closed afterwards.
    ///
    /// # Errors
    /// The database fails, or the statement cannot be planned without its values.
    pub async fn explain(&self, sql: &str) -> Result<Vec<String>, Fault> {
        let sessions = match &self.reader {
            Connections::Sqlite(pool) => {
                let explain = Statement::from_string(DbBackend::Sqlite, format!("EXPLAIN QUERY PLAN {sql}"));
                let rows = pool.query_all_raw(explain).await?;
                return rows.iter().map(|row| Ok(row.try_get("", "detail")?)).collect();
            }
            Connections::Postgres(sessions) => sessions.with_limit(1, limits::REQUESTS),
        };
        let bound = self.active_row_security.is_enforced().then_some(TenantId::NIL);
        let explained = explain_generic_plan(&Connections::Postgres(sessions.clone()), bound, sql).await;
        sessions.forget();
        explained
    }
}

/// Explains a prepared query under its generic plan, which shows parameters instead of values.
async fn explain_generic_plan(connections: &Connections, bound: Option<TenantId>, sql: &str) -> Result<Vec<String>, Fault> {
    let nulls = vec!["NULL"; parameters(sql)].join(", ");
    let execute = if nulls.is_empty() { "entrepot_slow".to_owned() } else { format!("entrepot_slow ({nulls})") };
    let transaction = connections.begin(bound, Purpose::Snapshot).await?;
    transaction.execute_unprepared("SET LOCAL plan_cache_mode = force_generic_plan").await?;
    transaction.execute_unprepared(&format!("PREPARE entrepot_slow AS {sql}")).await?;
    let explain = Statement::from_string(DbBackend::Postgres, format!("EXPLAIN EXECUTE {execute}"));
    let rows = transaction.query_all_raw(explain).await?;
    transaction.rollback().await?;
    rows.iter().map(Row::scalar).collect()
}

/// The highest number of a parameter.
fn parameters(sql: &str) -> usize {
    let digits = |rest: &str| rest.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok());
    sql.split('$').skip(1).filter_map(digits).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_counted_by_the_highest() {
        assert_eq!(parameters("SELECT $1::uuid, $12 FROM a WHERE b = $2 AND c = '$'"), 12);
        assert_eq!(parameters("SELECT 1"), 0);
    }
}
