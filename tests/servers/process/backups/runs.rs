//! Runs that meet, that are killed, and what removes their remains.

use std::{fs, path::Path, process::Stdio, time::Duration};

use tokio::time::sleep;

use super::{NOBODYS, Shop};
use crate::process::server::{command, entrepot};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runs_do_not_meet_and_a_place_that_cannot_be_written_is_named() {
    let shop = Shop::open().await;
    let id = shop.made().await;
    let now = entrepot::clock::Clock::system().now().micros();
    let lock = shop.backups.join("lock");
    assert!(!lock.exists(), "a run that has ended holds nothing");
    fs::write(&lock, format!("{now}\n{NOBODYS}")).unwrap();
    shop.backup(&["run"]).await.assert_failed(&[&format!("another backup, {NOBODYS}, is being made in this place"), "until"]);
    assert!(lock.exists(), "the lock of another run stays");
    // Locks from long ago, by a clock that is wrong, or of something else.
    for text in [format!("{}\n{NOBODYS}", now - 3_600_000_000), format!("{}\n{NOBODYS}", i64::MAX), "no lock".to_owned()] {
        fs::write(&lock, &text).unwrap();
        assert_ne!(shop.made().await, id, "{text}");
        assert!(!lock.exists());
    }
    let (one, two) = tokio::join!(shop.backup(&["run"]), shop.backup(&["run"]));
    let lost = if one.has_succeeded() { &two } else { &one };
    assert!(one.has_succeeded() || two.has_succeeded(), "{one:?} {two:?}");
    if !lost.has_succeeded() {
        lost.assert_failed(&["another backup"]);
    }

    let taken = shop.site.folder.join("taken");
    fs::write(&taken, "a file, not a folder").unwrap();
    let place = format!("file:{}", taken.join("backups").display());
    let (url, keys) = (&shop.site.url, shop.site.keys());
    let output = entrepot(&["backup", "run", "--database-url", url, "--keys-file", &keys, "--backups", &place]).await;
    output.assert_failed(&["the backup location", "taken", "Check --backups"]);
    assert!(shop.beside(Path::new("it.sqlite.backup-copy")).is_empty(), "no copy is left beside the database");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_was_killed_leaves_nothing_that_a_later_one_minds() {
    let shop = Shop::open().await;
    let (lock, place) = (shop.backups.join("lock"), format!("file:{}", shop.backups.display()));
    let keys = shop.site.keys();
    let args = ["backup", "run", "--database-url", &shop.site.url, "--keys-file", &keys, "--backups", &place];
    let mut tries = 0;
    while !lock.exists() {
        tries += 1;
        assert!(tries < 50, "every run was done before it was killed");
        let mut run = command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while !lock.exists() && run.try_wait().unwrap().is_none() {
            sleep(Duration::from_micros(200)).await;
        }
        // A little later each time: while it copies, encrypts, or writes.
        sleep(Duration::from_millis(10)).await;
        run.kill().unwrap();
        run.wait().unwrap();
    }
    let text = fs::read_to_string(&lock).unwrap();
    let killed = text.split('\n').nth(1).unwrap().to_owned();
    shop.backup(&["run"]).await.assert_failed(&[&killed, "One that was killed holds its lock until"]);
    fs::write(&lock, format!("1\n{killed}")).unwrap();
    let id = shop.made().await;
    assert_eq!(shop.beside(Path::new("it.sqlite.backup-")), ["it.sqlite.backup-lock"]);
    assert!(!lock.exists());
    let (ended, _) = shop.restored("again.sqlite", "newest").await;
    assert!(ended.has_succeeded() && ended.out.contains(&id), "{ended:?}");
    // As if it had been killed after its first chunk.
    fs::create_dir_all(shop.backups.join(&killed)).unwrap();
    fs::write(shop.chunk(&killed, 0), "half").unwrap();
    assert!(shop.backup(&["prune"]).await.out.contains(&format!("marked {killed}")));
    fs::write(shop.backups.join(&killed).join("marked"), "1").unwrap();
    assert!(shop.backup(&["prune"]).await.out.contains(&format!("removed {killed}")));
    assert!(shop.backup(&["verify", &id]).await.has_succeeded());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prune_marks_first_and_touches_nothing_that_it_does_not_know() {
    let shop = Shop::open().await;
    let id = shop.made().await;
    let unfinished = shop.backups.join(NOBODYS);
    fs::create_dir_all(&unfinished).unwrap();
    fs::write(unfinished.join("000000"), "half").unwrap();
    // A backup of a newer version, and unrelated files.
    let newer = shop.backups.join("20200102T000000000Z-00000000");
    fs::create_dir_all(&newer).unwrap();
    fs::write(newer.join("manifest.json"), "{\"format\": 3, \"version\": \"9.0.0\"}").unwrap();
    let foreign = shop.backups.join("019234-tenant").join("file");
    fs::create_dir_all(foreign.parent().unwrap()).unwrap();
    fs::write(&foreign, "a picture").unwrap();

    let first = shop.backup(&["prune"]).await;
    assert!(first.has_succeeded() && first.out.contains("1 marked, 0 removed"), "{first:?}");
    assert!(first.out.contains("kept 20200102T000000000Z-00000000"), "{first:?}");
    assert!(shop.backup(&["prune"]).await.out.contains("0 marked, 0 removed"), "not before a day");
    for folder in [&unfinished, &newer, &foreign.parent().unwrap().to_path_buf()] {
        fs::write(folder.join("marked"), "1").unwrap();
    }
    let last = shop.backup(&["prune"]).await;
    assert!(last.out.contains(&format!("removed {NOBODYS}")) && !unfinished.join("000000").exists(), "{last:?}");
    assert!(last.out.contains("0 marked, 1 removed"), "{last:?}");
    assert!(newer.join("manifest.json").exists() && !newer.join("marked").exists());
    assert_eq!(fs::read_to_string(&foreign).unwrap(), "a picture");
    assert!(!shop.backup(&["list"]).await.out.contains("tenant"));
    assert!(shop.backup(&["verify", &id]).await.has_succeeded(), "the newest stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_an_older_version_is_backed_up_without_a_log() {
    let shop = Shop::open().await;
    shop.site.run_sql("DROP TABLE backup_run").await;
    shop.site.run_sql("DELETE FROM seaql_migrations WHERE version IN ('m0052_backup_runs', 'm0109_drill_rpo')").await;
    shop.made().await;
    let drilled = shop.backup(&["drill"]).await;
    assert!(drilled.has_succeeded(), "{drilled:?}");
}
