//! Runs of schedules: due times, rights, and e-mails.

use std::sync::Arc;

use async_trait::async_trait;
use entrepot::{
    clock::parse_rfc3339,
    exchange::Requester,
    identity::Mailer,
    jobs::{Failure, Terms, core::Job},
    saved_views::{
        core::{InvalidatedBy, MAX_MAIL_BYTES, Variables as Values},
        shell::{DocumentProblem, MAX_TRIES, Outcome, Reader, Table, TableOutcome, TableRequest, ViewEngine},
    },
    schema::events::registry,
    storage::{Fault, Reads, Row},
    tenancy::suspension,
};
use serde_json::{Value, json};

use super::{
    STORES, change, create_view,
    mailbox::{Letterbox, attachment, dead, go_to, header, jobs, next_job, post, run},
    schedules::{TABLE, daily, read_schedules, set_schedule},
};
use crate::{
    authorization::world::World,
    jobs::wait_until,
    purchasing::office::{Office, accepted},
    world::on_both,
};

on_both!(
    each_moment_has_one_run_however_many_look_and_missed_ones_are_made_up_once,
    workers_beside_one_another_make_one_run,
    the_table_comes_by_mail_to_addresses_and_members,
    a_table_that_has_not_changed_is_not_sent_again,
    a_schedule_pauses_when_its_owner_may_not_see_the_view_or_is_gone,
    schedules_of_a_suspended_company_go_on_when_it_is_resumed,
    a_dead_mail_server_delays_one_schedule_and_its_recipients_have_one_mail_each,
    a_schedule_that_fails_five_times_in_a_row_is_broken_until_it_is_set_again,
    a_table_that_is_too_large_is_told_of,
    webhooks_are_told_once_of_each_table_and_only_those_who_may_read_views,
    a_removed_or_paused_view_is_not_sent,
    a_schedule_waits_while_its_company_is_suspended,
);

async fn codes(office: &Office<'_>) -> Vec<String> {
    let answer = office.execute("{ stores(first: 250) { nodes { code } } }", json!({})).await;
    let nodes = answer["data"]["stores"]["nodes"].as_array().unwrap().clone();
    nodes.iter().map(|node| node["code"].as_str().unwrap().to_owned()).collect()
}

async fn each_moment_has_one_run_however_many_look_and_missed_ones_are_made_up_once(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    let schedule = daily(&office, &view, "a@x.example").await;
    assert_eq!(post(world).await, 0, "its hour has not come");
    go_to(world, &schedule["nextRunAt"]);
    let (a, b) = tokio::join!(post(world), post(world));
    assert_eq!((a + b, post(world).await, jobs(&office).await.len()), (1, 0, 1));
    let letters = Letterbox::new(world);
    run(world, &letters.1, &jobs(&office).await[0]).await.unwrap();
    // No worker runs for ten and a half days.
    world.advance_clock(10 * 24 * 3_600 + 12 * 3_600);
    assert_eq!((post(world).await, post(world).await, jobs(&office).await.len()), (1, 0, 2));
    let next = parse_rfc3339(read_schedules(&office, "table").await[0]["nextRunAt"].as_str().unwrap()).unwrap();
    let ahead = (next.micros() - world.node.clock.now().micros()) / 1_000_000;
    assert!((1..=24 * 3_600).contains(&ahead), "the next one is within a day: {ahead} s");
    let all = jobs(&office).await;
    run(world, &letters.1, &all[1]).await.unwrap();
    // A run that has ended is not made again by who comes late.
    for job in &all {
        run(world, &letters.1, job).await.unwrap();
    }
    assert_eq!(letters.letters().len(), 2);
    // A clock that is two months ahead begins a run and sets the next due time, which a correct
    // clock sets again.
    world.advance_clock(60 * 24 * 3_600);
    assert_eq!(post(world).await, 1);
    world.advance_clock(-60 * 24 * 3_600);
    assert_eq!(post(world).await, 0);
    let next = parse_rfc3339(read_schedules(&office, "table").await[0]["nextRunAt"].as_str().unwrap()).unwrap();
    let ahead = (next.micros() - world.node.clock.now().micros()) / 1_000_000;
    assert!((1..=24 * 3_600).contains(&ahead), "the next one is within a day: {ahead} s");
    office.is_sound().await;
}

async fn workers_beside_one_another_make_one_run(world: &World) {
    let office = Office::of(world).await;
    // The companies' own endpoints have unreachable addresses, so no worker should call them.
    world.as_owner(&["UPDATE webhook_endpoint SET disabled_at = 1, disabled_why = 'SWITCHED_OFF'"]).await;
    let view = create_view(&office, "table", TABLE).await;
    let schedule = daily(&office, &view, "a@x.example").await;
    go_to(world, &schedule["nextRunAt"]);
    let terms = Terms { lease: std::time::Duration::from_millis(600), look: std::time::Duration::from_millis(30) };
    let work = || tokio::spawn(world.node.jobs.clone().work(world.node.job_registry(), terms, std::future::pending()));
    let workers = [work(), work()];
    wait_until("the end of a run", async || !read_schedules(&office, "table").await[0]["lastRunAt"].is_null()).await;
    workers.iter().for_each(tokio::task::JoinHandle::abort);
    let ended = read_schedules(&office, "table").await.remove(0);
    assert!(ended["lastError"].as_str().unwrap().contains("--mail"), "no e-mails leave this deployment: {ended:#}");
    assert_eq!((jobs(&office).await.len(), &ended["status"]), (1, &json!("ACTIVE")));
}

async fn the_table_comes_by_mail_to_addresses_and_members(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    let input = json!({ "savedViewId": view["id"], "every": "DAILY", "variables": { "n": 1 }, "emails": ["head@x.example"],
        "memberIds": [world.ours.ids["mem"]] });
    accepted(&set_schedule(&office, input).await, "savedViewSchedule");
    let (job, box_of) = (next_job(&office, "table").await, Letterbox::new(world));
    run(world, &box_of.1, &job).await.unwrap();
    let letters = box_of.letters();
    let to: Vec<String> = letters.iter().map(|letter| header(letter, "To: ")).collect();
    assert_eq!(to, ["alpha@example.com", "head@x.example"]);
    let all = codes(&office).await;
    assert!(all.len() > 1, "more than a page");
    let expected = format!("code\r\n{}\r\n", all.join("\r\n"));
    for letter in &letters {
        assert_eq!(attachment(letter), expected, "all pages, as by the address");
        assert!(letter.contains("table.csv") && letter.contains("Subject: A view of alpha company"), "{letter}");
    }
    let schedule = read_schedules(&office, "table").await.remove(0);
    assert!(
        schedule["lastRunAt"].is_string() && schedule["lastError"].is_null() && schedule["status"] == "ACTIVE",
        "{schedule:#}"
    );
    assert_eq!(schedule["version"], json!(1), "a run is no change of the schedule");
    office.is_sound().await;
}

async fn a_table_that_has_not_changed_is_not_sent_again(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    let input = json!({ "savedViewId": view["id"], "every": "HOURLY", "format": "JSONL", "emails": ["a@x.example"], "isSentOnlyIfChanged": true });
    accepted(&set_schedule(&office, input).await, "savedViewSchedule");
    let letters = Letterbox::new(world);
    for expected in [1, 1] {
        let job = next_job(&office, "table").await;
        run(world, &letters.1, &job).await.unwrap();
        assert_eq!(letters.letters().len(), expected);
    }
    assert!(read_schedules(&office, "table").await[0]["lastError"].is_null(), "a table that is not sent is no error");
    office.new_store("ANNEX").await;
    let job = next_job(&office, "table").await;
    run(world, &letters.1, &job).await.unwrap();
    let all = letters.letters();
    let lines = |letter: &String| attachment(letter).lines().count();
    let mut counts: Vec<usize> = all.iter().map(lines).collect();
    counts.sort_unstable();
    let now = codes(&office).await.len();
    assert_eq!(counts, [now - 1, now], "each store has a line");
}

async fn a_schedule_pauses_when_its_owner_may_not_see_the_view_or_is_gone(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    let first = daily(&office, &view, "a@x.example").await;
    daily(&office, &view, "b@x.example").await;
    go_to(world, &first["nextRunAt"]);
    assert_eq!(post(world).await, 2);
    let (all, letters) = (jobs(&office).await, Letterbox::new(world));
    // The recipients' roles are revoked, and then they are suspended.
    world.as_owner(&["DELETE FROM role_grant", "UPDATE policy SET version = version + 1"]).await;
    world.advance_clock(10);
    run(world, &letters.1, &all[0]).await.unwrap();
    world.as_owner(&["UPDATE member SET status = 'SUSPENDED'"]).await;
    world.advance_clock(10);
    run(world, &letters.1, &all[1]).await.unwrap();
    assert_eq!(letters.letters(), Vec::<String>::new());
    let schedules = read_schedules(&office, "table").await;
    for schedule in &schedules {
        assert_eq!((&schedule["status"], &schedule["nextRunAt"]), (&json!("PAUSED"), &Value::Null), "{schedule:#}");
    }
    let mut reasons: Vec<&str> = schedules.iter().map(|schedule| schedule["lastError"].as_str().unwrap()).collect();
    reasons.sort_unstable();
    assert!(reasons[0].contains("has no access any more") && reasons[1].contains("may not see all"), "{reasons:?}");
    world.advance_clock(30 * 24 * 3_600);
    assert_eq!(post(world).await, 0, "a paused schedule has no runs");
}

async fn schedules_of_a_suspended_company_go_on_when_it_is_resumed(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    daily(&office, &view, "a@x.example").await;
    let (job, letters) = (next_job(&office, "table").await, Letterbox::new(world));
    world.as_owner(&["UPDATE tenant SET suspended_at = 1, suspended_reason = 'unpaid'"]).await;
    // The run that was under way, and then a month in which nothing can run.
    world.advance_clock(10);
    let Err(Failure::Fault(_)) = run(world, &letters.1, &job).await else { panic!("it comes back") };
    for _ in 0..30 {
        world.advance_clock(24 * 3_600);
        assert_eq!(post(world).await, 0, "no run is put down");
    }
    world.as_owner(&["UPDATE tenant SET suspended_at = NULL, suspended_reason = NULL"]).await;
    world.advance_clock(10);
    run(world, &letters.1, &job).await.unwrap();
    assert_eq!((post(world).await, letters.letters().len()), (1, 1), "missed moments are made up once");
    run(world, &letters.1, jobs(&office).await.last().unwrap()).await.unwrap();
    let after = read_schedules(&office, "table").await.remove(0);
    assert_eq!((&after["status"], &after["lastError"]), (&json!("ACTIVE"), &Value::Null), "{after:#}");
    assert_eq!(letters.letters().len(), 2);
}

async fn a_dead_mail_server_delays_one_schedule_and_its_recipients_have_one_mail_each(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    let input = json!({ "savedViewId": view["id"], "every": "DAILY", "emails": ["a@x.example", "b@x.example"] });
    accepted(&set_schedule(&office, input).await, "savedViewSchedule");
    let job = next_job(&office, "table").await;
    let Err(Failure::Fault(_)) = run(world, &dead(), &job).await else { panic!("it comes back") };
    let waiting = read_schedules(&office, "table").await.remove(0);
    assert!(waiting["lastError"].as_str().unwrap().contains("mail server") && waiting["status"] == "ACTIVE", "{waiting:#}");
    assert!(waiting["lastRunAt"].is_null() && waiting["nextRunAt"].is_string(), "the run goes on: {waiting:#}");
    // It does not delay another schedule.
    let other = create_view(&office, "other", TABLE).await;
    let input = json!({ "savedViewId": other["id"], "every": "HOURLY", "emails": ["c@x.example"] });
    accepted(&set_schedule(&office, input).await, "savedViewSchedule");
    let (beside, letters) = (next_job(&office, "other").await, Letterbox::new(world));
    run(world, &letters.1, &beside).await.unwrap();
    assert_eq!(letters.letters().len(), 1);
    let later = Job { failures: 1, ..job.clone() };
    run(world, &letters.1, &later).await.unwrap();
    run(world, &letters.1, &Job { failures: 2, ..job.clone() }).await.unwrap();
    let to: Vec<String> = letters.letters().iter().map(|letter| header(letter, "To: ")).collect();
    assert_eq!(to, ["a@x.example", "b@x.example", "c@x.example"]);
    assert!(read_schedules(&office, "table").await[0]["lastError"].is_null());
    // After its last try the run has failed, and the next one starts at its time.
    let job = next_job_of_two(&office).await;
    let last = Job { failures: MAX_TRIES - 1, ..job };
    assert!(matches!(run(world, &dead(), &last).await, Err(Failure::Hopeless(_))));
    let failed = read_schedules(&office, "table").await.remove(0);
    assert!(failed["lastError"].is_string() && failed["nextRunAt"].is_string() && failed["status"] == "ACTIVE", "{failed:#}");
}

/// The job of the next run of `table`, while the hourly schedule is due as well.
async fn next_job_of_two(office: &Office<'_>) -> Job {
    let schedule = read_schedules(office, "table").await.remove(0);
    go_to(office.world, &schedule["nextRunAt"]);
    assert_eq!(post(office.world).await, 2);
    let is_of = |job: &Job| job.payload.contains(schedule["id"].as_str().unwrap());
    jobs(office).await.into_iter().rfind(is_of).unwrap()
}

async fn a_schedule_that_fails_five_times_in_a_row_is_broken_until_it_is_set_again(world: &World) {
    let office = Office::of(world).await;
    // Its document has no `pageInfo`, so each run fails.
    let view = create_view(&office, "endless", STORES).await;
    let schedule = daily(&office, &view, "a@x.example").await;
    let letters = Letterbox::new(world);
    for expected in ["ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE", "BROKEN"] {
        let job = next_job(&office, "endless").await;
        run(world, &letters.1, &job).await.unwrap();
        let now = read_schedules(&office, "endless").await.remove(0);
        assert_eq!(now["status"], expected, "{now:#}");
        assert!(now["lastError"].as_str().unwrap().contains("pageInfo"), "{now:#}");
    }
    assert_eq!(letters.letters(), Vec::<String>::new());
    assert!(read_schedules(&office, "endless").await[0]["nextRunAt"].is_null());
    let input = json!({ "id": schedule["id"], "expectedVersion": 1, "savedViewId": view["id"], "every": "DAILY", "emails": ["a@x.example"] });
    let again = set_schedule(&office, input).await;
    let again = accepted(&again, "savedViewSchedule");
    assert_eq!((&again["status"], &again["lastError"]), (&json!("ACTIVE"), &Value::Null), "{again:#}");
    // Runs that never end fail too.
    for _ in 0..5 {
        next_job(&office, "endless").await;
    }
    go_to(world, &read_schedules(&office, "endless").await[0]["nextRunAt"]);
    assert_eq!(post(world).await, 0);
    assert_eq!(read_schedules(&office, "endless").await[0]["status"], "BROKEN");
    office.is_sound().await;
}

/// Makes a table that is larger than e-mails carry.
struct Large;

#[async_trait]
impl ViewEngine for Large {
    async fn examine(&self, _document: &str, _variables: &Values, _is_held: bool) -> Result<Result<i64, DocumentProblem>, Fault> {
        Ok(Ok(1))
    }
    fn invalidated_by(&self, _document: &str) -> Result<Result<InvalidatedBy, String>, Fault> {
        Ok(Ok(InvalidatedBy::Everything))
    }
    async fn answer(&self, _reader: Reader, _document: &str, _variables: Values) -> Result<Outcome, Fault> {
        Ok(Outcome::Ran { data: Value::Null, errors: Vec::new() })
    }
    fn table_problem(&self, _document: &str, _rows: Option<&str>) -> Option<String> {
        None
    }
    async fn table(&self, _requester: Requester, _request: TableRequest) -> Result<TableOutcome, Fault> {
        Ok(TableOutcome::Made(Table {
            bytes: vec![b'x'; MAX_MAIL_BYTES + 1],
            rows: 3,
            first_rows: Vec::new(),
            rights: Vec::new(),
            chart: None,
        }))
    }
}

async fn a_table_that_is_too_large_is_told_of(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    daily(&office, &view, "a@x.example").await;
    let engine: Arc<dyn ViewEngine> = Arc::new(Large);
    world.node.saved_views.set_engine(&engine);
    let (job, letters) = (next_job(&office, "table").await, Letterbox::new(world));
    run(world, &letters.1, &job).await.unwrap();
    let letter = letters.letters().remove(0);
    let text = letter.replace("=\r\n", "").replace("=3D", "=");
    assert!(text.contains("too large for an e-mail") && text.contains("/views/table.csv"), "{text}");
    assert!(!letter.contains("Content-Disposition: attachment"), "{} bytes", letter.len());
    assert!(read_schedules(&office, "table").await[0]["lastError"].is_null());
}

async fn a_removed_or_paused_view_is_not_sent(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    daily(&office, &view, "a@x.example").await;
    let (job, letters) = (next_job(&office, "table").await, Letterbox::new(world));
    let pause = json!({ "id": view["id"], "expectedVersion": 1, "isPaused": true });
    accepted(&change(&office, "Update", pause).await, "savedView");
    run(world, &letters.1, &job).await.unwrap();
    let skipped = read_schedules(&office, "table").await.remove(0);
    assert!(skipped["lastError"].as_str().unwrap().contains("paused") && skipped["lastRunAt"].is_null(), "{skipped:#}");
    assert_eq!(skipped["status"], "ACTIVE", "it goes on when the view does");
    let job = next_job(&office, "table").await;
    accepted(&change(&office, "Delete", json!({ "id": view["id"] })).await, "savedView");
    run(world, &letters.1, &job).await.unwrap();
    world.advance_clock(2 * 24 * 3_600);
    assert_eq!((post(world).await, letters.letters().len()), (0, 0));
    office.is_sound().await;
}

async fn webhooks_are_told_once_of_each_table_and_only_those_who_may_read_views(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    let input = json!({ "savedViewId": view["id"], "every": "HOURLY", "hasEvent": true });
    let schedule = accepted(&set_schedule(&office, input).await, "savedViewSchedule").clone();
    let job = next_job(&office, "table").await;
    // No e-mail leaves this deployment, and none is needed.
    run(world, &Mailer::None, &job).await.unwrap();
    run(world, &Mailer::None, &job).await.unwrap();
    assert!(read_schedules(&office, "table").await[0]["lastError"].is_null());
    let sql = "SELECT payload FROM event WHERE tenant_id = $1 AND kind = 'view.result'";
    let rows = world.node.db.tenant(office.caller.tenant).rows(sql, vec![]).await.unwrap();
    let payloads: Vec<String> = rows.iter().map(|row| Row::new(row).take().unwrap()).collect();
    assert_eq!(payloads.len(), 1, "a run is told once: {payloads:?}");
    let visible_payload = registry().visible_payload("view.result", &payloads[0], &office.caller).unwrap().unwrap();
    assert_eq!(
        json!([
            visible_payload["id"],
            visible_payload["scheduleId"],
            visible_payload["dueAt"],
            visible_payload["rows"],
            visible_payload["path"]
        ]),
        json!([view["id"], schedule["id"], schedule["nextRunAt"], codes(&office).await.len(), "/views/table.csv"])
    );
    let stranger = world.ours.owner_with(&["store.read"]);
    assert_eq!(registry().visible_payload("view.result", &payloads[0], &stranger).unwrap(), None);
    office.is_sound().await;
}

async fn a_schedule_waits_while_its_company_is_suspended(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    daily(&office, &view, "a@x.example").await;
    let scope = world.node.db.tenant(world.ours.owner.tenant);
    let work = scope.begin().await.unwrap();
    assert!(suspension::suspend(&work, "unpaid", world.node.clock.now()).await.unwrap());
    work.commit().await.unwrap();
    for _ in 0..6 {
        world.advance_clock(24 * 3_600);
        assert_eq!(post(world).await, 0, "no run begins, and none fails for want of a worker");
    }
    let work = scope.begin().await.unwrap();
    assert!(suspension::resume(&work).await.unwrap());
    work.commit().await.unwrap();
    assert_eq!((post(world).await, jobs(&office).await.len()), (1, 1), "missed moments are made up once");
    assert_eq!(read_schedules(&office, "table").await[0]["status"], "ACTIVE");
}
