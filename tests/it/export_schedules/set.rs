//! Creating and changing schedules: stored fields, refusals, and repeated calls.

use serde_json::{Value, json};

use super::place::{SHOWN, ask_run, daily, listed, read_schedule, set_schedule};
use crate::{
    authorization::world::World,
    purchasing::office::{Office, accepted, key, refused},
    world::{answers::refusals, on_both},
};

on_both!(
    a_schedule_is_made_changed_and_removed,
    what_could_never_be_written_is_no_schedule,
    all_that_is_wrong_with_a_schedule_is_told_stage_by_stage,
    a_dry_run_sets_none_and_a_company_has_no_more_than_fifty,
);

async fn a_schedule_is_made_changed_and_removed(world: &World) {
    let office = Office::of(world).await;
    let input = json!({ "idempotencyKey": key(), "name": "Facts", "every": "DAILY", "entity": "DEMAND_FACTS", "hour": 18,
        "timeZone": "Europe/Berlin" });
    let first = set_schedule(&office, input.clone()).await;
    let schedule = accepted(&first, "exportSchedule").clone();
    assert_eq!(
        json!([
            schedule["name"],
            schedule["format"],
            schedule["hour"],
            schedule["timeZone"],
            schedule["bucket"],
            schedule["set"]
        ]),
        json!(["Facts", "PARQUET", 18, "Europe/Berlin", null, 0])
    );
    assert_eq!(json!([schedule["status"], schedule["version"], schedule["throughSeq"]]), json!(["ACTIVE", 1, null]));
    let owners = office.execute("{ exportSchedules(first: 250) { nodes { id owner { __typename } } } }", json!({})).await;
    let own = json!({ "id": schedule["id"], "owner": { "__typename": "Member" } });
    assert!(owners["data"]["exportSchedules"]["nodes"].as_array().unwrap().contains(&own), "{owners:#}");
    assert!(schedule["nextRunAt"].as_str().unwrap().contains("T16:00:00"), "Berlin's summer: {schedule:#}");
    let again = set_schedule(&office, input.clone()).await;
    assert_eq!((&again["replayed"], &again["exportSchedule"], &again["seq"]), (&json!(true), &schedule, &first["seq"]));
    let mut other = input;
    other["hour"] = json!(19);
    refused(&set_schedule(&office, other).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
    let change = |version: Value| {
        json!({ "id": schedule["id"], "expectedVersion": version, "name": "Facts", "every": "HOURLY", "entity": "DEMAND_FACTS",
            "isPaused": true })
    };
    refused(&set_schedule(&office, change(Value::Null)).await, "REQUIRED", "input.expectedVersion");
    refused(&set_schedule(&office, change(json!(2))).await, "VERSION_CONFLICT", "input.expectedVersion");
    let changed = set_schedule(&office, change(json!(1))).await;
    let changed = accepted(&changed, "exportSchedule");
    assert_eq!(
        json!([changed["id"], changed["every"], changed["hour"], changed["status"], changed["nextRunAt"], changed["version"]]),
        json!([schedule["id"], "HOURLY", 4, "PAUSED", null, 2])
    );
    for (filter, count) in [
        (json!({ "id": { "eq": schedule["id"] }, "status": ["PAUSED"], "search": "fact", "entity": ["DEMAND_FACTS"] }), 1),
        (json!({ "status": ["ACTIVE"], "id": { "eq": schedule["id"] } }), 0),
    ] {
        let query = "query($f: ExportScheduleFilter) { exportSchedules(filter: $f, sort: { field: LAST_RUN_AT, direction: DESC }) { totalCount { count } } }";
        let found = office.execute(query, json!({ "f": filter })).await;
        assert_eq!(found["data"]["exportSchedules"]["totalCount"]["count"], count, "{filter}: {found:#}");
    }
    let id = schedule["id"].as_str().unwrap();
    refused(&ask_run(&office, id, true).await, "INVALID_STATE", "input.id");
    let remove = json!({ "idempotencyKey": key(), "id": id });
    let fields = format!("exportSchedule {{ {SHOWN} }}");
    let run_action =
        async |input: Value| office.mutate("exportScheduleDelete", "ExportScheduleDeleteInput", &fields, input).await;
    assert_eq!(accepted(&run_action(remove.clone()).await, "exportSchedule")["name"], "Facts");
    assert_eq!(run_action(remove).await["replayed"], true);
    refused(&run_action(json!({ "idempotencyKey": key(), "id": id })).await, "NOT_FOUND", "input.id");
    assert!(listed(&office).await.iter().all(|schedule| schedule["id"] != id));
    office.is_sound().await;
}

async fn what_could_never_be_written_is_no_schedule(world: &World) {
    let office = Office::of(world).await;
    let theirs = &world.theirs.ids["xsc"];
    let cases = [
        ("name", json!(" "), "REQUIRED", "input.name"),
        ("name", json!("x".repeat(101)), "TOO_LONG", "input.name"),
        ("hour", json!(24), "OUT_OF_RANGE", "input.hour"),
        ("hour", json!(-1), "OUT_OF_RANGE", "input.hour"),
        ("timeZone", json!("Europe/Atlantis"), "INVALID", "input.timeZone"),
        ("timeZone", json!(""), "INVALID", "input.timeZone"),
        ("id", json!(theirs), "NOT_FOUND", "input.id"),
    ];
    for (name, value, code, field) in cases {
        let mut input = json!({ "name": "Lake", "every": "DAILY", "entity": "STOCK" });
        input[name] = value;
        refused(&set_schedule(&office, input).await, code, field);
    }
    refused(&ask_run(&office, theirs, false).await, "NOT_FOUND", "input.id");
    let remove = json!({ "idempotencyKey": key(), "id": theirs });
    let removed = office.mutate("exportScheduleDelete", "ExportScheduleDeleteInput", "exportSchedule { id }", remove).await;
    refused(&removed, "NOT_FOUND", "input.id");
    assert!(listed(&office).await.iter().all(|schedule| schedule["id"] != json!(theirs)));
}

async fn all_that_is_wrong_with_a_schedule_is_told_stage_by_stage(world: &World) {
    let office = Office::of(world).await;
    let expected_refusals =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(c, p)| ((*c).to_owned(), (*p).to_owned())).collect::<Vec<_>>();
    let mut bucket = json!({ "endpoint": " ", "name": "Shop", "region": "eu/west", "prefix": "../others", "accessKeyId": "" });
    let mut input =
        json!({ "name": " ", "every": "DAILY", "entity": "STOCK", "hour": 24, "timeZone": "Europe/Atlantis", "bucket": bucket });
    let shape = [
        ("REQUIRED", "input.name"),
        ("INVALID", "input.timeZone"),
        ("REQUIRED", "input.bucket.endpoint"),
        ("INVALID", "input.bucket.name"),
        ("INVALID", "input.bucket.region"),
        ("INVALID", "input.bucket.prefix"),
        ("REQUIRED", "input.bucket.accessKeyId"),
        ("REQUIRED", "input.bucket.secretAccessKey"),
    ];
    assert_eq!(refusals(&set_schedule(&office, input.clone()).await), expected_refusals(&shape));
    bucket = json!({ "endpoint": "https://127.0.0.1", "name": "shop", "region": "eu-west-2", "prefix": "lake", "accessKeyId": "AKIA",
        "secretAccessKey": "secret" });
    (input["name"], input["timeZone"], input["bucket"]) = (json!("Out"), Value::Null, bucket);
    let values = [("OUT_OF_RANGE", "input.hour"), ("INVALID", "input.bucket.endpoint")];
    assert_eq!(refusals(&set_schedule(&office, input.clone()).await), expected_refusals(&values));
    (input["hour"], input["bucket"]) = (json!(4), Value::Null);
    accepted(&set_schedule(&office, input).await, "exportSchedule");
}

async fn a_dry_run_sets_none_and_a_company_has_no_more_than_fifty(world: &World) {
    let office = Office::of(world).await;
    let before = listed(&office).await;
    let dry = "mutation($input: ExportScheduleSetInput!) { exportScheduleSet(input: $input, validateOnly: true) {
        exportSchedule { id status } userErrors { code } seq } }";
    let input = json!({ "idempotencyKey": key(), "name": "Lake", "every": "DAILY", "entity": "STOCK" });
    let answer = office.execute(dry, json!({ "input": input })).await;
    let payload = &answer["data"]["exportScheduleSet"];
    assert_eq!((&payload["exportSchedule"]["status"], &payload["seq"]), (&json!("ACTIVE"), &Value::Null), "{answer:#}");
    assert_eq!(listed(&office).await, before, "a dry run sets none");
    let id = daily(&office, json!({})).await;
    for _ in before.len() + 1..50 {
        daily(&office, json!({})).await;
    }
    refused(
        &set_schedule(&office, json!({ "name": "Lake", "every": "DAILY", "entity": "STOCK" })).await,
        "LIMIT_EXCEEDED",
        "input",
    );
    // An existing schedule can still be changed.
    assert_eq!(read_schedule(&office, &id).await["version"], 1);
    daily(&office, json!({ "id": id, "expectedVersion": 1, "hour": 7 })).await;
    assert_eq!(read_schedule(&office, &id).await["hour"], 7);
}
