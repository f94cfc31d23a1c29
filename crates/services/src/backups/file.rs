//! A consistent copy of an embedded database, made while others use it.

use std::{path::Path, time::Duration};

use platform::storage::Fault;
use sea_orm::sqlx::{self, ConnectOptions, Connection, sqlite};

/// How long the copy waits for whoever holds the file.
const PATIENCE: Duration = Duration::from_secs(5);

/// Writes one file with everything that was committed when it began (`VACUUM INTO`). Its connection is its own: those of readers may write
/// nothing, and none may be inside a transaction. It needs as much room as the database, and keeps the write-ahead log from being reset meanwhile.
///
/// # Errors
/// There is no such file, or no room, or the folder cannot be written to. What was begun has to be removed by the caller.
pub async fn copy_file(file: &Path, into: &Path) -> Result<(), Fault> {
    let failed = |err: sqlx::Error| {
        Fault::Broken(format!("{} cannot be copied to {}: {err}; the copy needs as much room", file.display(), into.display()))
    };
    if !file.exists() {
        return Err(Fault::Broken(format!("there is no database at {}", file.display())));
    }
    let options = sqlite::SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(false)
        .busy_timeout(PATIENCE)
        // Checkpoints are the server's.
        .pragma("wal_autocheckpoint", "0")
        .disable_statement_logging();
    let mut connection = options.connect().await.map_err(failed)?;
    let copied = sqlx::query("VACUUM INTO ?1").bind(into.display().to_string()).execute(&mut connection).await;
    connection.close().await.map_err(failed)?;
    copied.map(drop).map_err(failed)
}

/// Looks through a whole file for damage (`PRAGMA integrity_check`).
///
/// # Errors
/// It is damaged, or no database.
pub async fn examine_file(file: &Path) -> Result<(), Fault> {
    let failed = |err: sqlx::Error| Fault::Broken(format!("{} is no sound database: {err}", file.display()));
    let options = sqlite::SqliteConnectOptions::new().filename(file).create_if_missing(false).disable_statement_logging();
    let mut connection = options.connect().await.map_err(failed)?;
    let said: Result<String, sqlx::Error> = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await;
    connection.close().await.map_err(failed)?;
    match said.map_err(failed)?.as_str() {
        "ok" => Ok(()),
        why => Err(Fault::Broken(format!("{} is damaged: {why}", file.display()))),
    }
}
