//! Alerts of export schedules that deliver nothing.

use entrepot::access::{REGISTRY, Reach};
use serde_json::{Value, json};

use super::place::{S3, daily, read_schedule, service, set_schedule};
use crate::{
    authorization::world::World,
    costing::world::Books,
    jobs::{Works, wait_until},
    purchasing::office::{Office, accepted, key},
    world::on_both,
};

on_both!(
    a_bucket_that_is_dead_for_three_runs_is_an_alert_until_it_is_back,
    an_alert_ends_when_its_export_schedule_is_set_again_or_deleted,
    who_exports_for_some_stores_sees_no_alert_of_export_schedules,
);

const ALERTS: &str = "{ alerts(filter: { kind: [EXPORT_SCHEDULE_FAILED] }) { nodes {
    id status quantity store { id } schedule { id name error } } } }";

const STATES: &str = "{ alerts(filter: { kind: [EXPORT_SCHEDULE_FAILED] }) { nodes { status } } }";

/// Scans for alerts, and returns those of export schedules, the newest first.
async fn alerts(office: &Office<'_>) -> Vec<Value> {
    read_rows(office, ALERTS).await
}

async fn read_rows(office: &Office<'_>, query: &str) -> Vec<Value> {
    office.world.node.alerts.scan_all().await.unwrap();
    let answer = office.execute(query, json!({})).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"]["alerts"]["nodes"].as_array().unwrap().clone()
}

/// Statuses of these alerts, the newest first.
async fn states(office: &Office<'_>) -> Vec<String> {
    read_rows(office, STATES).await.iter().map(|alert| alert["status"].as_str().unwrap().to_owned()).collect()
}

/// Waits until `runs` runs in a row have failed. Needs a worker.
async fn fails(office: &Office<'_>, id: &str, runs: i64) {
    wait_until("runs to fail", async || {
        office.world.advance_clock(400);
        service(office.world).enqueue_due().await.unwrap();
        read_schedule(office, id).await["consecutiveFailures"].as_i64().unwrap() >= runs
    })
    .await;
}

/// Sets the schedule `Dead` to its state after `runs` failed runs.
async fn failed(world: &World, runs: i64) {
    world.advance_clock(3_600);
    let now = world.node.clock.now().micros();
    let sql =
        format!("UPDATE export_schedule SET failures = {runs}, last_error = 'away', last_run_at = {now} WHERE name = 'Dead'");
    world.as_owner(&[sql.as_str()]).await;
}

async fn a_bucket_that_is_dead_for_three_runs_is_an_alert_until_it_is_back(world: &World) {
    let works = Works::begin(world);
    let mut server = S3::silent(world).await;
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 50, "2.00").await;
    let id = daily(&books.office, json!({ "name": "Dead", "every": "HOURLY", "bucket": server.input("") })).await;
    fails(&books.office, &id, 1).await;
    assert_eq!(alerts(&books.office).await, Vec::<Value>::new(), "one more may go well");
    fails(&books.office, &id, 3).await;
    let [opened]: [Value; 1] = alerts(&books.office).await.try_into().unwrap();
    let shown_schedule = json!([opened["status"], opened["store"], opened["schedule"]["id"], opened["schedule"]["name"]]);
    assert_eq!(shown_schedule, json!(["OPEN", null, id, "Dead"]), "{opened:#}");
    assert!(opened["quantity"].as_i64() >= Some(3), "{opened:#}");
    assert!(opened["schedule"]["error"].as_str().unwrap().contains("the bucket cannot be written to"), "{opened:#}");
    fails(&books.office, &id, 4).await;
    assert_eq!(alerts(&books.office).await, std::slice::from_ref(&opened), "the fourth opens no other");
    let theirs = world.execute(&world.theirs, Some(world.theirs.owner.clone()), ALERTS, &json!({})).await;
    assert_eq!(theirs["data"]["alerts"]["nodes"], json!([]), "{theirs:#}");
    server.answer().await;
    wait_until("the bucket to have all", async || {
        world.advance_clock(400);
        service(world).enqueue_due().await.unwrap();
        !read_schedule(&books.office, &id).await["throughSeq"].is_null()
    })
    .await;
    let [over]: [Value; 1] = alerts(&books.office).await.try_into().unwrap();
    assert_eq!(json!([over["id"], over["status"]]), json!([opened["id"], "RESOLVED"]), "{over:#}");
    works.kill().await;
}

async fn an_alert_ends_when_its_export_schedule_is_set_again_or_deleted(world: &World) {
    let office = Office::of(world).await;
    let id = daily(&office, json!({ "name": "Dead" })).await;
    failed(world, 2).await;
    assert_eq!(states(&office).await, Vec::<String>::new());
    failed(world, 3).await;
    let opened = alerts(&office).await.remove(0);
    assert_eq!(json!([opened["status"], opened["quantity"], opened["schedule"]["error"]]), json!(["OPEN", 3, "away"]));
    let input = json!({ "idempotencyKey": key(), "id": opened["id"] });
    accepted(&office.mutate("alertResolve", "AlertActionInput", "alert { status }", input).await, "alert");
    assert_eq!(states(&office).await, ["RESOLVED"], "nothing has failed since");
    failed(world, 4).await;
    assert_eq!(states(&office).await, ["OPEN", "RESOLVED"]);
    let again = async |version: i64, is_paused: bool| {
        let input = json!({ "id": id, "expectedVersion": version, "name": "Dead", "every": "DAILY", "entity": "MOVEMENTS", "isPaused": is_paused });
        accepted(&set_schedule(&office, input).await, "exportSchedule");
    };
    again(1, true).await;
    assert_eq!(states(&office).await, ["RESOLVED", "RESOLVED"], "it is paused");
    again(2, false).await;
    world.advance_clock(60);
    // The state after a run whose owner had left.
    let stopped =
        "UPDATE export_schedule SET failures = 1, status = 'PAUSED', last_error = 'left', next_run_at = NULL WHERE name = 'Dead'";
    world.as_owner(&[stopped]).await;
    assert_eq!(states(&office).await, ["OPEN", "RESOLVED", "RESOLVED"], "it has stopped by itself");
    let remove = json!({ "idempotencyKey": key(), "id": id });
    let removed = office.mutate("exportScheduleDelete", "ExportScheduleDeleteInput", "exportSchedule { id }", remove).await;
    accepted(&removed, "exportSchedule");
    assert_eq!(states(&office).await, ["RESOLVED", "RESOLVED", "RESOLVED"]);
    office.is_sound().await;
}

async fn who_exports_for_some_stores_sees_no_alert_of_export_schedules(world: &World) {
    let office = Office::of(world).await;
    daily(&office, json!({ "name": "Dead" })).await;
    failed(world, 3).await;
    let mut keeper = world.ours.owner_with(&["alert.read", "product.cost.read", "view.manage"]);
    assert_eq!(states(&office.as_caller(keeper.clone())).await, Vec::<String>::new());
    let exports = REGISTRY.iter().position(|known| known.code == "exchange.run").unwrap();
    keeper.permissions.grant(exports, &Reach::stores([world.ours.ids["sto"].parse().unwrap()]));
    assert_eq!(states(&office.as_caller(keeper)).await, Vec::<String>::new(), "they see their own schedules alone");
    let exporter = world.ours.owner_with(&["alert.read", "exchange.run"]);
    assert_eq!(states(&office.as_caller(exporter)).await, ["OPEN"]);
}
