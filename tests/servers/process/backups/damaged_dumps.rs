//! Dumps of a Postgres that were cut, changed or taken away, under other keys, of a newer version, and made while another one is.

use std::{fs, path::PathBuf};

use entrepot::storage::{Database, Options};

use super::{
    dumps::{ask, shop},
    schedule::until,
};
use crate::process::server::{Site, entrepot};

/// Ten megabytes that compress badly. Their rows come before the tenants': all tables are created
/// before the last chunk is read.
const BALLAST: &str = "INSERT INTO other.ballast SELECT n, string_agg(md5(n::text || '-' || k::text), '')
    FROM generate_series(1, 10) n, generate_series(1, 30000) k GROUP BY n";

async fn made(site: &Site) -> String {
    let made = ask(site, &site.url, &["run"]).await;
    assert!(made.well(), "{made:?}");
    made.out.split(':').next().unwrap().to_owned()
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
    site.tell("CREATE SCHEMA other").await;
    site.tell("CREATE TABLE other.ballast (number INTEGER, text TEXT)").await;
    site.tell(BALLAST).await;
    let id = made(&site).await;
    let all = chunks(&site, &id);
    assert!(all.len() > 2, "pieces of 4 MiB: {all:?}");
    let last = all.last().unwrap();
    let (name, whole) = (format!("the chunk {id}/{:06}", all.len() - 1), fs::read(last).unwrap());
    let mut turned = whole.clone();
    turned[whole.len() / 2] ^= 1;
    let cases: [(&[u8], &str); 2] = [(&turned, "was changed"), (&whole[..whole.len() / 2], "was cut or replaced")];
    for (bytes, why) in cases {
        fs::write(last, bytes).unwrap();
        ask(&site, &site.url, &["verify", &id]).await.refused(&[&name, why]);
        ask(&site, &target.url, &["restore", &id]).await.refused(&[&name, why, "Restore another backup"]);
    }
    fs::remove_file(last).unwrap();
    ask(&site, &target.url, &["restore", &id]).await.refused(&[&name, "is missing"]);
    fs::write(last, &whole).unwrap();
    // Into the same database: it has to be as empty as before.
    let restored = ask(&site, &target.url, &["restore", &id]).await;
    assert!(restored.well() && restored.out.contains("dumped\thead "), "{restored:?}");
    target.verify().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dump_under_other_keys_or_of_a_newer_version_says_what_it_needs() {
    let Some(site) = Site::postgres().await else { return };
    let Some(target) = Site::empty_postgres().await else { return };
    shop(&site).await;
    let id = made(&site).await;
    let own = fs::read(site.keys()).unwrap();
    fs::write(site.keys(), entrepot(&["keys", "new"]).await.out).unwrap();
    let listed = ask(&site, &site.url, &["list"]).await;
    assert!(listed.out.contains("keys: missing"), "{listed:?}");
    ask(&site, &target.url, &["restore", &id]).await.refused(&["does not open", "--keys-file"]);
    ask(&site, &site.url, &["run"]).await.refused(&["does not fit this database"]);
    fs::write(site.keys(), own).unwrap();

    site.tell("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_teapots', 1)").await;
    let newer = made(&site).await;
    let way_out = ["a newer Entrepot than this one", "m9999_teapots", "use that version or a later one"];
    ask(&site, &target.url, &["restore", &newer]).await.refused(&way_out);
    // Its rows are there, but every command refuses the database.
    ask(&site, &target.url, &["run"]).await.refused(&["entrepot_restoring"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_dump_or_drill_of_a_postgres_is_made_at_a_time() {
    let Some(site) = Site::postgres().await else { return };
    shop(&site).await;
    let db = Database::open(&site.url, Options::default()).await.unwrap();
    // As a run of another machine holds it.
    let held = db.lock_dumps().await.unwrap().unwrap();
    for command in ["run", "drill"] {
        ask(&site, &site.url, &[command])
            .await
            .refused(&["another backup or drill of this database is running", "let it finish"]);
    }
    drop(held);
    db.close().await.unwrap();
    until("the other run's end", async || ask(&site, &site.url, &["run"]).await.well()).await;
    let (one, two) = tokio::join!(ask(&site, &site.url, &["run"]), ask(&site, &site.url, &["run"]));
    assert!(one.well() || two.well(), "{one:?} {two:?}");
    for ended in [one, two].iter().filter(|ended| !ended.well()) {
        ended.refused(&["another backup"]);
    }
}
