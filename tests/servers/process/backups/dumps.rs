//! Backups of a Postgres by its own programs: made while it is served, verified, drilled, and restored into an empty database.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::json;

use crate::process::{
    client::Client,
    server::{Ended, Server, Site, UNLIMITED, entrepot, entrepot_in, free_address},
    waiting::{metric, wait_until},
};

/// The programs of the newest Postgres of this machine, where `scripts/services.sh` finds its server; else those of PATH, which the binary under test has not.
fn programs() -> [String; 4] {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter(|version| version.path().join("bin/pg_dump").exists())
        .max_by_key(|version| version.file_name().to_string_lossy().parse::<u32>().unwrap_or_default())
        .map(|version| version.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let of_path = || std::env::split_paths(&path).find(|folder| folder.join("pg_dump").exists());
    let given = std::env::var_os("PGBIN").map(PathBuf::from).filter(|folder| folder.join("pg_dump").exists());
    let folder = given.or(newest).or_else(of_path).expect("pg_dump and pg_restore: install the client programs of Postgres");
    let program = |name: &str| folder.join(name).display().to_string();
    ["--pg-dump".to_owned(), program("pg_dump"), "--pg-restore".to_owned(), program("pg_restore")]
}

/// A backup command on a database, with the keys and the backups of a site.
pub(super) async fn run_backup(site: &Site, url: &str, arguments: &[&str]) -> Ended {
    let (keys, place) = (site.keys(), format!("file:{}", site.folder.join("backups").display()));
    let (action, more) = arguments.split_first().unwrap();
    let args = ["backup", action, "--database-url", url, "--keys-file", &keys, "--backups", &place];
    let programs = programs();
    let programs: Vec<&str> = programs.iter().map(String::as_str).collect();
    let programs: &[&str] = if more.contains(&"--pg-dump") { &[] } else { &programs };
    entrepot(&[&args, programs, more].concat()).await
}

/// A login that may read all tables and passes by no policy would back up a database without its tenants.
async fn a_login_that_does_not_see_all_is_refused(site: &Site) {
    let (server, name) = site.url.rsplit_once('/').unwrap();
    let (login, reader) = (server.rsplit_once('@').unwrap().0, format!("{name}_reader"));
    site.run_sql(&format!("CREATE ROLE {reader} LOGIN PASSWORD 'x' IN ROLE pg_read_all_data")).await;
    let url = site.url.replacen(login, &format!("postgres://{reader}:x"), 1);
    let output = run_backup(site, &url, &["run"]).await;
    site.run_sql(&format!("DROP ROLE {reader}")).await;
    output.assert_failed(&["does not see all rows of"]);
}

/// A restore that was killed after its rows were written leaves a database that no server serves;
/// one that was killed before is repeated.
async fn what_a_killed_restore_leaves_is_not_served(site: &Site) {
    site.run_sql("CREATE TABLE entrepot_restoring ()").await;
    let keys = site.keys();
    let serve = ["serve", "--database-url", &site.url, "--keys-file", &keys, "--listen", "127.0.0.1:0"];
    entrepot_in(&site.folder, &serve).await.assert_failed(&["entrepot_restoring", "repeat the restore"]);
    run_backup(site, &site.url, &["run"]).await.assert_failed(&["entrepot_restoring"]);
    site.run_sql("DROP TABLE entrepot_restoring").await;
}

/// A clock that was ahead named a backup: the operator must say which backup is the newest.
async fn one_of_a_moment_to_come_is_not_the_newest(site: &Site, target: &Site, id: &str) {
    let ahead = site.folder.join("backups").join("20991129T140000000Z-0000abcd");
    fs::create_dir(&ahead).unwrap();
    fs::write(ahead.join("manifest.json"), "{}").unwrap();
    for (command, url) in [("restore", &target.url), ("verify", &site.url), ("drill", &site.url)] {
        run_backup(site, url, &[command]).await.assert_failed(&[
            "which is in the future",
            "20991129T140000000Z-0000abcd",
            "name the ID",
            id,
        ]);
    }
    fs::remove_dir_all(&ahead).unwrap();
}

/// A restore that was aborted before its first row: no command takes the database for an old
/// version.
async fn what_was_restored_in_part_is_not_migrated(site: &Site, target: &Site) {
    let keys = site.keys();
    let of = ["--database-url", &target.url, "--keys-file", &keys];
    let serve = [&["serve", "--listen", "127.0.0.1:0"], &of[..]].concat();
    entrepot_in(&site.folder, &serve).await.assert_failed(&["a restore of this database", "entrepot_restoring"]);
    entrepot(&["migrate", "--database-url", &target.url])
        .await
        .assert_failed(&["a restore of this database", "entrepot_restoring"]);
    let examined = entrepot(&[&["doctor"], &of[..]].concat()).await;
    assert!(examined.out.contains("FAIL  restore: a restore of this database"), "{examined:?}");
}

/// A pg_dump that notes its nice value before it dumps, and the file of its notes.
fn noting_program(site: &Site) -> (String, PathBuf) {
    let (program, notes) = (site.folder.join("pg_dump_noting"), site.folder.join("nice_values"));
    let [_, pg_dump, ..] = programs();
    fs::write(&program, format!("#!/bin/sh\nnice >> {}\nexec {pg_dump} \"$@\"\n", notes.display())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    (program.display().to_string(), notes)
}

/// Dumps wait for the processor behind whatever serves requests.
fn ran_behind_requests(notes: &Path) {
    let own = std::process::Command::new("nice").output().unwrap().stdout;
    let number = |text: &str| text.trim().parse::<i32>().unwrap();
    let expected = (number(&String::from_utf8(own).unwrap()) + 12).min(19);
    let noted: Vec<i32> = fs::read_to_string(notes).unwrap().lines().map(number).collect();
    assert!(!noted.is_empty() && noted.iter().all(|nice| *nice == expected), "{noted:?} instead of {expected}");
    fs::remove_file(notes).unwrap();
}

/// A node with a place for backups dumps its database on schedule, and its metrics have the age of
/// the newest dump.
async fn a_node_dumps_by_schedule(site: &Site) {
    let (place, inside) = (format!("file:{}", site.folder.join("backups").display()), free_address().to_string());
    let flags = ["--backups", &place, "--backup-every", "1s", "--backup-drill-every", "off", "--metrics-listen", &inside];
    let (program, notes) = noting_program(site);
    let dumped = run_backup(site, &site.url, &["run", "--pg-dump", &program]).await;
    assert!(dumped.has_succeeded(), "{dumped:?}");
    ran_behind_requests(&notes);
    let programs = ["--pg-dump", &program];
    let began = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    let server = Server::start_with(site, free_address(), &[&UNLIMITED[..], &flags, &programs].concat()).await;
    let is_newer = async || {
        let last = metric(&inside, "entrepot_backup_last_success_timestamp_seconds", "").await;
        last.is_some_and(|last| last >= began)
    };
    wait_until("a dump by schedule", is_newer).await;
    assert_eq!(metric(&inside, "entrepot_backup_interval_seconds", "").await, Some(1.0));
    server.kill();
    ran_behind_requests(&notes);
}

/// A store of a new company, by the API.
pub(super) async fn shop(site: &Site) {
    let further = [&UNLIMITED[..], &["--registration", "open", "--jobs", "off"]].concat();
    let server = Server::start_with(site, free_address(), &further).await;
    let owner = Client::register(&server.url(), "dumped").await;
    let create = "mutation($i: StoreCreateInput!) { result: storeCreate(input: $i) { userErrors { code } } }";
    let input = json!({ "code": "S-1", "name": "A store", "kind": "SHOP", "timeZone": "UTC" });
    let answer = owner.execute(create, json!({ "i": input })).await;
    assert_eq!(answer["result"]["userErrors"], json!([]), "{answer}");
    server.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_is_dumped_drilled_and_restored_into_an_empty_database() {
    let Some(site) = Site::postgres().await else { return };
    let Some(target) = Site::empty_postgres().await else { return };
    shop(&site).await;
    let output = run_backup(&site, &site.url, &["run"]).await;
    assert!(output.has_succeeded() && output.out.contains("not included: the keys"), "{output:?}");
    let id = output.out.split(':').next().unwrap().to_owned();
    run_backup(&site, &site.url, &["run", "--pg-dump", "/nowhere/pg_dump"])
        .await
        .assert_failed(&["/nowhere/pg_dump is not there"]);
    run_backup(&site, &site.url, &["run", "--pg-dump", "false"]).await.assert_failed(&["false failed"]);
    let listed = run_backup(&site, &site.url, &["list"]).await;
    assert!(listed.out.contains(&id) && listed.out.contains("keys: present"), "{listed:?}");
    let verified = run_backup(&site, &site.url, &["verify"]).await;
    assert!(verified.has_succeeded() && verified.out.contains(&format!("{id} can be restored")), "{verified:?}");
    let drilled = run_backup(&site, &site.url, &["drill"]).await;
    assert!(drilled.has_succeeded(), "{drilled:?}");
    for part in ["invariants hold over", "the heads of", "RPO ", "RTO "] {
        assert!(drilled.out.contains(part), "\"{part}\" is not in {drilled:?}");
    }
    let log = entrepot(&["backup", "log", "--database-url", &site.url]).await;
    let runs: Vec<String> = log.out.lines().map(|line| line.split('\t').skip(1).take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(runs, ["BACKUP DONE", "BACKUP FAILED", "BACKUP FAILED", "DRILL DONE"], "{log:?}");

    run_backup(&site, &site.url, &["restore", &id]).await.assert_failed(&["already exists", "empty database"]);
    one_of_a_moment_to_come_is_not_the_newest(&site, &target, &id).await;
    let file = format!("sqlite://{}", site.folder.join("again.sqlite").display());
    run_backup(&site, &file, &["restore", &id]).await.assert_failed(&["one of postgres", "one of its kind"]);
    a_login_that_does_not_see_all_is_refused(&site).await;
    what_a_killed_restore_leaves_is_not_served(&site).await;
    target.run_sql("CREATE SCHEMA other; CREATE TABLE other.ours ()").await;
    run_backup(&site, &target.url, &["restore", &id]).await.assert_failed(&["other.ours already exists", "empty database"]);
    target.run_sql("DROP SCHEMA other CASCADE; CREATE TABLE entrepot_restoring ()").await;
    what_was_restored_in_part_is_not_migrated(&site, &target).await;
    let restored = run_backup(&site, &target.url, &["restore", &id]).await;
    assert!(restored.has_succeeded(), "{restored:?}");
    for part in ["have a new epoch", "before `entrepot resume`", "dumped\thead ", "restore the"] {
        assert!(restored.out.contains(part), "\"{part}\" is not in {restored:?}");
    }
    // The mark of the restore is gone.
    target.run_sql("CREATE TABLE entrepot_restoring (); DROP TABLE entrepot_restoring").await;
    target.verify().await;
    a_node_dumps_by_schedule(&site).await;
}
