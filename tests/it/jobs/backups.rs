//! The log of backups as members read it. It belongs to the deployment, and members of each company
//! with the right to read jobs see it.

use entity::{prelude::*, tables::backup_run};
use entrepot::backups::{BackupLog, KILLED_ERROR, parse_backup_list};
use platform::clock::Clock;
use serde_json::{Value, json};

use super::World;
use crate::world::on_both;

on_both!(
    the_log_of_backups_is_read_newest_first_and_says_what_a_drill_has_shown,
    the_log_of_backups_names_no_place_and_is_for_who_may_read_jobs,
    a_backup_of_a_moment_to_come_is_not_the_last_one,
);

/// A backup that began `second` seconds after noon.
fn run(second: i64, kind: BackupKind, state: BackupState) -> backup_run::Model {
    let at = Timestamp(1_795_608_000_000_000).plus_seconds(second);
    backup_run::Model {
        id: uuid::Uuid::from_u128(u128::try_from(second).unwrap() + 1),
        kind,
        state,
        started_at: at,
        ended_at: (state != BackupState::Running).then(|| at.plus_seconds(2)),
        destination: "s3://attic/prefix".to_owned(),
        backup_id: Some("20261125T120000000Z-0000abcd".to_owned()),
        bytes: Some(5_000_000_000),
        stored_bytes: None,
        files: None,
        head: None,
        rto_seconds: None,
        is_sound: None,
        error: None,
        rpo_seconds: None,
    }
}

/// A backup, a drill that proves it, a drill of broken rows, a backup that was killed, one whose bucket was away, and one that runs.
fn runs() -> [backup_run::Model; 6] {
    let failed = |error: &str| Some(error.to_owned());
    [
        backup_run::Model { stored_bytes: Some(1_000), ..run(0, BackupKind::Backup, BackupState::Done) },
        backup_run::Model {
            is_sound: Some(true),
            rpo_seconds: Some(3),
            rto_seconds: Some(12),
            ..run(10, BackupKind::Drill, BackupState::Done)
        },
        backup_run::Model {
            is_sound: Some(false),
            error: failed("the drill failed: tenant attic-tools breaks invariants"),
            ..run(20, BackupKind::Drill, BackupState::Failed)
        },
        backup_run::Model { error: failed(KILLED_ERROR), ..run(30, BackupKind::Backup, BackupState::Failed) },
        backup_run::Model { error: failed("s3://attic/prefix is away"), ..run(40, BackupKind::Backup, BackupState::Failed) },
        run(50, BackupKind::Backup, BackupState::Running),
    ]
}

async fn keep(world: &World) {
    let work = world.node.db.global().maintenance_for(TenantId::NIL).await.unwrap();
    for run in runs() {
        work.insert_global::<backup_run::Entity>(run).await.unwrap();
    }
    work.commit().await.unwrap();
}

/// The list with these arguments, as the owner reads it.
async fn list(world: &World, arguments: &str) -> Value {
    let query = format!(
        "{{ backups{arguments} {{ nodes {{ kind state startedAt endedAt bytes storedBytes isSound recoveryPointSeconds recoveryTimeSeconds problem }}
            pageInfo {{ hasNextPage endCursor }} }} }}"
    );
    let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), &query, &json!({})).await;
    assert!(answer["errors"].is_null(), "{query}: {answer:#}");
    answer["data"]["backups"].clone()
}

fn states(list: &Value) -> Vec<String> {
    let word = |node: &Value, name: &str| node[name].as_str().unwrap().to_owned();
    list["nodes"].as_array().unwrap().iter().map(|node| format!("{} {}", word(node, "kind"), word(node, "state"))).collect()
}

async fn the_log_of_backups_is_read_newest_first_and_says_what_a_drill_has_shown(world: &World) {
    assert_eq!(list(world, "").await["nodes"], json!([]), "nothing was backed up yet");
    keep(world).await;
    let all = list(world, "").await;
    let expected = ["BACKUP RUNNING", "BACKUP FAILED", "BACKUP FAILED", "DRILL FAILED", "DRILL DONE", "BACKUP DONE"];
    assert_eq!(states(&all), expected);
    let [running, away, killed, broken, proven, finished] = std::array::from_fn(|index| &all["nodes"][index]);
    assert_eq!((&running["endedAt"], &running["problem"]), (&Value::Null, &Value::Null));
    let second = |at: &Value| at.as_str().unwrap()[..19].to_owned();
    assert_eq!([second(&finished["startedAt"]), second(&finished["endedAt"])], ["2026-11-25T12:00:00", "2026-11-25T12:00:02"]);
    assert_eq!((&finished["bytes"], &finished["storedBytes"]), (&json!(5_000_000_000_i64), &json!(1_000)));
    assert_eq!((&finished["recoveryPointSeconds"], &finished["isSound"]), (&Value::Null, &Value::Null));
    assert_eq!((&proven["recoveryPointSeconds"], &proven["recoveryTimeSeconds"]), (&json!(3), &json!(12)));
    assert_eq!((&proven["isSound"], &broken["isSound"]), (&json!(true), &json!(false)));
    assert_eq!(killed["problem"], KILLED_ERROR);
    assert_eq!(broken["problem"], "the database that was restored breaks invariants");
    assert_eq!(away["problem"], "the operator's log of backups has the reason");

    assert_eq!(states(&list(world, "(kinds: [DRILL])").await), ["DRILL FAILED", "DRILL DONE"]);
    assert_eq!(states(&list(world, "(kinds: [BACKUP], states: [DONE, RUNNING])").await), ["BACKUP RUNNING", "BACKUP DONE"]);
    for none in ["(kinds: [])", "(states: [])", "(kinds: [DRILL], states: [RUNNING])"] {
        assert_eq!(list(world, none).await["nodes"], json!([]), "{none}");
    }
    asked_by_a_filter(world).await;
    let (mut paged, mut after) = (Vec::new(), "null".to_owned());
    loop {
        let page = list(world, &format!("(first: 4, after: {after})")).await;
        paged.extend(states(&page));
        if page["pageInfo"]["hasNextPage"] == json!(false) {
            break;
        }
        after = page["pageInfo"]["endCursor"].to_string();
    }
    assert_eq!(paged, expected);
    let mut oldest_first = states(&list(world, "(sort: { field: STARTED_AT, direction: ASC })").await);
    oldest_first.reverse();
    assert_eq!(oldest_first, expected);

    // Backups that pgBackRest lists are added once; one that is older than the retention of rows is
    // not added again.
    let log = BackupLog::new(world.node.db.clone(), world.node.clock.clone());
    let moment = world.node.clock.now().micros() / 1_000_000;
    let backup = |label: &str, start: i64, error: bool| {
        json!({ "database": { "id": 1, "repo-key": 1 }, "error": error, "info": { "size": 7_000, "repository": { "delta": 300 } },
            "label": label, "timestamp": { "start": start, "stop": start + 9 } })
    };
    let all = [backup("a", moment - 401 * 86_400, false), backup("b", moment - 60, false), backup("c", moment - 50, true)];
    let printed = json!([{ "name": "attic", "backup": all, "status": { "code": 0, "message": "ok" } }]).to_string();
    let all = parse_backup_list(&printed).unwrap();
    assert_eq!([log.add_listed(&all).await.unwrap(), log.add_listed(&all).await.unwrap()], [2, 0]);
    let copied = list(world, "").await;
    let copied: Vec<&Value> = copied["nodes"].as_array().unwrap().iter().filter(|node| node["bytes"] == 7_000).collect();
    let [damaged, finished]: [&Value; 2] = copied.try_into().unwrap();
    assert_eq!((&finished["state"], &finished["storedBytes"], &finished["problem"]), (&json!("DONE"), &json!(300), &Value::Null));
    assert_eq!(
        (&damaged["state"], &damaged["problem"]),
        (&json!("FAILED"), &json!("the operator's log of backups has the reason"))
    );
}

/// Filters over the six stored runs.
async fn asked_by_a_filter(world: &World) {
    let filtered = async |filter: &str, rest: &str| {
        let found = list(world, &format!("(filter: {{ {filter} }}{rest})")).await;
        states(&found)
    };
    for (filter, expected) in [
        ("kind: [DRILL]", vec!["DRILL FAILED", "DRILL DONE"]),
        ("kind: []", vec![]),
        ("endedAt: { isNull: true }", vec!["BACKUP RUNNING"]),
        ("endedAt: { isNull: false }, status: [DONE]", vec!["DRILL DONE", "BACKUP DONE"]),
        ("isSound: false", vec!["DRILL FAILED"]),
        ("startedAt: { lt: \"2026-11-25T12:00:10Z\" }", vec!["BACKUP DONE"]),
        ("or: [{ isSound: true }, { status: [RUNNING] }]", vec!["BACKUP RUNNING", "DRILL DONE"]),
        ("kind: [DRILL], not: { isSound: true }", vec!["DRILL FAILED"]),
        ("not: { status: [FAILED, RUNNING] }", vec!["DRILL DONE", "BACKUP DONE"]),
    ] {
        assert_eq!(filtered(filter, "").await, expected, "{filter}");
    }
    assert_eq!(filtered("status: [DONE]", ", kinds: [DRILL], statuses: [DONE, FAILED]").await, ["DRILL DONE"]);
    assert_eq!(filtered("status: [DONE]", ", statuses: [FAILED]").await, Vec::<String>::new());
    let counted = "{ backups(first: 1, filter: { not: { kind: [DRILL] } }) { totalCount { count } } }";
    let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), counted, &json!({})).await;
    assert_eq!(answer["data"]["backups"]["totalCount"]["count"], 4, "{answer:#}");
}

async fn the_log_of_backups_names_no_place_and_is_for_who_may_read_jobs(world: &World) {
    keep(world).await;
    let text = list(world, "").await.to_string();
    assert!(!text.contains("attic"), "{text}");

    let short = "{ backups { nodes { state } } }";
    let theirs = world.execute(&world.theirs, Some(world.theirs.owner.clone()), short, &json!({})).await;
    assert_eq!(theirs["data"]["backups"]["nodes"].as_array().map(Vec::len), Some(6), "the log is the deployment's: {theirs}");
    let auditor = world.ours.owner_with(&["audit.read"]);
    let refused = world.execute(&world.ours, Some(auditor), short, &json!({})).await;
    assert_eq!((&refused["errors"][0]["code"], &refused["errors"][0]["permission"]), (&json!("FORBIDDEN"), &json!("job.read")));
    let reader = world.ours.owner_with(&["job.read"]);
    let read = world.execute(&world.ours, Some(reader.clone()), short, &json!({})).await;
    assert!(read["errors"].is_null(), "{read}");

    for wrong in ["first: 0", "first: 251", "after: \"AAAA\""] {
        let query = format!("{{ backups({wrong}) {{ nodes {{ state }} }} }}");
        let answer = world.execute(&world.ours, Some(reader.clone()), &query, &json!({})).await;
        assert_eq!(answer["errors"][0]["code"], "BAD_USER_INPUT", "{wrong}: {answer}");
    }
}

/// A row from a clock that was ahead must not suppress the alarm of late backups.
async fn a_backup_of_a_moment_to_come_is_not_the_last_one(world: &World) {
    keep(world).await;
    let work = world.node.db.global().maintenance_for(TenantId::NIL).await.unwrap();
    work.insert_global::<backup_run::Entity>(run(7_200, BackupKind::Backup, BackupState::Done)).await.unwrap();
    work.commit().await.unwrap();
    for (now, last) in [(60, 0), (7_300, 7_200)] {
        let clock = Clock::manual(move || run(now, BackupKind::Backup, BackupState::Done).started_at, 1);
        let log = BackupLog::new(world.node.db.clone(), clock);
        let found = log.last_success(BackupKind::Backup).await.unwrap().unwrap();
        assert_eq!(found.started_at, run(last, BackupKind::Backup, BackupState::Done).started_at, "at {now} s");
    }
}
