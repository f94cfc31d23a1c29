//! A whole deployment copied into another database: its content, clients' tokens and cursors, and
//! refusals.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use entrepot::storage::{Database, Options, copying};
use serde_json::{Value, json};

use super::{
    client::Client,
    keys::program,
    restored::logged_in,
    server::{Ended, Server, Site, UNLIMITED, command, entrepot, entrepot_in, free_address},
};
use crate::databases::{connect, random};

/// A retailer with documents of every kind that a day in a shop makes.
async fn retailer() -> Site {
    let site = Site::empty_sqlite();
    let words = ["demo", "--file", "it.sqlite", "--rows", "300", "--day", "--plain", "--exit", "--listen", "127.0.0.1:0"];
    let output = entrepot_in(&site.folder, &words).await;
    assert!(output.has_succeeded(), "{output:?}");
    site
}

async fn copy(from: &Site, to: &Site, keys: &str, extra: &[&str]) -> Ended {
    let args = ["copy", "--from", &from.url, "--to", &to.url, "--keys-file", keys];
    entrepot_in(&to.folder, &[&args, extra].concat()).await
}

/// Returns all digests of a database, by table and owner.
async fn digests(site: &Site) -> Vec<(&'static str, Vec<(String, u64, Vec<u8>)>)> {
    let db = Database::open(&site.url, Options::default()).await.unwrap();
    let all = copying::digests(&db).await.unwrap();
    db.close().await.unwrap();
    let of =
        |digests: copying::Digests| digests.into_iter().map(|(tenant, digest)| (tenant.to_string(), digest.rows, digest.sha256));
    all.into_iter().map(|(table, digests)| (table, of(digests).collect())).collect()
}

/// Makes a database that was copied the source of another copy.
async fn forget_copies(site: &Site) {
    site.run_sql("DELETE FROM copy_progress").await;
    site.run_sql("DELETE FROM deployment_copy").await;
}

const ME: &str = "{ viewer { tenant { slug } } }";
const EVENTS: &str =
    "query($after: Cursor) { events(first: 3, after: $after) { nodes { seq type } pageInfo { endCursor } reset } }";
const REFRESH: &str = "mutation($t: String!) { result: sessionRefresh(refreshToken: $t) {
    result { ... on TokenPair { accessToken } } userErrors { code } } }";

/// Credentials, cursors and tokens that clients of the source keep.
struct Kept {
    owner: Client,
    program: Client,
    refresh: String,
    cursor: Value,
    next: Value,
}

async fn kept(site: &Site) -> Kept {
    let server = Server::start_with(site, free_address(), &[&UNLIMITED[..], &["--registration", "open"]].concat()).await;
    let owner = Client::register(&server.url(), "mover").await;
    let (program, _, _) = program(&owner, "").await;
    let (owner, refresh) = logged_in(&owner, "mover").await;
    for number in 0..8 {
        let input = json!({ "code": format!("S-{number}"), "name": "A store", "kind": "SHOP", "timeZone": "UTC" });
        let create =
            "mutation($i: StoreCreateInput!) { result: storeCreate(input: $i) { store { id } userErrors { code message } } }";
        let answer = owner.execute(create, json!({ "i": input })).await;
        assert_eq!(answer["result"]["userErrors"], json!([]), "{answer}");
    }
    let first = owner.execute(EVENTS, json!({})).await["events"].clone();
    let cursor = first["pageInfo"]["endCursor"].clone();
    let next = owner.execute(EVENTS, json!({ "after": cursor })).await["events"]["nodes"].clone();
    assert_eq!(next.as_array().unwrap().len(), 3, "{next}");
    server.kill();
    Kept { owner, program, refresh, cursor, next }
}

impl Kept {
    /// A session, a key and a cursor of the source are valid on a server of the target.
    async fn reads_on(&self, site: &Site, keys: &str) -> Server {
        std::fs::copy(keys, site.keys()).unwrap();
        let server = Server::start(site).await;
        for client in [&self.owner, &self.program] {
            assert_eq!(client.at(&server.url()).execute(ME, json!({})).await["viewer"]["tenant"]["slug"], "mover");
        }
        let events = self.owner.at(&server.url()).execute(EVENTS, json!({ "after": self.cursor })).await["events"].clone();
        assert_eq!((&events["nodes"], &events["reset"]), (&self.next, &Value::Null), "the cursor goes on");
        server
    }

    /// Refreshes the owner's session there, which uses up the refresh token.
    async fn goes_on(&self, site: &Site, keys: &str) {
        let server = self.reads_on(site, keys).await;
        let renewed = self.owner.at(&server.url()).execute(REFRESH, json!({ "t": self.refresh })).await;
        assert_eq!(renewed["result"]["userErrors"], json!([]), "{renewed}");
        server.kill();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_moves_to_postgres_and_back() {
    let Some(postgres) = Site::empty_postgres().await else { return };
    let source = retailer().await;
    let keys = source.keys();
    let kept = kept(&source).await;
    let before = digests(&source).await;
    let filled = before.iter().filter(|(_, owners)| !owners.is_empty()).count();
    assert!(filled >= 50, "only {filled} tables have rows");

    let there = copy(&source, &postgres, &keys, &[]).await;
    assert!(there.has_succeeded(), "{there:?}");
    assert!(there.out.contains("are the same in both databases") && there.out.contains("invariants hold"), "{}", there.out);
    assert!(there.err.contains("entry: ") && there.err.contains("key(s) can open"), "{}", there.err);
    assert_eq!(digests(&postgres).await, before);
    let proved = entrepot(&["audit", "verify", "--database-url", &postgres.url, "--keys-file", &keys]).await;
    assert!(proved.has_succeeded(), "{proved:?}");

    let back = Site::empty_sqlite();
    let again = copy(&postgres, &back, &keys, &["--batch-rows", "100"]).await;
    assert!(again.has_succeeded(), "{again:?}");
    assert_eq!(digests(&back).await, before);
    kept.goes_on(&back, &keys).await;
    // The source database is used again, after its operator has removed the record of the copy.
    forget_copies(&postgres).await;
    drop(kept.reads_on(&postgres, &keys).await);
}

/// Rows of further tables with difficult content: a child created before its parent, empty texts
/// and bytes, nulls, the smallest and the largest numbers, quotes and letters of other alphabets, a
/// job that a worker holds.
const EXTRAS: &str = include_str!("copying/extras.sql");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_of_every_kind_come_out_as_they_went_in() {
    let Some(postgres) = Site::empty_postgres().await else { return };
    let source = retailer().await;
    let keys = source.keys();
    for sql in EXTRAS.split(";\n").filter(|sql| !sql.trim().is_empty()) {
        source.run_sql(sql).await;
    }
    let before = digests(&source).await;
    let filled = before.iter().filter(|(_, owners)| !owners.is_empty()).count();
    assert!(filled >= 70, "only {filled} tables have rows");
    // Rows that no room has made hold no invariants.
    let strict = copy(&source, &postgres, &keys, &[]).await;
    assert!(strict.code == Some(1) && strict.out.contains("BROKEN") && strict.out.contains("--accept-broken"), "{strict:?}");
    let serve = ["serve", "--database-url", &postgres.url, "--keys-file", &keys, "--listen", "127.0.0.1:0"];
    entrepot(&serve).await.assert_failed(&["has not ended"]);
    let there = copy(&source, &postgres, &keys, &["--accept-broken"]).await;
    assert!(there.has_succeeded(), "{there:?}");
    assert_eq!(digests(&postgres).await, before);
    let back = Site::empty_sqlite();
    let again = copy(&postgres, &back, &keys, &["--accept-broken", "--batch-rows", "7"]).await;
    assert!(again.has_succeeded(), "{again:?}");
    assert_eq!(digests(&back).await, before);
    assert_eq!(rows(&back, "job WHERE state = 'RUNNING'").await, 0, "leases are not carried");
    assert_eq!(rows(&back, "category WHERE image_url = '' AND name LIKE '%☕%'").await, 1);
}

/// Runs a copy until it has printed this many lines, and kills it; returns whether it was still
/// running.
fn killed_after(args: &[&str], lines: u64) -> bool {
    let mut child = command(args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let reported_stderr = BufReader::new(child.stderr.take().unwrap());
    for line in reported_stderr.lines().take(usize::try_from(lines).unwrap()) {
        drop(line.unwrap());
    }
    let was_running = child.try_wait().unwrap().is_none();
    let _ = child.kill();
    child.wait().unwrap();
    was_running
}

async fn killed_ten_times(source: &Site, target: &Site, keys: &str) {
    let before = digests(source).await;
    let args = ["copy", "--from", &source.url, "--to", &target.url, "--keys-file", keys, "--batch-rows", "64"];
    let mut killed = 0;
    for _ in 0..10 {
        killed += usize::from(killed_after(&args, 2 + random() % 12));
    }
    assert_eq!(killed, 10, "the copy was done before it could be killed");
    let output = entrepot(&args).await;
    assert!(output.has_succeeded(), "{output:?}");
    assert!(output.err.contains("continuing after its last batch"), "{}", output.err);
    assert_eq!(digests(target).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_killed_goes_on_and_ends_the_same() {
    let source = retailer().await;
    let keys = source.keys();
    let Some(postgres) = Site::empty_postgres().await else { return };
    killed_ten_times(&source, &postgres, &keys).await;
    let back = Site::empty_sqlite();
    killed_ten_times(&postgres, &back, &keys).await;
}

async fn rows(site: &Site, table: &str) -> i64 {
    use sea_orm::{ConnectionTrait, Statement};
    let connection = connect(&site.url).await;
    let sql = format!("SELECT count(*) FROM {table}");
    let row = connection.query_one_raw(Statement::from_string(connection.get_database_backend(), sql)).await.unwrap().unwrap();
    let count = row.try_get_by_index(0).unwrap();
    connection.close().await.unwrap();
    count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_keys_are_refused_before_the_first_row() {
    let (source, target) = (retailer().await, Site::empty_sqlite());
    let other = target.folder.join("other.keys");
    std::fs::write(&other, entrepot(&["keys", "new"]).await.out).unwrap();
    let refused = copy(&source, &target, &other.display().to_string(), &[]).await;
    refused.assert_failed(&["does not fit this database", "give the key that was used before"]);
    for (site, table) in [(&target, "tenant"), (&target, "deployment_copy"), (&source, "deployment_copy")] {
        assert_eq!(rows(site, table).await, 0, "{table}");
    }
    // A key of the same name, with other bytes.
    let own = std::fs::read_to_string(source.keys()).unwrap();
    let id = own.lines().find(|line| !line.starts_with('#')).unwrap().split(':').next().unwrap().to_owned();
    let bytes = std::fs::read_to_string(&other).unwrap();
    std::fs::write(&other, format!("{id}:{}", bytes.trim().split(':').nth(1).unwrap())).unwrap();
    copy(&source, &target, &other.display().to_string(), &[]).await.assert_failed(&["only has its name"]);
    assert_eq!(rows(&target, "tenant").await, 0);
}

async fn refusals(source: &Site, target: &Site, used: &Site, keys: &str) {
    copy(source, used, keys, &[]).await.assert_failed(&[
        "the target is not empty",
        "the table app_user has rows",
        "entrepot migrate",
    ]);
    copy(source, source, keys, &[]).await.assert_failed(&["the same database"]);

    // A database that is being served: the copy is refused, and the node keeps running.
    let server = Server::start_with(source, free_address(), &[]).await;
    copy(source, target, keys, &[]).await.assert_failed(&["in use by another process", "stop its nodes"]);
    assert_eq!(rows(source, "deployment_copy").await + rows(target, "deployment_copy").await, 0);
    drop(server);

    let args = ["copy", "--from", &source.url, "--to", &target.url, "--keys-file", keys, "--batch-rows", "64"];
    assert!(killed_after(&args, 6));
    for site in [source, target] {
        let serve = ["serve", "--database-url", &site.url, "--keys-file", keys, "--listen", "127.0.0.1:0"];
        entrepot(&serve).await.assert_failed(&["entrepot copy` again"]);
        entrepot(&["worker", "--database-url", &site.url, "--keys-file", keys]).await.assert_failed(&["entrepot copy` again"]);
    }
    // Another source for the same target.
    copy(used, target, &used.keys(), &[]).await.assert_failed(&["the target has part of another copy", "empty it"]);
    let output = entrepot(&args).await;
    assert!(output.has_succeeded(), "{output:?}");
    copy(source, target, keys, &[]).await.assert_failed(&["a second copy is refused"]);
    let serve = ["serve", "--database-url", &source.url, "--keys-file", keys, "--listen", "127.0.0.1:0"];
    entrepot(&serve).await.assert_failed(&["was copied to", "--anyway"]);
    let examined = entrepot(&["doctor", "--database-url", &source.url, "--keys-file", keys]).await;
    assert!(examined.out.contains("FAIL  copy: this database was copied to"), "{examined:?}");
    let back = Server::start_with(source, free_address(), &["--anyway"]).await;
    drop(back);
    let again = Server::start_with(source, free_address(), &[]).await;
    drop(again);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_must_not_be_copied_is_refused() {
    let (source, used) = (retailer().await, retailer().await);
    let (keys, target) = (source.keys(), Site::sqlite().await);
    refusals(&source, &target, &used, &keys).await;
    let Some(postgres) = Site::postgres().await else { return };
    let moved = copy(&source, &postgres, &keys, &[]).await;
    assert!(moved.has_succeeded(), "{moved:?}");
    forget_copies(&postgres).await;
    std::fs::copy(&keys, postgres.keys()).unwrap();
    refusals(&postgres, &Site::sqlite().await, &used, &postgres.keys()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_go_along_when_asked_and_missing_ones_are_listed() {
    let (source, target) = (retailer().await, Site::empty_sqlite());
    let stored = source.folder.join("it.sqlite.files");
    std::fs::create_dir_all(stored.join("kept")).unwrap();
    std::fs::write(stored.join("kept/one"), "bytes").unwrap();
    let lost = EXTRAS.split(";\n").find(|sql| sql.contains("INTO file")).unwrap();
    source.run_sql(lost).await;
    let ended = copy(&source, &target, &source.keys(), &["--files"]).await;
    assert!(ended.out.contains("MISSING FILE") && ended.out.contains("lost.pdf"), "{ended:?}");
    let names = |folder: &std::path::Path| -> Vec<_> {
        walk(folder).iter().map(|path| path.strip_prefix(folder).unwrap().to_owned()).collect()
    };
    assert_eq!(names(&target.folder.join("it.sqlite.files")), names(&stored));
}

/// Returns all files below a folder, in order.
fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() { found.extend(walk(&entry.path())) } else { found.push(entry.path()) }
    }
    found.sort();
    found
}

#[tokio::test]
async fn the_help_says_it_all() {
    let output = entrepot(&["copy", "--help"]).await;
    for part in ["Killed anywhere", "Stop all nodes", "--keys-file", "--files", "--anyway", "leases", "digests", "API keys"] {
        assert!(output.out.contains(part), "\"{part}\" is not in {}", output.out);
    }
}
