//! Whether other processes of ours use a database.

use std::{path::Path, time::Duration};

use sea_orm::sqlx::{self, ConnectOptions, Connection, sqlite};

use crate::storage::{Backend, Database, Fault, Options, Row};

/// How long the connections of a process that was killed may take to go.
const PATIENCE: Duration = Duration::from_secs(5);
const STEP: Duration = Duration::from_millis(250);
/// Names of our connections in Postgres that are not this process's.
const OTHERS: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'entrepot%' AND application_name <> $1";

impl Database {
    /// The same database, when no other process of Entrepot has it open; a file is closed and opened again for that.
    ///
    /// # Errors
    /// Another process has it open.
    pub async fn to_itself(self, url: &str, options: Options) -> Result<Self, Fault> {
        match self.backend() {
            Backend::Sqlite => {
                self.close().await?;
                let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
                if !is_free(Path::new(path)).await? {
                    return Err(in_use(path));
                }
                Self::open(url, options).await
            }
            Backend::Postgres => {
                let tries = PATIENCE.as_millis() / STEP.as_millis();
                for _ in 0..tries {
                    let rows = self.global().rows(OTHERS, vec![options.application().into()]).await?;
                    let others: i64 = rows.first().map_or(Ok(0), Row::scalar)?;
                    if others == 0 {
                        return Ok(self);
                    }
                    crate::clock::sleep(STEP).await;
                }
                Err(in_use("the Postgres database"))
            }
        }
    }
}

fn in_use(what: &str) -> Fault {
    Fault::Broken(format!(
        "{what} is in use by another process of Entrepot: stop its nodes, workers and other copies, then run the same command again"
    ))
}

/// Whether no connection of any process has the file open. In exclusive mode the first access takes a lock on the whole file, which every open
/// connection to a write-ahead log keeps from others.
async fn is_free(path: &Path) -> Result<bool, Fault> {
    let failed = |err: sqlx::Error| Fault::Broken(format!("cannot open {}: {err}", path.display()));
    let options = sqlite::SqliteConnectOptions::new()
        .filename(path)
        .locking_mode(sqlite::SqliteLockingMode::Exclusive)
        .busy_timeout(PATIENCE)
        .disable_statement_logging();
    let mut connection = match options.connect().await {
        Ok(connection) => connection,
        Err(err) if is_busy(&err) => return Ok(false),
        Err(err) => return Err(failed(err)),
    };
    let tried = sqlx::raw_sql("BEGIN EXCLUSIVE; ROLLBACK").execute(&mut connection).await;
    connection.close().await.map_err(failed)?;
    match tried {
        Ok(_) => Ok(true),
        Err(err) if is_busy(&err) => Ok(false),
        Err(err) => Err(failed(err)),
    }
}

/// SQLITE_BUSY.
fn is_busy(err: &sqlx::Error) -> bool {
    err.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| code == "5")
}
