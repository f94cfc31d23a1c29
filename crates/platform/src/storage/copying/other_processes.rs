//! Whether other processes of ours use a database.

use std::{path::Path, time::Duration};

use sea_orm::sqlx::{self, ConnectOptions, Connection, sqlite};

use crate::storage::{Backend, Database, Fault, Options, Row};

/// Time for the connections of a killed process to close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
const CHECK_INTERVAL: Duration = Duration::from_millis(250);
/// Counts connections of other processes of Entrepot in Postgres.
const OTHER_CONNECTIONS: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'entrepot%' AND application_name <> $1";

impl Database {
    /// Returns the same database if no other process of Entrepot has it open; a file is closed and
    /// opened again for that.
    ///
    /// # Errors
    /// Another process has it open.
    pub async fn require_exclusive(self, url: &str, options: Options) -> Result<Self, Fault> {
        match self.backend() {
            Backend::Sqlite => {
                self.close().await?;
                let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
                if !has_no_connections(Path::new(path)).await? {
                    return Err(in_use_fault(path));
                }
                Self::open(url, options).await
            }
            Backend::Postgres => {
                let tries = CLOSE_TIMEOUT.as_millis() / CHECK_INTERVAL.as_millis();
                for _ in 0..tries {
                    let rows = self.global().rows(OTHER_CONNECTIONS, vec![options.application().into()]).await?;
                    let other_count: i64 = rows.first().map_or(Ok(0), Row::scalar)?;
                    if other_count == 0 {
                        return Ok(self);
                    }
                    crate::clock::sleep(CHECK_INTERVAL).await;
                }
                Err(in_use_fault("the Postgres database"))
            }
        }
    }
}

fn in_use_fault(database: &str) -> Fault {
    Fault::Broken(format!(
        "{database} is in use by another process of Entrepot: stop its nodes, workers and other copies, then run the same command again"
    ))
}

/// Whether no connection of any process has the file open. In exclusive mode the first access locks
/// the whole file, which every open connection to a write-ahead log prevents.
async fn has_no_connections(path: &Path) -> Result<bool, Fault> {
    let failed = |err: sqlx::Error| Fault::Broken(format!("cannot open {}: {err}", path.display()));
    let options = sqlite::SqliteConnectOptions::new()
        .filename(path)
        .locking_mode(sqlite::SqliteLockingMode::Exclusive)
        .busy_timeout(CLOSE_TIMEOUT)
        .disable_statement_logging();
    let mut connection = match options.connect().await {
        Ok(connection) => connection,
        Err(err) if is_busy(&err) => return Ok(false),
        Err(err) => return Err(failed(err)),
    };
    let result = sqlx::raw_sql("BEGIN EXCLUSIVE; ROLLBACK").execute(&mut connection).await;
    connection.close().await.map_err(failed)?;
    match result {
        Ok(_) => Ok(true),
        Err(err) if is_busy(&err) => Ok(false),
        Err(err) => Err(failed(err)),
    }
}

/// SQLITE_BUSY.
fn is_busy(err: &sqlx::Error) -> bool {
    err.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| code == "5")
}
