//! Connections of SQLite that do nothing free the pages of their caches; those in use keep them.

use std::time::Duration;

use entrepot::storage::{Database, Options};
use tokio::time::{sleep, timeout};

use super::Home;

/// Timeout for connections to return to their pool.
const PATIENCE: Duration = Duration::from_secs(10);

/// Returns how many connections are open, once all of them are idle.
async fn at_rest(db: &Database) -> usize {
    let resting = async {
        loop {
            let pools = db.pools();
            if pools.iter().all(|pool| pool.idle == pool.open) {
                return pools.iter().map(|pool| pool.open).sum::<usize>();
            }
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, resting).await.expect("a connection is in use")
}

#[tokio::test]
async fn idle_connections_free_their_pages_and_one_in_use_is_not_waited_for() {
    let home = Home::sqlite().await;
    let db = Database::open(&home.url, Options::default()).await.unwrap();
    // A reader connection is opened by the first read.
    db.explain("SELECT 1").await.unwrap();
    assert_eq!(at_rest(&db).await, 2);
    assert_eq!(db.free_idle_pages().await.unwrap(), 2);
    at_rest(&db).await;
    let writer = db.hold_writer().await.unwrap().unwrap();
    let freed = timeout(PATIENCE, db.free_idle_pages()).await.expect("it waits for the writer");
    assert_eq!(freed.unwrap(), 1, "the reader's alone");
    drop(writer);
    at_rest(&db).await;
    assert!(db.accepts_writes().await.unwrap());
    db.check_writable().await.unwrap();
    db.close().await.unwrap();
}

#[tokio::test]
async fn connections_of_postgres_have_no_pages_to_free() {
    let Some(home) = Home::postgres().await else { return };
    let db = Database::open(&home.url, Options::default()).await.unwrap();
    assert_eq!(db.free_idle_pages().await.unwrap(), 0);
    db.close().await.unwrap();
}
