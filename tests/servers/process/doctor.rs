//! The operator's commands that look, and those for an emergency.

use std::{fs, time::Duration};

use entity::prelude::JobId;
use migration::{Migrator, MigratorTrait};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::{
    client::Client,
    restored::logged_in,
    server::{Ended, Server, Site, command, entrepot, free_address},
};
use crate::world::on_both;

/// Returns the name of the last migration in the binary.
fn head() -> String {
    Migrator::migrations().last().unwrap().name().to_owned()
}

async fn on(site: &Site, words: &[&str]) -> Ended {
    entrepot(&[words, &["--database-url", &site.url]].concat()).await
}

async fn keyed(site: &Site, words: &[&str]) -> Ended {
    on(site, &[words, &["--keys-file", &site.keys()]].concat()).await
}

/// A database that is migrated by the binary itself.
async fn migrated(site: &Site) {
    if site.url.starts_with("sqlite") && !site.folder.join("it.sqlite").exists() {
        fs::File::create(site.folder.join("it.sqlite")).unwrap();
    }
    let ended = on(site, &["migrate"]).await;
    assert!(ended.has_succeeded(), "{ended:?}");
}

/// Returns the report of the doctor: a verdict for each check, and the whole output.
async fn examined(site: &Site, extra: &[&str]) -> (Ended, Value) {
    let ended = keyed(site, &[&["doctor", "--format", "json"], extra].concat()).await;
    let report = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}"));
    (ended, report)
}

fn verdict<'a>(report: &'a Value, check: &str) -> &'a str {
    let found = report["checks"].as_array().unwrap().iter().find(|finding| finding["check"] == check);
    found.unwrap_or_else(|| panic!("{check}: {report}"))["verdict"].as_str().unwrap()
}

on_both!(a_deployment_that_is_well_has_no_failure_and_faults_are_named, site: Site => {
    let files = format!("file:{}", site.folder.join("kept").display());
    let server = Server::start_with(site, free_address(), &["--files", &files]).await;
    let started_at = Instant::now();
    // The node puts the mark into its file store a moment after it is ready.
    let (ended, report) = loop {
        let (ended, report) = examined(site, &["--files", &files]).await;
        let files = report["checks"].as_array().unwrap().iter().find(|finding| finding["check"] == "files").unwrap();
        if files["seen"].as_str().unwrap().contains("has the mark") || started_at.elapsed() > Duration::from_secs(10) {
            break (ended, report);
        }
        sleep(Duration::from_millis(100)).await;
    };
    for check in ["versions", "clock", "keys", "files"] {
        assert_eq!(verdict(&report, check), "OK", "{check}: {report}");
    }
    assert_eq!(ended.has_succeeded(), report["ok"] == true, "{report}");
    let own = if site.url.starts_with("sqlite") { "sqlite" } else { "durability" };
    verdict(&report, own);
    let keeps_sessions = report["checks"].as_array().unwrap().iter().find(|finding| finding["check"] == "pooler");
    assert_eq!(keeps_sessions.map(|finding| finding["verdict"] == "OK"), (own == "durability").then_some(true), "{report}");

    let text = keyed(site, &["doctor", "--files", &files]).await;
    assert!(text.out.lines().any(|line| line.starts_with("OK    versions: ")), "{text:?}");
    assert!(text.out.lines().all(|line| ["OK    ", "WARN  ", "FAIL  "].iter().any(|verdict| line.starts_with(verdict))), "{text:?}");

    let elsewhere = format!("file:{}", site.folder.join("elsewhere").display());
    let backups = format!("file:{}", site.folder.join("backups").display());
    let words = ["--files", &elsewhere, "--registration", "verified", "--backups", &backups];
    let (ended, report) = examined(site, &words).await;
    assert_eq!((ended.code, verdict(&report, "files"), verdict(&report, "settings")), (Some(1), "FAIL", "FAIL"), "{report}");
    assert_eq!(verdict(&report, "backup place"), "WARN", "{report}");
    assert!(["elsewhere", "backups"].iter().all(|folder| !site.folder.join(folder).exists()), "it makes no folder");
    drop(server);
});

#[test]
fn a_misspelled_variable_is_a_warning() {
    let mut doctor = command(&["doctor", "--database-url", "sqlite://missing/it.sqlite"]);
    let output = doctor.env("ENTREPOT_LISTN", "0.0.0.0:80").output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    assert!(lines.contains("WARN  settings: no flag reads ENTREPOT_LISTN. Next: look for its name"), "{lines}");
}

on_both!(other_keys_and_a_redis_that_is_away_are_failures, site: Site => {
    drop(Server::start(site).await);
    let other = site.folder.join("other.keys");
    fs::write(&other, entrepot(&["keys", "new"]).await.out).unwrap();
    let redis = format!("redis://{}", free_address());
    let other = other.display().to_string();
    let words = ["doctor", "--format", "json", "--keys-file", &other, "--redis-url", &redis];
    let ended = on(site, &words).await;
    let report: Value = serde_json::from_str(&ended.out).unwrap_or_else(|_| panic!("{ended:?}"));
    assert_eq!((ended.code, verdict(&report, "keys"), verdict(&report, "redis")), (Some(1), "FAIL", "FAIL"), "{report}");
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_says_that_a_database_is_missing_or_old() {
    let missing = Site::empty_sqlite();
    let (ended, report) = examined(&missing, &[]).await;
    assert_eq!((ended.code, verdict(&report, "database")), (Some(1), "FAIL"), "{report}");
    assert_eq!(fs::read_dir(&missing.folder).unwrap().count(), 0, "it makes nothing");
    for site in [Some(Site::empty_sqlite()), Site::empty_postgres().await].into_iter().flatten() {
        migrated(&site).await;
        site.run_sql(&format!("DELETE FROM seaql_migrations WHERE version = '{}'", head())).await;
        let (ended, report) = examined(&site, &[]).await;
        assert_eq!((ended.code, verdict(&report, "versions"), verdict(&report, "tables")), (Some(1), "FAIL", "WARN"), "{report}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_lists_what_a_migration_would_do_and_changes_nothing() {
    for site in [Some(Site::empty_sqlite()), Site::empty_postgres().await].into_iter().flatten() {
        if site.url.starts_with("sqlite") {
            fs::File::create(site.folder.join("it.sqlite")).unwrap();
        }
        let all = on(&site, &["migrate", "--plan"]).await;
        assert!(all.has_succeeded(), "{all:?}");
        for part in [
            "m0001_foundation\tBREAKING\t",
            "m0052_backup_runs\tadds\tbackup_run (new)",
            "m0057_holds\tBREAKING\t",
            "stop all older nodes",
        ] {
            assert!(all.out.contains(part), "{part}: {all:?}");
        }
        assert_eq!(on(&site, &["migrate", "--plan"]).await.out, all.out, "nothing was changed");
        migrated(&site).await;
        assert!(on(&site, &["migrate", "--plan"]).await.out.contains("up to date"));

        site.run_sql("DELETE FROM seaql_migrations WHERE version = 'm0052_backup_runs'").await;
        let one = on(&site, &["migrate", "--plan"]).await;
        let rows = if site.url.starts_with("sqlite") { "backup_run (0 rows)" } else { "backup_run (" };
        assert!(
            one.has_succeeded() && one.out.contains(rows) && one.out.contains("1 migration(s), 0 of them breaking"),
            "{one:?}"
        );
        assert!(!one.out.contains("(new)"), "{one:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_that_are_missing_are_told_and_made() {
    let sqlite = Site::sqlite().await;
    on(&sqlite, &["partitions", "list"]).await.assert_failed(&["SQLite keeps whole tables"]);
    let Some(site) = Site::empty_postgres().await else { return };
    migrated(&site).await;
    let list = on(&site, &["partitions", "list"]).await;
    assert!(list.has_succeeded() && list.out.contains("event_before\tbefore\tattached\t"), "{list:?}");
    assert!(list.out.contains("3 month(s) ahead"), "{list:?}");
    let (_, report) = examined(&site, &[]).await;
    assert_eq!((verdict(&report, "partitions"), verdict(&report, "partition owner")), ("OK", "OK"), "{report}");

    let next = "DO $$ BEGIN EXECUTE 'DROP TABLE audit_entry_' || to_char((now() AT TIME ZONE 'UTC') + interval '1 month', 'YYYY_MM'); END $$";
    site.run_sql(next).await;
    let list = on(&site, &["partitions", "list"]).await;
    assert!(list.code == Some(1) && list.out.contains("0 month(s) ahead"), "{list:?}");
    let (_, report) = examined(&site, &[]).await;
    let found = report["checks"].as_array().unwrap().iter().find(|finding| finding["check"] == "partitions").unwrap();
    assert_eq!(found["verdict"], "FAIL", "{report}");
    assert!(found["seen"].as_str().unwrap().starts_with("no partition of audit_entry for "), "{found}");
    assert!(found["advice"].as_str().unwrap().contains("entrepot partitions run"), "{found}");
    let output = on(&site, &["partitions", "run"]).await;
    assert!(
        output.has_succeeded() && output.out.contains("1 partition(s) created") && output.out.contains("3 month(s) ahead"),
        "{output:?}"
    );
    on(&site, &["partitions", "archive"]).await.assert_failed(&["--files"]);
    let text = format!("file:{}", site.folder.join("kept").display());
    let archive = on(&site, &["partitions", "archive", "--files", &text]).await;
    assert!(archive.has_succeeded() && archive.out.contains("0 partition(s) older than 13 months"), "{archive:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_says_which_of_the_two_is_older() {
    let alone = entrepot(&["version"]).await;
    assert!(alone.has_succeeded() && alone.out.contains("entrepot 0.") && alone.out.contains(&head()), "{alone:?}");
    for site in [Some(Site::empty_sqlite()), Site::empty_postgres().await].into_iter().flatten() {
        migrated(&site).await;
        let equal = on(&site, &["version", "--check"]).await;
        assert!(equal.has_succeeded() && equal.out.contains("of this version"), "{equal:?}");
        site.run_sql("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_tomorrow', 0)").await;
        let newer = on(&site, &["version", "--check"]).await;
        assert!(newer.code == Some(1) && newer.out.contains("newer") && newer.out.contains("m9999_tomorrow"), "{newer:?}");
        on(&site, &["migrate", "--plan"]).await.assert_failed(&["m9999_tomorrow"]);
        site.run_sql(&format!("DELETE FROM seaql_migrations WHERE version IN ('m9999_tomorrow', '{}')", head())).await;
        let older = on(&site, &["version", "--check"]).await;
        assert!(older.code == Some(1) && older.out.contains("older: it lacks 1"), "{older:?}");
    }
}

on_both!(sessions_of_one_tenant_or_of_all_are_ended, site: Site => {
    let server = Server::start(site).await;
    let ours = Client::register(&server.url(), "ours").await;
    let theirs = Client::register(&server.url(), "theirs").await;
    keyed(site, &["sessions", "end"]).await.assert_failed(&["--tenant"]);
    keyed(site, &["sessions", "end", "--all", "--tenant", "ours"]).await.assert_failed(&["cannot be used with"]);
    keyed(site, &["sessions", "end", "--tenant", "nobody"]).await.assert_failed(&["there is no tenant nobody"]);

    let ended = keyed(site, &["sessions", "end", "--tenant", "ours"]).await;
    assert!(ended.has_succeeded() && ended.out.contains("1 session(s) of 1 tenant(s) are ended"), "{ended:?}");
    is_out(&ours).await;
    theirs.execute("{ viewer { tenant { slug } } }", json!({})).await;
    let (ours, _) = logged_in(&ours, "ours").await;
    // The server takes what the command left for the audit log into it in its own time.
    let mut logged = String::new();
    for _ in 0..200 {
        logged = ours.execute("{ auditEntries(first: 20) { nodes { action } } }", json!({})).await.to_string();
        if logged.contains("session.end.all") {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(logged.matches("session.end.all").count(), 1, "{logged}");

    keyed(site, &["sessions", "end", "--all"]).await.assert_failed(&["2 session(s) of 2 tenant(s) would be ended", "--yes"]);
    let ended = keyed(site, &["sessions", "end", "--all", "--yes"]).await;
    assert!(ended.has_succeeded() && ended.out.contains("2 session(s) of 2 tenant(s)"), "{ended:?}");
    is_out(&ours).await;
    is_out(&theirs).await;
});

async fn is_out(client: &Client) {
    let started_at = Instant::now();
    let query = "{ viewer { tenant { slug } } }";
    while client.send(query, &json!({})).await.unwrap()["errors"][0]["extensions"]["code"] != "UNAUTHENTICATED" {
        assert!(started_at.elapsed() < Duration::from_secs(8), "still let in");
        sleep(Duration::from_millis(50)).await;
    }
}

on_both!(an_exchange_is_cancelled_with_its_job, site: Site => {
    // This node runs no jobs: they wait.
    let server = Server::start_with(site, free_address(), &["--jobs", "off"]).await;
    let ours = Client::register(&server.url(), "ours").await;
    let query = "mutation($input: ExportCreateInput!) { result: exportCreate(input: $input) { userErrors { code } } }";
    ours.must_mutate(query, json!({ "idempotencyKey": "all", "entity": "CATEGORIES" })).await;
    let jobs = ours.execute("{ jobs(first: 50) { nodes { id kind } } }", json!({})).await;
    let job = jobs["jobs"]["nodes"].as_array().unwrap().iter().find(|job| job["kind"] == "exchange.run").unwrap_or_else(|| panic!("{jobs}"));
    let dropped = keyed(site, &["job", "drop", job["id"].as_str().unwrap(), "--reason", "its file is gone"]).await;
    assert!(dropped.has_succeeded() && dropped.out.contains("its exchange is cancelled"), "{dropped:?}");
    let found = ours.execute("{ dataJobs { nodes { state } } }", json!({})).await;
    assert_eq!(found["dataJobs"]["nodes"], json!([{ "state": "CANCELLED" }]), "nothing waits for it");
});

on_both!(a_job_that_cannot_go_on_is_dropped_once, site: Site => {
    let number = 7_u128 << 64 | 9;
    let id = JobId::from_uuid(Uuid::from_u128(number)).to_string();
    let bytes = |number: u128| {
        if site.url.starts_with("sqlite") { format!("X'{number:032x}'") } else { format!("'{}'::uuid", Uuid::from_u128(number)) }
    };
    site.run_sql(&format!(
        "INSERT INTO job (tenant_id, id, kind, payload, state, due_at, created_at) VALUES ({}, {}, 'tests.stuck', '{{}}', 'WAITING', 0, 0)",
        bytes(0),
        bytes(number)
    ))
    .await;
    keyed(site, &["job", "drop", &id]).await.assert_failed(&["--reason"]);
    keyed(site, &["job", "drop", &id, "--reason", " "]).await.assert_failed(&["1 to 500 characters"]);
    keyed(site, &["job", "drop", "ord_1", "--reason", "stuck"]).await.assert_failed(&["the ID of a job"]);
    let unknown = JobId::from_uuid(Uuid::from_u128(number + 1)).to_string();
    keyed(site, &["job", "drop", &unknown, "--reason", "stuck"]).await.assert_failed(&["there is no job"]);

    let dropped = keyed(site, &["job", "drop", &id, "--reason", "its file is gone"]).await;
    assert!(dropped.has_succeeded() && dropped.out.contains(&id) && dropped.out.contains("tests.stuck"), "{dropped:?}");
    keyed(site, &["job", "drop", &id, "--reason", "again"]).await.assert_failed(&["is DEAD already"]);
    let proven = keyed(site, &["audit", "verify"]).await;
    assert!(proven.has_succeeded(), "{proven:?}");
    let (_, report) = examined(site, &[]).await;
    assert_ne!(verdict(&report, "jobs"), "OK", "a dead job is said: {report}");
});
