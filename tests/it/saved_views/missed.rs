//! Tables that could not be sent to their readers by e-mail.

use entrepot::{
    identity::Mailer,
    jobs::{Failure, core::Job},
    saved_views::shell::MAX_TRIES,
};
use serde_json::{Value, json};

use super::{
    create_view,
    mailbox::{Letterbox, dead, next_job, run},
    schedules::{TABLE, read_schedules, set_schedule},
};
use crate::{
    authorization::world::World,
    purchasing::office::{Office, accepted},
    world::on_both,
};

on_both!(
    a_table_that_no_mail_server_takes_is_kept_and_told,
    a_table_whose_readers_have_left_is_kept_and_told,
    webhooks_are_told_of_a_table_that_nothing_could_keep,
);

/// Files of the table, and events that tell webhooks of one.
async fn left(world: &World) -> [i64; 2] {
    let files = world.query_number("SELECT count(*) FROM file WHERE tenant_id = $1 AND name = 'table.csv'").await;
    [files, world.query_number("SELECT count(*) FROM event WHERE tenant_id = $1 AND kind = 'view.result'").await]
}

/// Number of events of failed runs.
async fn failures(world: &World) -> i64 {
    world.query_number("SELECT count(*) FROM event WHERE tenant_id = $1 AND kind = 'saved_view_schedule.failed'").await
}

/// The file of the last table, as its owner sees it.
async fn last_file(office: &Office<'_>) -> Value {
    let query = "query($by: SavedViewRef!) { savedView(by: $by) { schedules { lastFile { name size downloadUrl } } } }";
    let answer = office.execute(query, json!({ "by": { "slug": "table" } })).await;
    answer["data"]["savedView"]["schedules"][0]["lastFile"].clone()
}

/// Returns the error of the last run, after a check that the schedule is still active.
async fn error(office: &Office<'_>) -> String {
    let schedule = read_schedules(office, "table").await.remove(0);
    assert_eq!((&schedule["status"], schedule["nextRunAt"].is_string()), (&json!("ACTIVE"), true), "{schedule:#}");
    schedule["lastError"].as_str().unwrap_or_default().to_owned()
}

async fn a_table_that_no_mail_server_takes_is_kept_and_told(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    let input = json!({ "savedViewId": view["id"], "every": "DAILY", "hasEvent": true, "emails": ["a@x.example"] });
    accepted(&set_schedule(&office, input).await, "savedViewSchedule");
    let job = next_job(&office, "table").await;
    assert!(matches!(run(world, &dead(), &job).await, Err(Failure::Fault(_))), "it is tried again");
    assert_eq!((left(world).await, last_file(&office).await), ([0, 0], Value::Null), "an e-mail may yet bring it");
    let last = Job { failures: MAX_TRIES - 1, ..job };
    assert!(matches!(run(world, &dead(), &last).await, Err(Failure::Hopeless(_))));
    let reason = error(&office).await;
    assert!(reason.contains("mail server") && reason.contains("seven days"), "{reason}");
    let file = last_file(&office).await;
    assert!(file["name"] == "table.csv" && file["size"].as_i64() > Some(0) && file["downloadUrl"].is_string(), "{file:#}");
    run(world, &dead(), &last).await.unwrap();
    assert_eq!((left(world).await, failures(world).await), ([1, 1], 1), "once");
    // No e-mails leave a deployment without --mail.
    let job = next_job(&office, "table").await;
    run(world, &Mailer::None, &job).await.unwrap();
    let reason = error(&office).await;
    assert!(reason.contains("--mail") && reason.contains("seven days"), "{reason}");
    assert_eq!((left(world).await, failures(world).await), ([2, 2], 1), "of several failures in a row one is told");
    let (job, letters) = (next_job(&office, "table").await, Letterbox::new(world));
    run(world, &letters.1, &job).await.unwrap();
    assert_eq!((error(&office).await.as_str(), letters.letters().len(), left(world).await), ("", 1, [2, 3]), "all is well again");
    let again = Job { failures: MAX_TRIES - 1, ..next_job(&office, "table").await };
    assert!(matches!(run(world, &dead(), &again).await, Err(Failure::Hopeless(_))));
    assert_eq!(failures(world).await, 2, "another one begins");
    // A run that has not ended is no further failure.
    for _ in 0..2 {
        next_job(&office, "table").await;
    }
    assert_eq!(failures(world).await, 2);
    office.is_sound().await;
}

async fn a_table_whose_readers_have_left_is_kept_and_told(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    let reader = world.add_member("reader").await.0;
    let readers = [reader.to_string()];
    let input = json!({ "savedViewId": view["id"], "every": "DAILY", "hasEvent": true, "hasFile": true, "memberIds": readers });
    accepted(&set_schedule(&office, input).await, "savedViewSchedule");
    world.run_tenant_sql("UPDATE member SET status = 'SUSPENDED' WHERE tenant_id = $1 AND id = $2", vec![reader.into()]).await;
    let (job, letters) = (next_job(&office, "table").await, Letterbox::new(world));
    run(world, &letters.1, &job).await.unwrap();
    let reason = error(&office).await;
    assert!(reason.contains("active member"), "{reason}");
    assert_eq!((left(world).await, letters.letters().len()), ([1, 1], 0));
}

async fn webhooks_are_told_of_a_table_that_nothing_could_keep(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    let input = json!({ "savedViewId": view["id"], "every": "DAILY", "hasEvent": true, "emails": ["a@x.example"] });
    accepted(&set_schedule(&office, input).await, "savedViewSchedule");
    // The company's storage quota for files is used up.
    world.run_tenant_sql("UPDATE file SET size = 21474836480 WHERE tenant_id = $1 AND state = 'READY'", vec![]).await;
    let job = next_job(&office, "table").await;
    run(world, &Mailer::None, &job).await.unwrap();
    let reason = error(&office).await;
    assert!(reason.contains("--mail") && reason.contains("too large for a file"), "{reason}");
    assert_eq!((last_file(&office).await, left(world).await[1], failures(world).await), (Value::Null, 1, 1));
}
