//! Backups of an embedded database by the program: made while it is served, restored, and attacked.

use std::{
    fs,
    path::{Path, PathBuf},
};

use entrepot::storage::{Database, Options, copying};

use super::{
    client::Client,
    server::{Ended, Server, Site, UNLIMITED, entrepot, entrepot_in, free_address},
};

struct Shop {
    site: Site,
    backups: PathBuf,
}

impl Shop {
    async fn open() -> Self {
        let site = Site::empty_sqlite();
        let words = ["demo", "--file", "it.sqlite", "--rows", "200", "--day", "--exit", "--listen", "127.0.0.1:0"];
        let made = entrepot_in(&site.folder, &words).await;
        assert!(made.well(), "{made:?}");
        let backups = site.folder.join("backups");
        Self { site, backups }
    }

    async fn ask(&self, url: &str, keys: &str, what: &[&str]) -> Ended {
        let place = format!("file:{}", self.backups.display());
        let (action, more) = what.split_first().unwrap();
        let args = ["backup", action, "--database-url", url, "--keys-file", keys, "--backups", &place];
        entrepot(&[&args, more].concat()).await
    }

    async fn backup(&self, what: &[&str]) -> Ended {
        self.ask(&self.site.url, &self.site.keys(), what).await
    }

    async fn made(&self) -> String {
        let made = self.backup(&["run"]).await;
        assert!(made.well() && made.out.contains("not inside: the keys"), "{made:?}");
        made.out.split(':').next().unwrap().to_owned()
    }

    /// Restores into a new file, and says where.
    async fn restored(&self, name: &str, id: &str) -> (Ended, PathBuf) {
        let file = self.site.folder.join(name);
        let ended = self.ask(&format!("sqlite://{}", file.display()), &self.site.keys(), &["restore", id]).await;
        (ended, file)
    }

    fn chunk(&self, id: &str, number: usize) -> PathBuf {
        self.backups.join(id).join(format!("{number:06}"))
    }
}

/// Tables that a restore changes.
const CHANGED: [&str; 7] =
    ["registration", "session", "tenant_counter", "link", "login_challenge", "invitation", "refresh_token"];

async fn rows(file: &Path) -> Vec<(&'static str, copying::Digests)> {
    let db = Database::open(&format!("sqlite://{}", file.display()), Options::default()).await.unwrap();
    let all = copying::digests(&db).await.unwrap();
    db.close().await.unwrap();
    all.into_iter().filter(|(table, _)| !CHANGED.contains(table)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_made_while_it_is_served_is_restored_whole() {
    let shop = Shop::open().await;
    let server = Server::start_with(&shop.site, free_address(), &[&UNLIMITED[..], &["--registration", "open"]].concat()).await;
    let owner = Client::register(&server.url(), "restored").await;
    let id = shop.made().await;
    server.kill();
    let listed = shop.backup(&["list"]).await;
    assert!(listed.out.contains(&id) && listed.out.contains("keys: present") && !listed.out.contains("verified"), "{listed:?}");
    let verified = shop.backup(&["verify"]).await;
    assert!(verified.well() && verified.out.contains("can be restored"), "{verified:?}");
    assert!(shop.backup(&["list"]).await.out.contains("verified"));

    let (ended, file) = shop.restored("again.sqlite", "newest").await;
    assert!(ended.well(), "{ended:?}");
    for part in ["have a new epoch", "session(s) are ended", "restored\thead", "bring the"] {
        assert!(ended.out.contains(part), "\"{part}\" is not in {ended:?}");
    }
    assert!(!file.with_extension("sqlite.restoring").exists());
    // With nobody at work, the rows are the same but for those that a restore changes.
    let quiet = shop.made().await;
    let (ended, same) = shop.restored("same.sqlite", &quiet).await;
    assert!(ended.well(), "{ended:?}");
    assert_eq!(rows(&same).await, rows(&shop.site.folder.join("it.sqlite")).await);
    let proved = entrepot(&["verify", "--database-url", &format!("sqlite://{}", file.display())]).await;
    assert!(proved.well() && !proved.out.contains("NOT CHECKED"), "{proved:?}");

    let again = Site::empty_sqlite();
    fs::copy(&file, again.folder.join("it.sqlite")).unwrap();
    fs::copy(shop.site.keys(), again.keys()).unwrap();
    let server = Server::start(&again).await;
    let answer = owner.at(&server.url()).send("{ viewer { tenant { slug } } }", &serde_json::json!({})).await.unwrap();
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "sessions of before are ended: {answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_was_touched_is_refused_by_name() {
    let shop = Shop::open().await;
    let (id, other) = (shop.made().await, shop.made().await);
    let (chunk, manifest) = (shop.chunk(&id, 0), shop.backups.join(&id).join("manifest.json"));
    let (whole, written) = (fs::read(&chunk).unwrap(), fs::read_to_string(&manifest).unwrap());
    let name = format!("the chunk {id}/000000");

    let mut turned = whole.clone();
    turned[whole.len() / 2] ^= 1;
    let cases: [(&str, &[u8], &str); 3] = [
        ("one bit", &turned, "was changed"),
        ("cut", &whole[..whole.len() / 2], "was cut or replaced"),
        ("exchanged", &fs::read(shop.chunk(&other, 0)).unwrap(), "was"),
    ];
    for (case, bytes, why) in cases {
        fs::write(&chunk, bytes).unwrap();
        shop.backup(&["verify", &id]).await.refused(&[&name, why]);
        let (ended, file) = shop.restored("touched.sqlite", &id).await;
        ended.refused(&[&name, why]);
        assert!(!file.exists() && !PathBuf::from(format!("{}.restoring", file.display())).exists(), "{case}");
    }
    fs::remove_file(&chunk).unwrap();
    assert!(shop.backup(&["list"]).await.out.contains("BROKEN: the chunk 000000 is missing"));
    shop.backup(&["verify", &id]).await.refused(&[&name, "is missing"]);
    fs::write(&chunk, &whole).unwrap();

    for (from, to, why) in [
        ("\\\"bytes\\\":", "\\\"bytes\\\":1", "the MAC does not fit"),
        ("\"format\": 1", "\"format\": 7", "it has the format 7, and this version reads 1"),
        ("\n}", "", "cannot be read"),
    ] {
        let touched = written.replacen(from, to, 1);
        assert_ne!(touched, written, "{from}");
        fs::write(&manifest, touched).unwrap();
        shop.restored("touched.sqlite", &id).await.0.refused(&[&id, why]);
    }
    // The manifest of another backup, which is whole in itself.
    fs::copy(shop.backups.join(&other).join("manifest.json"), &manifest).unwrap();
    shop.restored("touched.sqlite", &id).await.0.refused(&[&id]);
    fs::remove_file(&manifest).unwrap();
    assert!(shop.backup(&["list"]).await.out.contains("never finished"));
    shop.restored("touched.sqlite", &id).await.0.refused(&["has no manifest"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_needs_the_keys_and_an_empty_place() {
    let shop = Shop::open().await;
    let id = shop.made().await;
    let other = shop.site.folder.join("other.keys");
    fs::write(&other, entrepot(&["keys", "new"]).await.out).unwrap();
    let other = other.display().to_string();
    let file = shop.site.folder.join("again.sqlite");
    let url = format!("sqlite://{}", file.display());
    shop.ask(&url, &other, &["restore", &id]).await.refused(&["does not open", "--keys-file"]);
    assert!(!file.exists(), "refused before the first byte");
    let listed = shop.ask(&url, &other, &["list"]).await;
    assert!(listed.out.contains("keys: missing 1 of 1"), "{listed:?}");
    shop.ask(&shop.site.url, &other, &["run"]).await.refused(&["does not fit this database"]);
    shop.backup(&["restore", &id]).await.refused(&["is there already"]);
    shop.backup(&["restore", "20200101T000000Z-00000000"]).await.refused(&["is there already"]);
    shop.ask(&url, &shop.site.keys(), &["restore", "20200101T000000Z-00000000"]).await.refused(&["has no manifest"]);
    shop.ask("postgres://nobody@127.0.0.1:1/none", &shop.site.keys(), &["run"]).await.refused(&["only an embedded database"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runs_do_not_meet_and_a_place_that_cannot_be_written_is_named() {
    let shop = Shop::open().await;
    let id = shop.made().await;
    let now = entrepot::clock::Clock::system().now().micros();
    let lock = shop.backups.join("lock");
    assert!(!lock.exists(), "a run that has ended holds nothing");
    fs::write(&lock, format!("{now}\nanother")).unwrap();
    shop.backup(&["run"]).await.refused(&["another backup, another, is being made here"]);
    // One that was killed long ago keeps nobody out.
    fs::write(&lock, format!("{}\nanother", now - 3_600_000_000)).unwrap();
    assert_ne!(shop.made().await, id);

    let taken = shop.site.folder.join("taken");
    fs::write(&taken, "a file, not a folder").unwrap();
    let place = format!("file:{}", taken.join("backups").display());
    let (url, keys) = (&shop.site.url, shop.site.keys());
    let ended = entrepot(&["backup", "run", "--database-url", url, "--keys-file", &keys, "--backups", &place]).await;
    ended.refused(&["the place of the backups", "taken"]);
    let left =
        fs::read_dir(&shop.site.folder).unwrap().flatten().filter(|file| file.file_name().to_string_lossy().contains(".backup-"));
    assert_eq!(left.count(), 0, "no copy is left beside the database");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prune_marks_first_and_keeps_the_newest() {
    let shop = Shop::open().await;
    let id = shop.made().await;
    let unfinished = shop.backups.join("20200101T000000Z-00000000");
    fs::create_dir_all(&unfinished).unwrap();
    fs::write(unfinished.join("000000"), "half").unwrap();
    let first = shop.backup(&["prune"]).await;
    assert!(first.well() && first.out.contains("1 marked, 0 removed"), "{first:?}");
    assert!(shop.backup(&["prune"]).await.out.contains("0 marked, 0 removed"), "not before a day");
    fs::write(unfinished.join("marked"), "1").unwrap();
    let last = shop.backup(&["prune"]).await;
    assert!(last.out.contains("removed 20200101T000000Z-00000000") && !unfinished.join("000000").exists(), "{last:?}");
    assert!(shop.backup(&["verify", &id]).await.well(), "the newest stays");
}
