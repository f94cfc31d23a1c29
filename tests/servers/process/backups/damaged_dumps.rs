//! Dumps of a Postgres that were cut, changed or taken away, under other keys, of a newer version, and made while another one is.

use std::{fs, path::PathBuf};

use entrepot::storage::{Database, Options};

use super::dumps::{run_backup, shop};
use crate::process::{
    server::{Site, entrepot},
    waiting::wait_until,
};

/// Ten megabytes that compress badly. Their rows come before the tenants': all tables are created
/// before the last chunk is read.
const BALLAST: &str = "INSERT INTO other.ballast SELECT n, string_agg(md5(n::text || '-' || k::text), '')
    FROM generate_series(1, 10) n, generate_series(1, 30000) k GROUP BY n";

async fn make_dump(site: &Site) -> String {
    let output = run_backup(site, &site.url, &["run"]).await;
    assert!(output.has_succeeded(), "{output:?}");
    output.out.split(':').next().unwrap().to_owned()
}

/// Chunks of a backup, in order.
fn chunks(site: &Site, id: &str) -> Vec<PathBuf> {
    let all = fs::read_dir(site.folder.join("backups").join(id)).unwrap();
    let is_chunk = |name: &str| name.len() == 6 && name.bytes().all(|byte| byte.is_ascii_digit());
    let mut found: Vec<PathBuf> = all
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(is_chunk))
        .collect();
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_dump_leaves_no_row_and_a_sound_one_is_restored_after_it() {
    let Some(site) = Site::postgres().await else { return };
    let Some(target) = Site::empty_postgres().await else { return };
    shop(&site).await;
    site.run_sql("CREATE SCHEMA other").await;
    site.run_sql("CREATE TABLE other.ballast (number INTEGER, text TEXT)").await;
    site.run_sql(BALLAST).await;
    let id = make_dump(&site).await;
    let all = chunks(&site, &id);
    assert!(all.len() > 2, "pieces of 4 MiB: {all:?}");
    let last = all.last().unwrap();
    let (name, whole) = (format!("the chunk {id}/{:06}", all.len() - 1), fs::read(last).unwrap());
    let mut turned = whole.clone();
    turned[whole.len() / 2] ^= 1;
    let cases: [(&[u8], &str); 2] = [(&turned, "was changed"), (&whole[..whole.len() / 2], "was cut or replaced")];
    for (bytes, reason) in cases {
        fs::write(last, bytes).unwrap();
        run_backup(&site, &site.url, &["verify", &id]).await.assert_failed(&[&name, reason]);
        run_backup(&site, &target.url, &["restore", &id]).await.assert_failed(&[&name, reason, "Restore another backup"]);
    }
    fs::remove_file(last).unwrap();
    run_backup(&site, &target.url, &["restore", &id]).await.assert_failed(&[&name, "is missing"]);
    fs::write(last, &whole).unwrap();
    // Into the same database: it has to be as empty as before.
    let restored = run_backup(&site, &target.url, &["restore", &id]).await;
    assert!(restored.has_succeeded() && restored.out.contains("dumped\thead "), "{restored:?}");
    target.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dump_under_other_keys_or_of_a_newer_version_says_what_it_needs() {
    let Some(site) = Site::postgres().await else { return };
    let Some(target) = Site::empty_postgres().await else { return };
    shop(&site).await;
    let id = make_dump(&site).await;
    let own = fs::read(site.keys()).unwrap();
    fs::write(site.keys(), entrepot(&["keys", "new"]).await.out).unwrap();
    let listed = run_backup(&site, &site.url, &["list"]).await;
    assert!(listed.out.contains("keys: missing"), "{listed:?}");
    run_backup(&site, &target.url, &["restore", &id]).await.assert_failed(&["does not open", "--keys-file"]);
    run_backup(&site, &site.url, &["run"]).await.assert_failed(&["does not fit this database"]);
    fs::write(site.keys(), own).unwrap();

    site.run_sql("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_teapots', 1)").await;
    let newer = make_dump(&site).await;
    let way_out = ["a newer Entrepot than this one", "m9999_teapots", "use that version or a later one"];
    run_backup(&site, &target.url, &["restore", &newer]).await.assert_failed(&way_out);
    // It is refused before any of its rows is written.
    let restored = run_backup(&site, &target.url, &["restore", &id]).await;
    assert!(restored.has_succeeded(), "{restored:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_dump_or_drill_of_a_postgres_is_made_at_a_time() {
    let Some(site) = Site::postgres().await else { return };
    shop(&site).await;
    let db = Database::open(&site.url, Options::default()).await.unwrap();
    // As a run of another machine holds it.
    let lock = db.lock_dumps().await.unwrap().unwrap();
    for command in ["run", "drill"] {
        run_backup(&site, &site.url, &[command])
            .await
            .assert_failed(&["another backup or drill of this database is running", "let it finish"]);
    }
    drop(lock);
    db.close().await.unwrap();
    wait_until("the other run's end", async || run_backup(&site, &site.url, &["run"]).await.has_succeeded()).await;
    let (one, two) = tokio::join!(run_backup(&site, &site.url, &["run"]), run_backup(&site, &site.url, &["run"]));
    assert!(one.has_succeeded() || two.has_succeeded(), "{one:?} {two:?}");
    for ended in [one, two].iter().filter(|ended| !ended.has_succeeded()) {
        ended.assert_failed(&["another backup"]);
    }
}
