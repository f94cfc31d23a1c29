//! Postgres' archive of its log, as the metrics and the doctor tell it.

use super::{
    own_postgres::Postgres,
    server::{Server, Site, entrepot, free_address},
    waiting::{metric, wait_until},
};
use crate::databases::run_sql;

const FAILING: &str = "entrepot_wal_archive_failing";
const PENDING: &str = "entrepot_wal_archive_pending_segments";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archive_that_fails_is_told_until_it_has_caught_up() {
    let Some(postgres) = Postgres::start().await else { return };
    let set = async |setting: &str| run_sql(&postgres.url, &format!("ALTER SYSTEM SET {setting}")).await;
    for setting in ["wal_level = 'replica'", "archive_mode = on", "archive_command = 'false'"] {
        set(setting).await;
    }
    postgres.restart().await;
    let site = Site::postgres_at(&postgres.url).await;
    let inside = free_address().to_string();
    let server = Server::start_with(&site, free_address(), &["--metrics-listen", &inside]).await;
    server.tenant().await;
    run_sql(&postgres.url, "SELECT pg_switch_wal()").await;
    wait_until("a failure in the metrics", async || metric(&inside, FAILING, "").await == Some(1.0)).await;
    assert_eq!(metric(&inside, PENDING, "").await, None, "nothing is archived yet");
    let doctor = async || entrepot(&["doctor", "--database-url", &site.url]).await.out;
    let found = doctor().await;
    assert!(found.contains("WARN  wal archive: the last attempt failed; nothing is archived yet. Next: "), "{found}");
    set("archive_command = 'true'").await;
    run_sql(&postgres.url, "SELECT pg_reload_conf()").await;
    // After a few failures Postgres waits for a minute, or for the next segment.
    server.tenant().await;
    run_sql(&postgres.url, "SELECT pg_switch_wal()").await;
    wait_until("a success in the metrics", async || {
        metric(&inside, FAILING, "").await == Some(0.0) && metric(&inside, PENDING, "").await == Some(0.0)
    })
    .await;
    let found = doctor().await;
    assert!(found.contains("OK    wal archive: 0 complete segment(s) wait"), "{found}");
}
