//! Databases with a complete test world: one for each build of the tests, made by the first test
//! that needs it, and copied by all.

use std::{fs, path::Path, time::Duration};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{FILE, Home, connect, is_there, program, random, run, scratch_folder, server, strategy, text_of_migrations};

/// File with the data of the world that its database does not hold.
const KEPT: &str = "kept.json";

/// A copy of the SQLite file that `furnish` has filled, with the files beside it, and the data that
/// it returned.
pub async fn sqlite(furnish: impl AsyncFnOnce(Home) -> (Home, Value)) -> (Home, Value) {
    let model = scratch_folder().join(format!("entrepot-furnished-{}", build()));
    if !model.exists() {
        let (home, kept) = furnish(Home::sqlite().await).await;
        assert!(!home.folder.join(format!("{FILE}-wal")).exists(), "closed, and all of it is in the file");
        fs::write(home.folder.join(KEPT), kept.to_string()).unwrap();
        // If several processes fill one at once, the first one's folder stays; a folder that cannot
        // take the name is deleted with its home.
        let _ = fs::rename(&home.folder, &model);
    }
    let home = Home::empty_sqlite();
    copy(&model, &home.folder);
    let kept = fs::read_to_string(home.folder.join(KEPT)).unwrap();
    (home, serde_json::from_str(&kept).unwrap())
}

/// The same as a Postgres database, whose comment holds the data. None, with a printed notice, if
/// no Postgres server is configured.
pub async fn postgres(furnish: impl AsyncFnOnce(Home) -> (Home, Value)) -> Option<(Home, Value)> {
    let server = server()?;
    let connection = connect(&server).await;
    let name = format!("entrepot_furnished_{}", build());
    if !is_there(&connection, &name).await {
        run(&connection, "SELECT pg_advisory_lock(7170153)").await;
        if !is_there(&connection, &name).await {
            let (mut home, mut kept) = furnish(Home::postgres().await?).await;
            let folder = scratch_folder().join(format!("entrepot-furnished-{:x}", random()));
            fs::rename(&home.folder, &folder).unwrap();
            kept["folder"] = json!(folder);
            // From here on no test drops it.
            let (_, database) = home.postgres.take().unwrap();
            let words = kept.to_string().replace('\'', "''");
            run(&connection, &format!("COMMENT ON DATABASE {database} IS '{words}'")).await;
            leave_alone(&connection, &database).await;
            run(&connection, &format!("ALTER DATABASE {database} RENAME TO {name}")).await;
        }
        run(&connection, "SELECT pg_advisory_unlock(7170153)").await;
    }
    let sql = format!("SELECT shobj_description(oid, 'pg_database') AS kept FROM pg_database WHERE datname = '{name}'");
    let kept: Value = serde_json::from_str(&text(&connection, &sql).await).unwrap();
    let strategy = strategy(&connection).await;
    let home = Home::create(server, connection, &format!(" TEMPLATE {name} STRATEGY {strategy}")).await;
    copy(Path::new(kept["folder"].as_str().unwrap()), &home.folder);
    Some((home, kept))
}

/// Ends all connections to a database: it cannot be renamed while one is open.
async fn leave_alone(connection: &DatabaseConnection, name: &str) {
    let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    let left = format!("SELECT count(*)::text AS left FROM pg_stat_activity WHERE datname = '{name}'");
    for _ in 0..500 {
        run(connection, &end).await;
        if text(connection, &left).await == "0" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{name} is not left alone");
}

/// The only value of an answer.
async fn text(connection: &DatabaseConnection, sql: &str) -> String {
    let row = connection.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

/// Copies the contents of a folder into another one.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(path, to).unwrap();
        }
    }
}

/// Fingerprint of this build of the tests, which contains the code that furnishes; migrations are
/// read from the source.
fn build() -> String {
    let mut hasher = Sha256::new();
    hasher.update(text_of_migrations());
    hasher.update(program());
    hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
