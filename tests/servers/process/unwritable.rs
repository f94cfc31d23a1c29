//! Databases that answer and take no writes, and connections that died without a word.

use std::{fs, time::Duration};

use entity::prelude::TenantId;
use entrepot::storage::{Database, Options};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    operations::health,
    server::{Server, Site, entrepot},
    shop::{ADJUST, CATEGORY, Shop, adjust, change},
};

const PATIENCE: Duration = Duration::from_secs(20);
/// Longer than one look answers all probes.
const NEXT_LOOK: Duration = Duration::from_millis(600);

/// Marks the file as written by an SQLite that this one may only read after: a right that even root lacks (sqlite.org/fileformat2.html, "file
/// format version numbers").
fn make_read_only(site: &Site) {
    let file = site.folder.join("it.sqlite");
    let mut bytes = fs::read(&file).unwrap();
    bytes[18] = 3;
    fs::write(&file, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_may_only_be_read_is_not_served() {
    let site = Site::sqlite().await;
    make_read_only(&site);
    for subcommand in ["serve", "worker"] {
        entrepot(&[subcommand, "--database-url", &site.url])
            .await
            .assert_failed(&["the database may only be read", "--database-url"]);
    }
    let db = Database::open(&site.url, Options::default()).await.unwrap();
    assert!(!db.accepts_writes().await.unwrap());
    let work = db.tenant(TenantId::NIL).begin().await.unwrap();
    let fault = work.execute("UPDATE tenant SET name = name WHERE id = $1", vec![]).await.unwrap_err();
    assert!(fault.is_transient(), "a client may send it again: {fault}");
    assert!(fault.to_string().contains("the database is read-only"), "{fault}");
}

/// Sets the default mode of new sessions of the database; old ones are not changed.
async fn begin_sessions(site: &Site, read_only: &str) {
    let (_, name) = site.url.rsplit_once('/').unwrap();
    let name = name.split('?').next().unwrap();
    site.run_sql(&format!("BEGIN READ WRITE; ALTER DATABASE {name} SET default_transaction_read_only = {read_only}; COMMIT"))
        .await;
}

async fn end_sessions(site: &Site) {
    let all =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    site.run_sql(all).await;
}

/// A change of the ledger and one of the catalogue: they take different ways to the database.
async fn changes(shop: &Shop, key: &str) -> [Result<Value, String>; 2] {
    let (product, store) = shop.place(0, 0);
    let input = adjust(key, "ADJUSTMENT", "CORRECTION", &[change(&product, &store, 1)]);
    let adjusted = shop.client.send(ADJUST, &json!({ "input": input })).await;
    [adjusted, shop.client.send(CATEGORY, &json!({ "input": { "name": key } })).await]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_became_read_only_is_left_for_one_that_takes_writes() {
    let Some(site) = Site::postgres().await else { return };
    let server = Server::start(&site).await;
    let shop = Shop::open(server.tenant().await, 1, 1, 10).await;
    begin_sessions(&site, "on").await;
    end_sessions(&site).await;
    let started_at = Instant::now();
    for key in 0.. {
        let answers = changes(&shop, &format!("meanwhile {key}")).await;
        let errors = answers.map(|answer| answer.expect_err("nothing can be written"));
        assert!(errors.iter().all(|error| error.contains("UNAVAILABLE")), "{errors:?}");
        if errors.iter().all(|error| error.contains("the database takes no writes just now, try again")) {
            break;
        }
        assert!(started_at.elapsed() < PATIENCE, "{errors:?}");
    }
    assert_eq!(shop.levels().await.len(), 1, "whoever asks is answered");
    sleep(NEXT_LOOK).await;
    let (status, report) = health(&server).await;
    assert_eq!((status, &report["checks"]["database"]["status"]), (503, &json!("failed")), "{report}");
    assert!(report["checks"]["database"]["reason"].as_str().unwrap().contains("read-only"), "{report}");
    // The address leads to a server that takes writes again; the sessions that are open do not.
    begin_sessions(&site, "off").await;
    for key in 0.. {
        if changes(&shop, &format!("after {key}")).await.iter().all(Result::is_ok) {
            break;
        }
        assert!(started_at.elapsed() < 2 * PATIENCE, "it stays where nothing can be written");
        sleep(Duration::from_millis(100)).await;
    }
    while health(&server).await.0 != 200 {
        assert!(started_at.elapsed() < 2 * PATIENCE, "not ready again");
        sleep(Duration::from_millis(100)).await;
    }
    drop(server);
    site.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_whose_connections_were_ended_is_as_ready_as_before() {
    let Some(site) = Site::postgres().await else { return };
    let server = Server::start(&site).await;
    for _ in 0..3 {
        end_sessions(&site).await;
        sleep(NEXT_LOOK).await;
        let (status, report) = health(&server).await;
        assert_eq!(status, 200, "{report}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_a_file_has_no_colours() {
    let site = Site::sqlite().await;
    let server = Server::start(&site).await;
    server.tenant().await;
    let started_at = Instant::now();
    while server.stderr().is_empty() {
        assert!(started_at.elapsed() < PATIENCE, "it says nothing");
        sleep(Duration::from_millis(50)).await;
    }
    assert!(!server.stderr().contains('\u{1b}'), "{}", server.stderr());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_another_process_holds_is_waited_for_and_no_longer() {
    let site = Site::sqlite().await;
    let server = Server::start(&site).await;
    let shop = Shop::open(server.tenant().await, 1, 1, 10).await;
    let holder = crate::databases::connect(&site.url).await;
    sea_orm::ConnectionTrait::execute_unprepared(&holder, "BEGIN IMMEDIATE").await.unwrap();
    let started_at = Instant::now();
    let (product, store) = shop.place(0, 0);
    let input = adjust("held", "ADJUSTMENT", "CORRECTION", &[change(&product, &store, 1)]);
    let answer = shop.client.send(ADJUST, &json!({ "input": input })).await;
    let error = answer.expect_err("nothing can be written");
    assert!(["UNAVAILABLE", "TIMEOUT"].iter().any(|code| error.contains(code)), "{error}");
    assert!(started_at.elapsed() < PATIENCE, "{:?}", started_at.elapsed());
    assert_eq!(shop.levels().await.len(), 1, "whoever asks is answered");
    sea_orm::ConnectionTrait::execute_unprepared(&holder, "ROLLBACK").await.unwrap();
    holder.close().await.unwrap();
    shop.client.must_mutate(ADJUST, input).await;
    drop(server);
    site.verify().await;
}
