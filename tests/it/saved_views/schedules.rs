//! Schedules of views: permissions and validation. Their runs are tested in `runs.rs`.

use serde_json::{Value, json};

use super::create_view;
use crate::{
    authorization::world::World,
    purchasing::office::{Office, accepted, key, refused},
    world::{answers::refusals, on_both},
};

on_both!(
    a_schedule_is_set_changed_and_removed,
    what_could_never_be_sent_is_no_schedule,
    all_that_is_wrong_with_a_schedule_is_told_stage_by_stage,
    only_who_manages_views_sets_schedules_and_sees_them,
);

pub const TABLE: &str = "query($after: Cursor, $n: Int = 50) { stores(first: $n, after: $after) {
    pageInfo { hasNextPage endCursor } nodes { code } } }";
const SCHEDULE: &str = "savedView { slug } savedViewSchedule { id version status every hour dayOfWeek dayOfMonth timeZone format rows variables emails
    members { id } isSentOnlyIfChanged nextRunAt lastRunAt lastError owner { __typename } }";
const SCHEDULES: &str = "query($by: SavedViewRef!) { savedView(by: $by) { schedules {
    id version status nextRunAt lastRunAt lastError } } }";

pub async fn set_schedule(office: &Office<'_>, mut input: Value) -> Value {
    if input["idempotencyKey"].is_null() {
        input["idempotencyKey"] = json!(key());
    }
    office.mutate("savedViewScheduleSet", "SavedViewScheduleSetInput", SCHEDULE, input).await
}

/// A daily schedule of a view, to one address.
pub async fn daily(office: &Office<'_>, view: &Value, email: &str) -> Value {
    let input = json!({ "savedViewId": view["id"], "every": "DAILY", "timeZone": "Europe/London", "emails": [email] });
    accepted(&set_schedule(office, input).await, "savedViewSchedule").clone()
}

async fn remove(office: &Office<'_>, id: &Value) -> Value {
    let input = json!({ "idempotencyKey": key(), "id": id });
    office.mutate("savedViewScheduleDelete", "SavedViewScheduleDeleteInput", "savedView { slug }", input).await
}

/// Reads the schedules of a view.
pub async fn read_schedules(office: &Office<'_>, slug: &str) -> Vec<Value> {
    let answer = office.execute(SCHEDULES, json!({ "by": { "slug": slug } })).await;
    answer["data"]["savedView"]["schedules"].as_array().unwrap_or_else(|| panic!("{answer:#}")).clone()
}

async fn a_schedule_is_set_changed_and_removed(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    let emails = ["b@x.example", "a@x.example", "b@x.example"];
    let input = json!({ "idempotencyKey": key(), "savedViewId": view["id"], "every": "WEEKLY", "hour": 18, "dayOfWeek": 5, "timeZone": "Europe/Berlin",
        "emails": emails, "memberIds": [world.ours.ids["mem"]], "variables": { "n": 2 }, "format": "JSONL" });
    let first = set_schedule(&office, input.clone()).await;
    let schedule = accepted(&first, "savedViewSchedule").clone();
    assert_eq!(
        json!([
            schedule["every"],
            schedule["hour"],
            schedule["dayOfWeek"],
            schedule["timeZone"],
            schedule["format"],
            schedule["variables"]
        ]),
        json!(["WEEKLY", 18, 5, "Europe/Berlin", "JSONL", { "n": 2 }]),
        "{first:#}"
    );
    assert_eq!(
        (&schedule["emails"], &schedule["members"][0]["id"]),
        (&json!(["a@x.example", "b@x.example"]), &json!(world.ours.ids["mem"]))
    );
    assert_eq!(
        (&schedule["status"], &schedule["version"], &schedule["owner"]["__typename"], &first["savedView"]["slug"]),
        (&json!("ACTIVE"), &json!(1), &json!("Member"), &json!("table"))
    );
    // A Friday at 18:00 in Berlin's summer.
    assert!(schedule["nextRunAt"].as_str().unwrap().starts_with("2026-09-25T16:00:00"), "{schedule:#}");
    let again = set_schedule(&office, input.clone()).await;
    assert_eq!((&again["replayed"], &again["savedViewSchedule"], &again["seq"]), (&json!(true), &schedule, &first["seq"]));
    let mut other = input;
    other["hour"] = json!(19);
    refused(&set_schedule(&office, other).await, "IDEMPOTENCY_KEY_REUSED", "input.idempotencyKey");
    let change = |version: Value| {
        json!({ "id": schedule["id"], "expectedVersion": version, "savedViewId": view["id"], "every": "MONTHLY", "dayOfMonth": 31,
            "emails": ["c@x.example"], "isPaused": true })
    };
    refused(&set_schedule(&office, change(Value::Null)).await, "REQUIRED", "input.expectedVersion");
    refused(&set_schedule(&office, change(json!(2))).await, "VERSION_CONFLICT", "input.expectedVersion");
    let changed = set_schedule(&office, change(json!(1))).await;
    let changed = accepted(&changed, "savedViewSchedule");
    assert_eq!(
        json!([
            changed["id"],
            changed["every"],
            changed["hour"],
            changed["emails"],
            changed["status"],
            changed["nextRunAt"],
            changed["version"]
        ]),
        json!([schedule["id"], "MONTHLY", 7, ["c@x.example"], "PAUSED", null, 2])
    );
    assert_eq!(read_schedules(&office, "table").await.len(), 1);
    assert_eq!(accepted(&remove(&office, &schedule["id"]).await, "savedView")["slug"], "table");
    refused(&remove(&office, &schedule["id"]).await, "NOT_FOUND", "input.id");
    assert_eq!(read_schedules(&office, "table").await, Vec::<Value>::new());
    office.is_sound().await;
}

async fn all_that_is_wrong_with_a_schedule_is_told_stage_by_stage(world: &World) {
    let office = Office::of(world).await;
    let expected = |pairs: &[(&str, &str)]| pairs.iter().map(|(c, p)| ((*c).to_owned(), (*p).to_owned())).collect::<Vec<_>>();
    let view = create_view(&office, "table", TABLE).await;
    let (mine, theirs) = (&world.ours.ids["mem"], &world.theirs.ids);
    let mut input = json!({ "savedViewId": theirs["svw"], "every": "DAILY", "hour": 24, "dayOfWeek": 8, "timeZone": "Europe/Atlantis",
        "rows": "orders", "emails": ["ada", "b@x.example", " "], "memberIds": [mine, theirs["mem"]] });
    let shape = [("INVALID", "input.emails.0"), ("REQUIRED", "input.emails.2"), ("INVALID", "input.timeZone")];
    assert_eq!(refusals(&set_schedule(&office, input.clone()).await), expected(&shape));
    (input["emails"], input["timeZone"]) = (json!(["b@x.example"]), Value::Null);
    let references = [("NOT_FOUND", "input.savedViewId"), ("NOT_FOUND", "input.memberIds.1")];
    assert_eq!(refusals(&set_schedule(&office, input.clone()).await), expected(&references));
    (input["savedViewId"], input["memberIds"]) = (view["id"].clone(), json!([mine]));
    let values = [("OUT_OF_RANGE", "input.hour"), ("OUT_OF_RANGE", "input.dayOfWeek"), ("INVALID", "input.rows")];
    assert_eq!(refusals(&set_schedule(&office, input.clone()).await), expected(&values));
    (input["hour"], input["dayOfWeek"], input["rows"]) = (json!(7), json!(1), Value::Null);
    accepted(&set_schedule(&office, input).await, "savedViewSchedule");
}

async fn what_could_never_be_sent_is_no_schedule(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    let with = |name: &str, value: Value| {
        let mut input = json!({ "savedViewId": view["id"], "every": "DAILY", "emails": ["a@x.example"] });
        input[name] = value;
        input
    };
    let theirs = &world.theirs.ids;
    let cases = [
        ("hour", json!(24), "OUT_OF_RANGE", "input.hour"),
        ("dayOfWeek", json!(0), "OUT_OF_RANGE", "input.dayOfWeek"),
        ("dayOfMonth", json!(32), "OUT_OF_RANGE", "input.dayOfMonth"),
        ("timeZone", json!("Europe/Atlantis"), "INVALID", "input.timeZone"),
        ("timeZone", json!(""), "INVALID", "input.timeZone"),
        ("emails", json!([]), "REQUIRED", "input.emails"),
        ("emails", json!(["a@x.example\r\nBcc: b@x.example"]), "INVALID", "input.emails.0"),
        ("emails", json!(["a@x.example", " "]), "REQUIRED", "input.emails.1"),
        ("emails", json!(vec!["a@x.example"; 21]), "LIMIT_EXCEEDED", "input.emails"),
        ("memberIds", json!([theirs["mem"]]), "NOT_FOUND", "input.memberIds.0"),
        ("variables", json!({ "colour": "red" }), "INVALID", "input.variables"),
        ("variables", json!([1]), "INVALID", "input.variables"),
        ("rows", json!("orders"), "INVALID", "input.rows"),
        ("savedViewId", json!(theirs["svw"]), "NOT_FOUND", "input.savedViewId"),
        ("id", json!(theirs["svs"]), "NOT_FOUND", "input.id"),
    ];
    for (name, value, code, field) in cases {
        refused(&set_schedule(&office, with(name, value)).await, code, field);
    }
    refused(&remove(&office, &json!(theirs["svs"])).await, "NOT_FOUND", "input.id");
    let single = create_view(&office, "single", "{ viewer { tenant { slug } } }").await;
    refused(&set_schedule(&office, with("savedViewId", single["id"].clone())).await, "INVALID", "input.rows");
    let dry = "mutation($input: SavedViewScheduleSetInput!) { savedViewScheduleSet(input: $input, validateOnly: true) {
        savedViewSchedule { id status } userErrors { code } seq } }";
    let mut input = with("hour", json!(8));
    input["idempotencyKey"] = json!(key());
    let answer = office.execute(dry, json!({ "input": input })).await;
    let payload = &answer["data"]["savedViewScheduleSet"];
    assert_eq!((&payload["savedViewSchedule"]["status"], &payload["seq"]), (&json!("ACTIVE"), &Value::Null), "{answer:#}");
    assert_eq!(read_schedules(&office, "table").await, Vec::<Value>::new(), "a dry run sets none");
    for _ in 0..20 {
        daily(&office, &view, "a@x.example").await;
    }
    refused(&set_schedule(&office, with("hour", json!(8))).await, "LIMIT_EXCEEDED", "input.savedViewId");
}

async fn only_who_manages_views_sets_schedules_and_sees_them(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    daily(&office, &view, "a@x.example").await;
    let reader = office.as_caller(world.ours.owner_with(&["view.read", "store.read"]));
    let answer = reader.execute(SCHEDULES, json!({ "by": { "slug": "table" } })).await;
    assert_eq!(answer["errors"][0]["permission"], "view.manage", "{answer:#}");
    let set = "mutation($input: SavedViewScheduleSetInput!) { savedViewScheduleSet(input: $input) { userErrors { code } } }";
    let input = json!({ "idempotencyKey": key(), "savedViewId": view["id"], "every": "DAILY", "emails": ["a@x.example"] });
    let answer = reader.execute(set, json!({ "input": input })).await;
    assert_eq!(answer["errors"][0]["permission"], "view.manage", "{answer:#}");
    assert_eq!(read_schedules(&office, "table").await.len(), 1);
}
