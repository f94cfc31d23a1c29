//! The write-ahead log shipped beside a server, and restores from it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use entrepot::{
    clock::{self, Clock},
    storage::{Database, Options, Row},
};
use serde_json::json;
use tokio::time::sleep;

use super::{
    Shop,
    schedule::{serve, shop},
    write,
};
use crate::process::{
    client::Client,
    server::{Ended, Server, entrepot},
    waiting::{metric, wait_until},
};

pub(super) const LAG: &str = "entrepot_wal_shipping_lag_seconds";
/// Promised maximum loss, in seconds.
pub(super) const PROMISED: f64 = 10.0;
pub(super) const FLAGS: [&str; 7] =
    ["--backup-ship-log", "--backup-every", "1d", "--backup-drill-every", "off", "--registration", "open"];

/// A server whose log is shipped, with a generation that can be restored.
async fn shipping(shop: &Shop) -> (Server, String) {
    let (server, inside) = serve(shop, &shop.backups, &FLAGS).await;
    wait_until("a generation", async || generations(shop).await.len() == 1).await;
    caught_up(&inside).await;
    (server, inside)
}

/// IDs of generations that can be restored, the oldest first.
async fn generations(shop: &Shop) -> Vec<String> {
    if !shop.backups.is_dir() {
        return Vec::new();
    }
    let listed = shop.backup(&["list"]).await;
    let finished = listed.out.lines().filter(|line| line.contains("segment(s) to") && line.contains("keys: present"));
    finished.map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

/// Waits until all current commits have been shipped, which must be within the promised time.
pub(super) async fn caught_up(inside: &str) {
    // The metric is that of the last round, a second ago at most: then less than this lag is a moment after now.
    sleep(Duration::from_millis(4_500)).await;
    wait_until("the shipping", async || metric(inside, LAG, "").await.is_some_and(|lag| lag < 2.5)).await;
}

pub(super) async fn make_store(owner: &Client, code: &str) {
    let create = "mutation($i: StoreCreateInput!) { result: storeCreate(input: $i) { store { id } userErrors { code } } }";
    let input = json!({ "code": code, "name": "A store", "kind": "SHOP", "timeZone": "UTC" });
    let answer = owner.execute(create, json!({ "i": input })).await;
    assert_eq!(answer["result"]["userErrors"], json!([]), "{answer}");
}

/// The disk with the database is gone.
pub(super) fn lose(shop: &Shop) {
    for name in ["it.sqlite", "it.sqlite-wal", "it.sqlite-shm"] {
        let _ = fs::remove_file(shop.site.folder.join(name));
    }
    fs::remove_dir_all(shop.site.folder.join("it.sqlite.wal-spool")).unwrap();
}

async fn restored(shop: &Shop, name: &str, arguments: &[&str]) -> (Ended, PathBuf) {
    let file = shop.site.folder.join(name);
    let words = [&["restore"][..], arguments].concat();
    (shop.run_backup(&format!("sqlite://{}", file.display()), &shop.site.keys(), &words).await, file)
}

/// Stores that the tests have made.
pub(super) async fn stores(file: &Path) -> Vec<String> {
    let db = Database::open(&format!("sqlite://{}", file.display()), Options::default()).await.unwrap();
    let rows = db.global().rows("SELECT code FROM store WHERE code LIKE 'S-%' ORDER BY code", vec![]).await.unwrap();
    let codes = rows.iter().map(|row| Row::new(row).take().unwrap()).collect();
    db.close().await.unwrap();
    codes
}

/// Segments of a generation, in order.
fn segments(shop: &Shop, id: &str) -> Vec<PathBuf> {
    let found = fs::read_dir(shop.backups.join(id).join("wal")).unwrap();
    let mut found: Vec<PathBuf> = found.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_disk_takes_the_last_seconds_and_no_more() {
    let shop = shop().await;
    let (server, inside) = shipping(&shop).await;
    let owner = Client::register(&server.url(), "shipped").await;
    let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicI64::new(0)));
    let writer = tokio::spawn(write(owner, stop.clone(), written.clone()));
    wait_until("some writes", async || written.load(Ordering::SeqCst) >= 40).await;
    let promised = written.load(Ordering::SeqCst);
    let began = Clock::system().monotonic();
    // Writes continue: commits that were acknowledged before are shipped within the promised time
    // all the same.
    caught_up(&inside).await;
    let took = Clock::system().monotonic().since(began).as_secs_f64();
    assert!(took < PROMISED, "{took} s");
    server.kill();
    writer.abort();
    lose(&shop);
    let (ended, file) = restored(&shop, "again.sqlite", &[]).await;
    assert!(ended.has_succeeded() && ended.out.contains("segment(s) of the log extend it to"), "{ended:?}");
    let found = stores(&file).await.len();
    assert!(found >= usize::try_from(promised).unwrap(), "{found} of {promised} stores");
    let proved = entrepot(&["verify", "--database-url", &format!("sqlite://{}", file.display())]).await;
    assert!(proved.has_succeeded(), "{proved:?}");
    let drilled = shop.backup(&["drill"]).await;
    assert!(drilled.has_succeeded() && drilled.out.contains("RPO "), "{drilled:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_goes_to_a_moment_between_two_writes_and_a_turned_bit_is_told() {
    let shop = shop().await;
    let (server, inside) = shipping(&shop).await;
    let owner = Client::register(&server.url(), "moments").await;
    make_store(&owner, "S-1").await;
    caught_up(&inside).await;
    sleep(Duration::from_secs(1)).await;
    let between = clock::rfc3339(Clock::system().now());
    make_store(&owner, "S-2").await;
    caught_up(&inside).await;
    server.kill();
    let (ended, file) = restored(&shop, "between.sqlite", &["--at", &between]).await;
    assert!(ended.has_succeeded(), "{ended:?}");
    assert_eq!(stores(&file).await, ["S-1"]);
    let (ended, file) = restored(&shop, "newest.sqlite", &[]).await;
    assert!(ended.has_succeeded(), "{ended:?}");
    assert_eq!(stores(&file).await, ["S-1", "S-2"]);
    restored(&shop, "early.sqlite", &["--at", "2020-01-01T00:00:00Z"])
        .await
        .0
        .assert_failed(&["no backup was taken before", "2020"]);

    let id = generations(&shop).await.remove(0);
    let last = segments(&shop, &id).pop().unwrap();
    let sound = fs::read(&last).unwrap();
    let mut turned = sound.clone();
    let middle = turned.len() / 2;
    turned[middle] ^= 1;
    for (damaged, case) in [(turned, "a turned bit"), (sound[..sound.len() / 2].to_vec(), "a cut segment")] {
        fs::write(&last, damaged).unwrap();
        shop.backup(&["verify"]).await.assert_failed(&["the segment", "does not open", "--at"]);
        let (ended, file) = restored(&shop, "refused.sqlite", &[]).await;
        ended.assert_failed(&["the segment", "Restore the commits before it", "--at"]);
        assert!(shop.beside(&file).is_empty(), "{case}: nothing is left");
    }
    let (ended, file) = restored(&shop, "before.sqlite", &["--at", &between]).await;
    assert!(ended.has_succeeded(), "what comes before the damage is restored: {ended:?}");
    assert_eq!(stores(&file).await, ["S-1"]);
    fs::write(&last, sound).unwrap();
    let first = segments(&shop, &id).remove(0);
    fs::remove_file(first).unwrap();
    shop.backup(&["verify"]).await.assert_failed(&["the segment", "follows one that is missing"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_by_somebody_else_begins_a_new_generation() {
    let shop = shop().await;
    let (server, inside) = shipping(&shop).await;
    let owner = Client::register(&server.url(), "foreign").await;
    make_store(&owner, "S-1").await;
    caught_up(&inside).await;
    shop.site.run_sql("PRAGMA wal_checkpoint(TRUNCATE)").await;
    make_store(&owner, "S-2").await;
    wait_until("another generation", async || generations(&shop).await.len() == 2).await;
    make_store(&owner, "S-3").await;
    caught_up(&inside).await;
    server.kill();
    lose(&shop);
    let (ended, file) = restored(&shop, "again.sqlite", &[]).await;
    assert!(ended.has_succeeded(), "{ended:?}");
    assert_eq!(stores(&file).await, ["S-1", "S-2", "S-3"]);
}

/// The place had stored the segment, and the process ended before it was acknowledged; the stored
/// bytes differ from those that were sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_segment_that_was_damaged_before_anybody_looked_is_sent_again() {
    let shop = shop().await;
    let (server, inside) = shipping(&shop).await;
    let owner = Client::register(&server.url(), "interrupted").await;
    make_store(&owner, "S-1").await;
    caught_up(&inside).await;
    server.kill();
    let id = generations(&shop).await.remove(0);
    let last = segments(&shop, &id).pop().unwrap();
    let sound = fs::read(&last).unwrap();
    let name = last.file_name().unwrap().to_string_lossy().into_owned();
    fs::write(shop.site.folder.join("it.sqlite.wal-spool").join(format!("{id}~{name}")), &sound).unwrap();
    fs::write(&last, &sound[..sound.len() / 2]).unwrap();
    let (server, inside) = serve(&shop, &shop.backups, &FLAGS).await;
    wait_until("the segment", async || fs::read(&last).unwrap() == sound).await;
    assert_eq!(metric(&inside, "entrepot_wal_shipping_differences_total", "").await, Some(1.0));
    wait_until("another generation", async || generations(&shop).await.len() == 2).await;
    assert!(!shop.runs().await.contains(&"BACKUP FAILED".to_owned()), "{:?}", shop.log().await);
    server.kill();
    let verified = shop.backup(&["verify", &id]).await;
    assert!(verified.has_succeeded(), "{verified:?}");
}
