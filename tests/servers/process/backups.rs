//! Backups of an embedded database by the program: made while it is written to, restored, and attacked.

mod bucket;
mod damaged;
mod damaged_dumps;
mod drill;
mod dumps;
mod files;
mod lying;
mod revocations;
mod runs;
mod schedule;
mod shipping;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use entrepot::storage::{Database, Options, copying};
use serde_json::json;
use tokio::time::sleep;

use super::{
    client::Client,
    operations::health,
    server::{Ended, Server, Site, UNLIMITED, entrepot, entrepot_in, free_address},
};
use crate::support::receiver::Receiver;

/// An ID of a backup that does not exist.
const NOBODYS: &str = "20200101T000000000Z-00000000";

struct Shop {
    site: Site,
    backups: PathBuf,
}

impl Shop {
    async fn open() -> Self {
        let site = Site::empty_sqlite();
        let words = ["demo", "--file", "it.sqlite", "--rows", "200", "--day", "--plain", "--exit", "--listen", "127.0.0.1:0"];
        let output = entrepot_in(&site.folder, &words).await;
        assert!(output.has_succeeded(), "{output:?}");
        let backups = site.folder.join("backups");
        Self { site, backups }
    }

    async fn run_backup(&self, url: &str, keys: &str, arguments: &[&str]) -> Ended {
        let place = format!("file:{}", self.backups.display());
        let (action, more) = arguments.split_first().unwrap();
        let args = ["backup", action, "--database-url", url, "--keys-file", keys, "--backups", &place];
        entrepot(&[&args, more].concat()).await
    }

    async fn backup(&self, arguments: &[&str]) -> Ended {
        self.run_backup(&self.site.url, &self.site.keys(), arguments).await
    }

    /// The log as its command prints it: a row of columns for each run, the newest last.
    async fn log(&self) -> Vec<Vec<String>> {
        let printed = entrepot(&["backup", "log", "--database-url", &self.site.url]).await;
        assert!(printed.has_succeeded(), "{printed:?}");
        printed.out.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
    }

    /// Kind and state of each run in the log.
    async fn runs(&self) -> Vec<String> {
        self.log().await.iter().map(|row| row[1..3].join(" ")).collect()
    }

    async fn made(&self) -> String {
        let output = self.backup(&["run"]).await;
        assert!(output.has_succeeded() && output.out.contains("not included: the keys"), "{output:?}");
        output.out.split(':').next().unwrap().to_owned()
    }

    /// Restores into a new file, and returns its path.
    async fn restored(&self, name: &str, id: &str) -> (Ended, PathBuf) {
        let file = self.site.folder.join(name);
        let output = self.run_backup(&format!("sqlite://{}", file.display()), &self.site.keys(), &["restore", id]).await;
        (output, file)
    }

    /// Refused, with nothing left of it.
    async fn not_restored(&self, id: &str, with: &[&str]) {
        let (ended, file) = self.restored("refused.sqlite", id).await;
        ended.assert_failed(with);
        let left = self.beside(&file);
        assert!(left.is_empty(), "{left:?} is left");
    }

    /// Files whose names begin with that of this one.
    fn beside(&self, file: &Path) -> Vec<String> {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let all = fs::read_dir(&self.site.folder).unwrap().flatten();
        all.map(|file| file.file_name().to_string_lossy().into_owned()).filter(|file| file.starts_with(&name)).collect()
    }

    fn manifest(&self, id: &str) -> PathBuf {
        self.backups.join(id).join("manifest.json")
    }

    fn chunk(&self, id: &str, number: usize) -> PathBuf {
        self.backups.join(id).join(format!("{number:06}"))
    }
}

/// Tables that a restore changes.
const CHANGED: [&str; 8] =
    ["registration", "session", "tenant_counter", "link", "login_challenge", "invitation", "refresh_token", "outgoing_hold"];

async fn rows(file: &Path) -> Vec<(&'static str, copying::Digests)> {
    let db = Database::open(&format!("sqlite://{}", file.display()), Options::default()).await.unwrap();
    let all = copying::digests(&db).await.unwrap();
    db.close().await.unwrap();
    all.into_iter().filter(|(table, _)| !CHANGED.contains(table)).collect()
}

/// Makes stores until it is stopped, and counts those that were answered.
async fn write(owner: Client, stop: Arc<AtomicBool>, written: Arc<AtomicI64>) {
    let create = "mutation($i: StoreCreateInput!) { result: storeCreate(input: $i) { store { id } userErrors { code } } }";
    while !stop.load(Ordering::SeqCst) {
        let number = written.load(Ordering::SeqCst);
        let input = json!({ "code": format!("S-{number}"), "name": "A store", "kind": "SHOP", "timeZone": "UTC" });
        let answer = owner.execute(create, json!({ "i": input })).await;
        assert_eq!(answer["result"]["userErrors"], json!([]), "{answer}");
        written.fetch_add(1, Ordering::SeqCst);
    }
}

const LOCAL_HOOKS: [&str; 2] = ["--webhooks-allow", "127.0.0.0/8"];

async fn subscribe(owner: &Client, receiver: &Receiver) {
    let create =
        "mutation($i: WebhookEndpointCreateInput!) { result: webhookEndpointCreate(input: $i) { userErrors { code message } } }";
    let answer = owner.execute(create, json!({ "i": { "url": receiver.url(), "eventTypes": ["store.created"] } })).await;
    assert_eq!(answer["result"]["userErrors"], json!([]), "{answer}");
}

async fn resume(site: &Site, extra: &[&str]) -> Ended {
    let keys = site.keys();
    let output = entrepot(&[&["resume", "--database-url", &site.url, "--keys-file", &keys], extra].concat()).await;
    assert!(output.has_succeeded(), "{output:?}");
    output
}

/// No message leaves a restored deployment before its operator resumes sending.
async fn is_held_until_resumed(site: &Site, server: &Server, receiver: &Receiver) {
    // A worker that holds nothing sends within a second or two.
    sleep(Duration::from_secs(3)).await;
    assert_eq!(receiver.count(), 0, "it sends what was sent before");
    let (status, report) = health(server).await;
    assert_eq!((status, &report["checks"]["outgoing"]["status"]), (200, &json!("degraded")), "{report}");
    let listed = resume(site, &["--dry-run"]).await;
    for part in ["held since", "restored\t", "nothing was changed"] {
        assert!(listed.out.contains(part), "\"{part}\" is not in {listed:?}");
    }
    assert_eq!(receiver.count(), 0);
    assert!(resume(site, &[]).await.out.contains("resumed"));
    let started_at = tokio::time::Instant::now();
    while receiver.count() == 0 {
        assert!(started_at.elapsed() < Duration::from_secs(20), "nothing is sent");
        sleep(Duration::from_millis(50)).await;
    }
    assert!(resume(site, &["--dry-run"]).await.out.contains("nothing is held"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_made_while_it_is_written_to_is_restored_whole() {
    let shop = Shop::open().await;
    // Without jobs: outgoing messages wait.
    let further = [&UNLIMITED[..], &LOCAL_HOOKS, &["--registration", "open", "--jobs", "off"]].concat();
    let server = Server::start_with(&shop.site, free_address(), &further).await;
    let owner = Client::register(&server.url(), "restored").await;
    let receiver = Receiver::accepting().await;
    subscribe(&owner, &receiver).await;
    let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicI64::new(0)));
    let writer = tokio::spawn(write(owner.clone(), stop.clone(), written.clone()));
    while written.load(Ordering::SeqCst) < 5 {
        sleep(Duration::from_millis(5)).await;
    }
    let before = written.load(Ordering::SeqCst);
    let id = shop.made().await;
    let after = written.load(Ordering::SeqCst);
    assert!(after > before, "writes go on during a backup");
    stop.store(true, Ordering::SeqCst);
    writer.await.unwrap();
    server.kill();

    let listed = shop.backup(&["list"]).await;
    assert!(listed.out.contains(&id) && listed.out.contains("keys: present") && !listed.out.contains("verified"), "{listed:?}");
    let verified = shop.backup(&["verify"]).await;
    assert!(verified.has_succeeded() && verified.out.contains("can be restored"), "{verified:?}");
    assert!(shop.backup(&["list"]).await.out.contains("verified"));

    let (ended, file) = shop.restored("again.sqlite", "newest").await;
    assert!(ended.has_succeeded(), "{ended:?}");
    for part in ["have a new epoch", "session(s) are ended", "before `entrepot resume`", "restore the"] {
        assert!(ended.out.contains(part), "\"{part}\" is not in {ended:?}");
    }
    let head = ended.out.lines().find_map(|line| line.strip_prefix("restored\thead ")).unwrap();
    let head: i64 = head.parse().unwrap();
    assert!(head >= before, "{head}: what was answered before the backup began is inside ({before})");
    assert_eq!(shop.beside(&file), ["again.sqlite"], "nothing is left beside it");
    let proved = entrepot(&["verify", "--database-url", &format!("sqlite://{}", file.display())]).await;
    assert!(proved.has_succeeded() && !proved.out.contains("NOT CHECKED"), "{proved:?}");

    let again = Site::empty_sqlite();
    fs::copy(&file, again.folder.join("it.sqlite")).unwrap();
    fs::copy(shop.site.keys(), again.keys()).unwrap();
    let server = Server::start_with(&again, free_address(), &[&UNLIMITED[..], &LOCAL_HOOKS].concat()).await;
    let answer = owner.at(&server.url()).send("{ viewer { tenant { slug } } }", &json!({})).await.unwrap();
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "sessions of before are ended: {answer}");
    is_held_until_resumed(&again, &server, &receiver).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_database_has_the_same_rows() {
    let shop = Shop::open().await;
    let id = shop.made().await;
    let (ended, same) = shop.restored("same.sqlite", &id).await;
    assert!(ended.has_succeeded(), "{ended:?}");
    let (rows_of_it, rows_before) = (rows(&same).await, rows(&shop.site.folder.join("it.sqlite")).await);
    assert!(rows_before.iter().filter(|(_, digests)| !digests.is_empty()).count() > 40, "the demo fills tables");
    assert_eq!(rows_of_it, rows_before);
    assert_eq!(shop.runs().await, ["BACKUP DONE"]);
    let log = entrepot(&["backup", "log", "--database-url", &format!("sqlite://{}", same.display())]).await;
    assert!(log.has_succeeded() && log.out.is_empty(), "its own backup does not run for ever in a restored database: {log:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_needs_the_keys() {
    let shop = Shop::open().await;
    let id = shop.made().await;
    let own = fs::read_to_string(shop.site.keys()).unwrap();
    let own = own.lines().find(|line| !line.starts_with('#')).unwrap();
    let other = shop.site.folder.join("other.keys");
    let path = other.display().to_string();
    fs::write(&other, entrepot(&["keys", "new"]).await.out).unwrap();
    let url = format!("sqlite://{}", shop.site.folder.join("refused.sqlite").display());
    shop.run_backup(&url, &path, &["restore", &id]).await.assert_failed(&[
        "does not open",
        "not among those given",
        "--keys-file",
    ]);
    let listed = shop.run_backup(&url, &path, &["list"]).await;
    assert!(listed.out.contains("keys: missing 1 of 1"), "{listed:?}");
    shop.run_backup(&shop.site.url, &path, &["run"]).await.assert_failed(&["does not fit this database"]);
    // Another key of the same name.
    let text = fs::read_to_string(&other).unwrap();
    let secret = text.lines().find_map(|line| line.split_once(':')).unwrap().1;
    fs::write(&other, format!("{}:{secret}\n", own.split(':').next().unwrap())).unwrap();
    shop.run_backup(&url, &path, &["restore", &id]).await.assert_failed(&["does not open", "--keys-file"]);
    let listed = shop.run_backup(&url, &path, &["list"]).await;
    assert!(listed.out.contains("BROKEN") && listed.out.contains("does not open"), "{listed:?}");
    let missing = shop.site.folder.join("none.keys").display().to_string();
    shop.run_backup(&url, &missing, &["restore", &id]).await.assert_failed(&["none.keys is not there", "--keys-file"]);
    assert!(shop.beside(Path::new("refused.sqlite")).is_empty(), "refused before the first byte");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_writes_over_nothing() {
    let shop = Shop::open().await;
    let id = shop.made().await;
    shop.backup(&["restore", &id]).await.assert_failed(&["it.sqlite already exists"]);
    shop.backup(&["restore", NOBODYS]).await.assert_failed(&["already exists"]);
    let file = shop.site.folder.join("again.sqlite");
    for (left, reason) in [
        ("again.sqlite", "Restore into a new file"),
        ("again.sqlite-wal", "Restore into a new file"),
        ("again.sqlite-journal", "Restore into a new file"),
        ("again.sqlite.restoring", "another restore writes it, or was killed"),
        ("again.sqlite.restoring-wal", "another restore writes it, or was killed"),
    ] {
        let path = shop.site.folder.join(left);
        fs::write(&path, "somebody's").unwrap();
        shop.restored("again.sqlite", &id).await.0.assert_failed(&[left, reason]);
        assert_eq!(fs::read_to_string(&path).unwrap(), "somebody's");
        assert_eq!(shop.beside(&file), [left], "nothing else is written");
        fs::remove_file(&path).unwrap();
    }
    shop.not_restored(NOBODYS, &["has no manifest", "backup list"]).await;
    for name in ["../../etc", "", "20200101T000000000Z-00000000/..", "\u{1b}[2J"] {
        shop.not_restored(name, &["is no ID of a backup"]).await;
    }
    let elsewhere = format!("file:{}", shop.site.folder.join("misspelt").display());
    let args =
        ["backup", "restore", "--database-url", "sqlite://x.sqlite", "--keys-file", &shop.site.keys(), "--backups", &elsewhere];
    entrepot_in(&shop.site.folder, &args).await.assert_failed(&["there is no folder", "misspelt"]);
    assert!(!shop.site.folder.join("misspelt").exists());
    shop.run_backup("postgres://nobody@127.0.0.1:1/none", &shop.site.keys(), &["run"]).await.assert_failed(&["does not answer"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_newer_database_names_the_migration_that_is_not_known() {
    let shop = Shop::open().await;
    shop.site.run_sql("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_teapots', 1)").await;
    let id = shop.made().await;
    shop.not_restored(&id, &["a newer Entrepot than this one", "m9999_teapots", "use that version or a later one"]).await;
}
