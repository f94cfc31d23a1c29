//! Alerts of schedules of views that deliver nothing.

use entrepot::{
    jobs::{Failure, core::Job},
    saved_views::shell::MAX_TRIES,
    schema::events::registry,
    storage::{Reads, Row},
};
use serde_json::{Value, json};

use super::{
    create_view,
    mailbox::{Letterbox, dead, next_job, run},
    schedules::{TABLE, daily, set_schedule},
};
use crate::{
    authorization::world::World,
    purchasing::office::{Office, accepted, key},
    world::on_both,
};

on_both!(
    three_runs_that_fail_in_a_row_are_one_alert_until_one_succeeds,
    an_alert_ends_when_its_schedule_is_set_again_or_deleted,
    what_was_resolved_by_hand_is_opened_again_by_the_next_run_that_fails,
    a_schedule_that_stops_by_itself_is_an_alert_for_who_may_manage_views,
    a_rule_that_is_disabled_keeps_them_away,
);

const ALERTS: &str = "{ alerts(filter: { kind: [SAVED_VIEW_SCHEDULE_FAILED] }) { nodes {
    id status quantity day resolvedBy { __typename } store { id } product { sku } schedule { id name error } } } }";

const STATES: &str = "{ alerts(filter: { kind: [SAVED_VIEW_SCHEDULE_FAILED] }) { nodes { status } } }";

/// Scans for alerts, and returns those of view schedules, the newest first.
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

/// Fails `runs` runs by their last try, with an unreachable mail server.
async fn fail(office: &Office<'_>, runs: usize) {
    for _ in 0..runs {
        let last = Job { failures: MAX_TRIES - 1, ..next_job(office, "table").await };
        assert!(matches!(run(office.world, &dead(), &last).await, Err(Failure::Hopeless(_))));
    }
}

/// Sets the schedule of a view again.
async fn set_again(office: &Office<'_>, view: &Value, schedule: &Value, version: i64, is_paused: bool) {
    let input = json!({ "id": schedule["id"], "expectedVersion": version, "savedViewId": view["id"], "every": "DAILY",
        "timeZone": "Europe/London", "emails": ["a@x.example"], "isPaused": is_paused });
    accepted(&set_schedule(office, input).await, "savedViewSchedule");
}

async fn three_runs_that_fail_in_a_row_are_one_alert_until_one_succeeds(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    let schedule = daily(&office, &view, "a@x.example").await;
    for _ in 0..2 {
        fail(&office, 1).await;
        assert_eq!(alerts(&office).await, Vec::<Value>::new(), "one more may go well");
    }
    fail(&office, 1).await;
    let [opened]: [Value; 1] = alerts(&office).await.try_into().unwrap();
    let fields = json!([opened["status"], opened["quantity"], opened["store"], opened["product"], opened["day"]]);
    assert_eq!(fields, json!(["OPEN", 3, null, null, null]), "{opened:#}");
    assert_eq!(json!([opened["schedule"]["id"], opened["schedule"]["name"]]), json!([schedule["id"], "A view"]));
    assert!(opened["schedule"]["error"].as_str().unwrap().contains("mail server"), "{opened:#}");
    fail(&office, 1).await;
    assert_eq!(alerts(&office).await, std::slice::from_ref(&opened), "the fourth opens no other");
    let theirs = world.execute(&world.theirs, Some(world.theirs.owner.clone()), ALERTS, &json!({})).await;
    assert_eq!(theirs["data"]["alerts"]["nodes"], json!([]), "{theirs:#}");
    let (job, letters) = (next_job(&office, "table").await, Letterbox::new(world));
    run(world, &letters.1, &job).await.unwrap();
    let [over]: [Value; 1] = alerts(&office).await.try_into().unwrap();
    assert_eq!(json!([over["id"], over["status"], over["resolvedBy"]]), json!([opened["id"], "RESOLVED", null]), "{over:#}");
    assert_eq!(over["schedule"], opened["schedule"], "it still says why");
    fail(&office, 2).await;
    assert_eq!(states(&office).await, ["RESOLVED"], "they are counted anew");
    office.is_sound().await;
}

async fn an_alert_ends_when_its_schedule_is_set_again_or_deleted(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    let schedule = daily(&office, &view, "a@x.example").await;
    fail(&office, 5).await;
    assert_eq!(states(&office).await, ["OPEN"], "one that is BROKEN delivers nothing");
    set_again(&office, &view, &schedule, 1, true).await;
    assert_eq!(states(&office).await, ["RESOLVED"], "it is paused");
    set_again(&office, &view, &schedule, 2, false).await;
    fail(&office, 3).await;
    assert_eq!(states(&office).await, ["OPEN", "RESOLVED"]);
    let input = json!({ "idempotencyKey": key(), "id": schedule["id"] });
    let removed = office.mutate("savedViewScheduleDelete", "SavedViewScheduleDeleteInput", "savedView { slug }", input).await;
    accepted(&removed, "savedView");
    assert_eq!(states(&office).await, ["RESOLVED", "RESOLVED"]);
    // Deleting a view deletes its schedules.
    daily(&office, &view, "a@x.example").await;
    fail(&office, 3).await;
    assert_eq!(states(&office).await, ["OPEN", "RESOLVED", "RESOLVED"]);
    let input = json!({ "idempotencyKey": key(), "id": view["id"] });
    accepted(&office.mutate("savedViewDelete", "SavedViewDeleteInput", "savedView { slug }", input).await, "savedView");
    assert_eq!(states(&office).await, ["RESOLVED", "RESOLVED", "RESOLVED"]);
    office.is_sound().await;
}

async fn what_was_resolved_by_hand_is_opened_again_by_the_next_run_that_fails(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    daily(&office, &view, "a@x.example").await;
    fail(&office, 3).await;
    let opened = alerts(&office).await.remove(0);
    let input = json!({ "idempotencyKey": key(), "id": opened["id"] });
    accepted(&office.mutate("alertResolve", "AlertActionInput", "alert { status }", input).await, "alert");
    assert_eq!(states(&office).await, ["RESOLVED"], "nothing has failed since");
    fail(&office, 1).await;
    assert_eq!(states(&office).await, ["OPEN", "RESOLVED"]);
}

async fn a_schedule_that_stops_by_itself_is_an_alert_for_who_may_manage_views(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    let schedule = daily(&office, &view, "a@x.example").await;
    let (job, letters) = (next_job(&office, "table").await, Letterbox::new(world));
    world.as_owner(&["UPDATE member SET status = 'SUSPENDED'"]).await;
    world.advance_clock(10);
    run(world, &letters.1, &job).await.unwrap();
    let [opened]: [Value; 1] = alerts(&office).await.try_into().unwrap();
    assert_eq!(json!([opened["status"], opened["quantity"]]), json!(["OPEN", 0]), "{opened:#}");
    assert!(opened["schedule"]["error"].as_str().unwrap().contains("has no access any more"), "{opened:#}");
    let sql = "SELECT payload FROM event WHERE tenant_id = $1 AND kind = 'alert.opened' AND payload LIKE '%SAVED_VIEW_SCHEDULE_FAILED%'";
    let rows = world.node.db.tenant(office.caller.tenant).rows(sql, vec![]).await.unwrap();
    let payload: String = Row::new(&rows[0]).take().unwrap();
    for (codes, is_seen) in [
        (["alert.read", "view.manage"], true),
        (["alert.read", "product.cost.read"], false),
        (["alert.read", "view.read"], false),
    ] {
        let caller = world.ours.owner_with(&codes);
        let visible_payload = registry().visible_payload("alert.opened", &payload, &caller).unwrap();
        let expected = is_seen.then(|| json!([schedule["id"], "A view"]));
        assert_eq!(
            visible_payload.map(|visible_payload| json!([visible_payload["scheduleId"], visible_payload["scheduleName"]])),
            expected,
            "{codes:?}"
        );
        assert_eq!(states(&office.as_caller(caller)).await.len(), usize::from(is_seen), "{codes:?}");
    }
}

async fn a_rule_that_is_disabled_keeps_them_away(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    daily(&office, &view, "a@x.example").await;
    let rule = async |is_enabled: bool| {
        let input = json!({ "idempotencyKey": key(), "kind": "SAVED_VIEW_SCHEDULE_FAILED", "isEnabled": is_enabled });
        accepted(&office.mutate("alertRuleUpsert", "AlertRuleUpsertInput", "alertRule { id }", input).await, "alertRule");
    };
    rule(false).await;
    fail(&office, 3).await;
    assert_eq!(states(&office).await, Vec::<String>::new());
    rule(true).await;
    assert_eq!(states(&office).await, ["OPEN"]);
}
