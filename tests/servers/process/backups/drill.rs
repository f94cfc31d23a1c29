//! A drill: the newest backup restored beside the database, proven, and removed.

use std::fs;

use super::{Shop, rows};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drill_restores_proves_measures_and_removes() {
    let shop = Shop::open().await;
    let id = shop.made().await;
    let file = shop.site.folder.join("it.sqlite.drill");
    let served = shop.site.folder.join("it.sqlite");
    let before = rows(&served).await;
    let drilled = shop.backup(&["drill"]).await;
    assert!(drilled.has_succeeded(), "{drilled:?}");
    for part in [&format!("{id} can be restored"), "invariants hold over", "the heads of", "RPO ", "RTO "] {
        assert!(drilled.out.contains(part), "\"{part}\" is not in {drilled:?}");
    }
    assert!(shop.beside(&file).is_empty(), "nothing is left");
    assert_eq!(rows(&served).await, before, "the database itself is not touched, but for its log");
    assert!(shop.backup(&["list"]).await.out.contains("verified"));

    let chunk = shop.chunk(&id, 0);
    let mut turned = fs::read(&chunk).unwrap();
    turned[100] ^= 1;
    fs::write(&chunk, turned).unwrap();
    shop.backup(&["drill"]).await.assert_failed(&["the chunk", "was changed"]);
    assert!(shop.beside(&file).is_empty(), "nothing is left");
    let log = shop.log().await;
    assert_eq!(shop.runs().await, ["BACKUP DONE", "DRILL DONE", "DRILL FAILED"]);
    let has = |row: &[String], parts: &[&str]| parts.iter().all(|part| row.iter().any(|column| column.starts_with(part)));
    assert!(has(&log[1], &[&id, "RPO ", "RTO ", "sound", "head "]), "{log:?}");
    assert!(has(&log[2], &[&id, &format!("the chunk {id}/000000 was changed")]), "{log:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drill_that_was_killed_is_in_the_way_of_no_later_one() {
    let shop = Shop::open().await;
    shop.made().await;
    fs::write(shop.site.folder.join("it.sqlite.drill.restoring"), "half a database").unwrap();
    fs::write(shop.site.folder.join("it.sqlite.drill.restoring-wal"), "half a log").unwrap();
    let drilled = shop.backup(&["drill"]).await;
    assert!(drilled.has_succeeded(), "{drilled:?}");
    assert!(shop.beside(&shop.site.folder.join("it.sqlite.drill")).is_empty(), "nothing is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drill_needs_no_database_to_be_left() {
    let shop = Shop::open().await;
    let id = shop.made().await;
    fs::rename(shop.site.folder.join("it.sqlite"), shop.site.folder.join("lost")).unwrap();
    let drilled = shop.backup(&["drill"]).await;
    assert!(drilled.has_succeeded() && drilled.out.contains(&format!("{id} can be restored")), "{drilled:?}");
    assert!(!shop.site.folder.join("it.sqlite").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drill_of_broken_rows_fails() {
    let shop = Shop::open().await;
    shop.site.run_sql("UPDATE stock_level SET on_hand = on_hand + 1").await;
    let id = shop.made().await;
    let drilled = shop.backup(&["drill", &id]).await;
    drilled.assert_failed(&["the drill failed", "entrepot verify"]);
    assert!(drilled.out.contains("BROKEN"), "{drilled:?}");
    assert!(!shop.backup(&["list"]).await.out.contains("verified"));
    let log = shop.log().await;
    assert!(log[1][2] == "FAILED" && log[1].contains(&"NOT SOUND".to_owned()), "{log:?}");
    assert!(shop.beside(&shop.site.folder.join("it.sqlite.drill")).is_empty(), "nothing is left");
}

/// The place is read-only, like a mounted copy of the backups.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_proven_in_a_place_that_takes_no_note_of_it() {
    let shop = Shop::open().await;
    let id = shop.made().await;
    let note = shop.backups.join(&id).join("verified");
    fs::create_dir(&note).unwrap();
    fs::write(note.join("taken"), "").unwrap();
    for command in ["verify", "drill"] {
        let proven = shop.backup(&[command]).await;
        assert!(proven.has_succeeded() && proven.out.contains(&format!("{id} can be restored")), "{proven:?}");
        assert!(proven.err.contains("the verification could not be recorded"), "{proven:?}");
    }
}
