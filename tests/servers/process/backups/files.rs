//! Stored files beside what a backup lists of them.

use std::fs;

use super::Shop;

/// SHA-256 of "hello".
const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

/// Stores a file of the first tenant under this name.
async fn stored(shop: &Shop, name: &str) {
    let columns =
        "tenant_id, id, purpose, name, media_type, size, sha256, blob, state, maker_kind, maker_id, created_at, ready_at";
    let values = format!(
        "id, randomblob(16), 'DOCUMENT', 'a.txt', 'text/plain', 5, x'{HELLO}', 'it/{name}', 'READY', 'SYSTEM', randomblob(16), 1, 1"
    );
    shop.site.run_sql(&format!("INSERT INTO file ({columns}) SELECT {values} FROM tenant LIMIT 1")).await;
    let folder = shop.site.folder.join("it.sqlite.files").join("it");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), "hello").unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verified_backup_names_stored_files_that_are_missing_or_changed() {
    let shop = Shop::open().await;
    for name in ["same", "missing", "changed", "cut", "removed", "passing"] {
        stored(&shop, name).await;
    }
    shop.site.run_sql("UPDATE file SET expires_at = 4102444800000000 WHERE blob = 'it/passing'").await;
    let id = shop.made().await;
    let verified = shop.backup(&["verify"]).await;
    assert!(verified.has_succeeded(), "{verified:?}");
    for part in ["5 stored file(s) are unchanged, 0 missing, 0 changed, 0 removed", "1 more stored file(s) are not compared"] {
        assert!(verified.out.contains(part), "\"{part}\" is not in {verified:?}");
    }
    let (restored, _) = shop.restored("beside.sqlite", &id).await;
    assert!(
        restored.has_succeeded() && restored.out.contains("restore the 6 stored file(s) (1 of them expire) from their own copy"),
        "{restored:?}"
    );

    let folder = shop.site.folder.join("it.sqlite.files").join("it");
    for gone in ["missing", "removed"] {
        fs::remove_file(folder.join(gone)).unwrap();
    }
    shop.site.run_sql("UPDATE file SET state = 'GONE', blob = NULL WHERE blob = 'it/removed'").await;
    fs::write(folder.join("changed"), "hullo").unwrap();
    fs::write(folder.join("cut"), "hell").unwrap();
    let verified = shop.backup(&["verify", &id]).await;
    verified.assert_failed(&["3 stored file(s)", "are missing or changed"]);
    for part in ["MISSING\tit/missing\t", "CHANGED\tit/changed\t", "CHANGED\tit/cut\t", "1 missing, 2 changed, 1 removed"] {
        assert!(verified.out.contains(part), "\"{part}\" is not in {verified:?}");
    }
    assert!(!verified.out.contains("it/same") && !verified.out.contains("it/removed"), "{verified:?}");
    assert!(shop.backup(&["verify", "--no-files"]).await.has_succeeded());
    // A list is a part of the backup like any other.
    fs::remove_file(shop.backups.join(&id).join("files-000000")).unwrap();
    shop.backup(&["verify", "--no-files"]).await.assert_failed(&["files-000000", "is missing"]);
    assert!(shop.backup(&["list"]).await.out.contains("BROKEN: the list of files 000000 is missing"));
}
