//! Backups and drills that a server runs on schedule.

use std::{fs, path::Path, time::Duration};

use entrepot::backups::LocalLock;
use tokio::time::sleep;

use super::Shop;
use crate::process::{
    operations::health,
    server::{Server, Site, UNLIMITED, entrepot, free_address},
    waiting::{metric, wait_until},
};

const LAST: &str = "entrepot_backup_last_success_timestamp_seconds";
const LISTED: &str = "entrepot_revocations_listed_timestamp_seconds";
const FAILURES: &str = "entrepot_backup_failures_total";

pub(super) async fn shop() -> Shop {
    let site = Site::sqlite().await;
    let backups = site.folder.join("backups");
    Shop { site, backups }
}

/// A shop with so many rows that a backup takes a while.
async fn full_shop() -> Shop {
    let shop = shop().await;
    shop.site.run_sql("CREATE TABLE ballast (number INTEGER PRIMARY KEY, bytes BLOB)").await;
    let fill = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 80)
        INSERT INTO ballast SELECT n, randomblob(1000000) FROM n";
    shop.site.run_sql(fill).await;
    shop
}

/// A server that makes backups, and the address of its metrics.
pub(super) async fn serve(shop: &Shop, place: &Path, extra: &[&str]) -> (Server, String) {
    let (place, inside) = (format!("file:{}", place.display()), free_address().to_string());
    let flags = ["--job-lease-seconds", "2", "--backups", &place, "--metrics-listen", &inside];
    let flags = [&UNLIMITED[..], &flags, extra].concat();
    (Server::start_with(&shop.site, free_address(), &flags).await, inside)
}

fn count(runs: &[String], text: &str) -> usize {
    runs.iter().filter(|run| *run == text).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_served_database_is_backed_up_and_drilled_by_schedule() {
    let shop = shop().await;
    let (server, inside) = serve(&shop, &shop.backups, &["--backup-every", "3s", "--backup-drill-every", "1h"]).await;
    wait_until("two backups", async || count(&shop.runs().await, "BACKUP DONE") >= 2).await;
    wait_until("the metrics", async || metric(&inside, LAST, "").await.is_some_and(|last| last > 1e9)).await;
    assert_eq!(metric(&inside, "entrepot_backup_interval_seconds", "").await, Some(3.0));
    assert!(metric(&inside, "entrepot_backup_bytes", "").await.is_some_and(|bytes| bytes > 1_000.0));
    assert!(metric(&inside, "entrepot_backup_last_duration_seconds", "").await.is_some_and(|seconds| seconds > 0.0));
    assert_eq!(metric(&inside, FAILURES, "").await, Some(0.0));
    server.kill();
    let (log, runs) = (shop.log().await, shop.runs().await);
    assert_eq!(count(&runs, "DRILL DONE"), 1, "one is due after the first backup: {log:?}");
    let id = &log[0][5];
    assert_eq!(log[0][4], format!("file:{}", shop.backups.display()), "{log:?}");
    for id in [id.as_str(), "newest"] {
        let verified = shop.backup(&["verify", id]).await;
        assert!(verified.has_succeeded() && verified.out.contains("can be restored"), "{verified:?}");
    }
    // The log is what metrics are made of, so that an alarm sees it after a restart, and in processes that make no backups.
    let before = metric_of_log(&shop).await;
    let listed = "UPDATE job SET failures = 0, finished_at = 1700000000000000 WHERE kind = 'backup.revocations'";
    shop.site.run_sql(listed).await;
    let (server, inside) = serve(&shop, &shop.backups, &["--backup-every", "1d", "--jobs", "off"]).await;
    wait_until("the last backup", async || metric(&inside, LAST, "").await == Some(before)).await;
    wait_until("the last lists of revocations", async || metric(&inside, LISTED, "").await == Some(1.7e9)).await;
    assert!(metric(&inside, "entrepot_backup_drill_last_success_timestamp_seconds", "").await.is_some_and(|last| last > 1e9));
    drop(server);
}

/// The start of the last backup in the log, in seconds since 1970.
async fn metric_of_log(shop: &Shop) -> f64 {
    let log = shop.log().await;
    let last = log.iter().rfind(|row| row[1..3] == ["BACKUP", "DONE"]).unwrap();
    entrepot::clock::parse_rfc3339(&last[0]).unwrap().micros() as f64 / 1e6
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn times_that_were_missed_are_made_up_for_by_one_backup() {
    let shop = shop().await;
    let (server, _) = serve(&shop, &shop.backups, &["--backup-drill-every", "off"]).await;
    wait_until("the first backup", async || shop.runs().await == ["BACKUP DONE"]).await;
    server.kill();
    shop.site.run_sql("UPDATE backup_run SET started_at = started_at - 864000000000, ended_at = ended_at - 864000000000").await;
    // Turns come as often as the shorter interval.
    let (server, _) = serve(&shop, &shop.backups, &["--backup-every", "1d", "--backup-drill-every", "1s"]).await;
    wait_until("some turns", async || count(&shop.runs().await, "DRILL DONE") >= 3).await;
    assert_eq!(count(&shop.runs().await, "BACKUP DONE"), 2, "ten days were missed");
    drop(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_backup_is_in_the_log_and_in_the_metrics_and_tried_again() {
    let shop = shop().await;
    let taken = shop.site.folder.join("taken");
    fs::write(&taken, "a file, not a folder").unwrap();
    let (server, inside) = serve(&shop, &taken.join("backups"), &["--backup-every", "2s"]).await;
    wait_until("the failure", async || metric(&inside, FAILURES, "kind=\"backup\"").await.is_some_and(|count| count >= 1.0))
        .await;
    assert_eq!(metric(&inside, LAST, "").await, Some(0.0), "none was ever made");
    let log = shop.log().await;
    let error = log[0].last().unwrap();
    assert!(log[0][2] == "FAILED" && error.contains("the backup location cannot be reached"), "{log:?}");
    assert_eq!(health(&server).await.0, 200, "the server goes on");
    fs::remove_file(&taken).unwrap();
    wait_until("a backup", async || count(&shop.runs().await, "BACKUP DONE") >= 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_is_killed_is_a_failed_one_and_the_next_is_made() {
    let shop = full_shop().await;
    let (lock, every) = (shop.backups.join("lock"), ["--backup-every", "2s", "--backup-drill-every", "off"]);
    let mut tries = 0;
    while !lock.exists() {
        tries += 1;
        assert!(tries < 20, "every backup was done before it was killed");
        let (server, _) = serve(&shop, &shop.backups, &every).await;
        wait_until("a backup to begin", async || lock.exists()).await;
        server.kill();
    }
    let (server, inside) = serve(&shop, &shop.backups, &every).await;
    wait_until("the failure", async || metric(&inside, FAILURES, "kind=\"backup\"").await.is_some_and(|count| count >= 1.0))
        .await;
    let log = shop.log().await;
    let killed = log.iter().rfind(|row| row[2] == "FAILED").unwrap();
    assert!(killed.last().unwrap().contains("its process ended"), "{log:?}");
    // The lock of the place outlives its holder by ten minutes. Until then nothing is made, and nothing fails.
    wait_until("the next turn", async || server.stderr().contains("another backup writes to this place")).await;
    let runs = |row: &Vec<String>| row[2] != "RUNNING";
    let (before, after) = (log.iter().filter(|row| runs(row)).count(), shop.log().await.iter().filter(|row| runs(row)).count());
    assert_eq!(after, before);
    let backup_count = count(&shop.runs().await, "BACKUP DONE");
    fs::write(&lock, "1\nsomebody").unwrap();
    wait_until("a backup", async || count(&shop.runs().await, "BACKUP DONE") > backup_count).await;
    assert!(shop.backup(&["verify"]).await.has_succeeded());
    drop(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_and_the_schedule_do_not_meet() {
    let shop = shop().await;
    // As a run holds it.
    let lock = LocalLock::take(&shop.site.folder.join("it.sqlite")).unwrap().unwrap();
    let (server, _) = serve(&shop, &shop.backups, &["--backup-every", "1s", "--backup-drill-every", "off"]).await;
    for command in ["run", "drill"] {
        shop.backup(&[command]).await.assert_failed(&["another backup or drill of this database", "let it finish"]);
    }
    sleep(Duration::from_secs(2)).await;
    assert_eq!(shop.log().await, Vec::<Vec<String>>::new(), "the schedule waits, too");
    drop(lock);
    wait_until("a backup of the schedule", async || count(&shop.runs().await, "BACKUP DONE") >= 1).await;
    for _ in 0..5 {
        let (one, two) = tokio::join!(shop.backup(&["run"]), shop.backup(&["run"]));
        for ended in [one, two].iter().filter(|ended| !ended.has_succeeded()) {
            ended.assert_failed(&["another backup"]);
        }
    }
    // A backup that was running when the node was killed has no manifest, or is the last one in the
    // list.
    server.kill();
    let listed = shop.backup(&["list"]).await;
    let finished: Vec<&str> = listed.out.lines().filter(|line| !line.contains("never finished")).collect();
    let done = count(&shop.runs().await, "BACKUP DONE");
    assert!([done, done + 1].contains(&finished.len()), "{done} of {listed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_of_a_postgres_is_not_shipped_and_the_way_out_is_named() {
    let url = "postgres://nobody@127.0.0.1:1/none";
    for process in ["serve", "worker"] {
        let refused = entrepot(&[process, "--database-url", url, "--backups", "file:backups", "--backup-ship-log"]).await;
        refused.assert_failed(&["--backup-ship-log is for an embedded database", "pgBackRest"]);
    }
    for (flag, value) in [("--backup-every", "soon"), ("--backup-drill-every", "0d"), ("--backup-keep", "0")] {
        entrepot(&["serve", "--database-url", url, flag, value]).await.assert_failed(&[flag]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn backups_are_not_made_where_files_are_kept() {
    let (embedded, server) = ("sqlite://none.sqlite", "postgres://nobody@127.0.0.1:1/none");
    for process in ["serve", "worker"] {
        for url in [embedded, server] {
            let places = ["--files", "file:stored", "--backups", "file:./stored"];
            let refused = entrepot(&[&[process, "--database-url", url][..], &places].concat()).await;
            refused.assert_failed(&["--backups and --files are the same place", "on another disk"]);
        }
        let beside = entrepot(&[process, "--database-url", embedded, "--backups", "file:none.sqlite.files"]).await;
        beside.assert_failed(&["the same place"]);
    }
}
