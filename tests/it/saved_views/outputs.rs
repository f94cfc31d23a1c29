//! Outputs of schedules beside CSV, the places of their tables, rows per recipient, and e-mails
//! about a schedule that has stopped.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use entity::prelude::ChannelId;
use entrepot::{
    access::Caller,
    identity::Mailer,
    jobs::{Failure, core::Job},
    schema::events::registry,
    storage::{Reads, Row},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    STORES, answer, change, create_view,
    mailbox::{Letterbox, attachment, dead, go_to, header, jobs, jobs_of, next_job, post, run},
    schedules::{TABLE, daily, read_schedules, set_schedule},
};
use crate::{
    authorization::world::World,
    costing::world::Books,
    purchasing::office::{Office, accepted, refused},
    reports::builder::{of_products, shop},
    world::on_both,
};

on_both!(
    a_workbook_comes_by_mail_and_the_same_table_is_not_sent_again,
    a_report_comes_as_pages_with_its_period_its_chart_and_its_figures,
    a_chart_comes_by_mail_beside_a_table,
    a_report_over_too_much_for_pages_is_told_of,
    a_reader_without_the_right_to_a_measure_gets_no_figure_and_no_chart_of_it,
    a_table_is_kept_as_a_file_of_its_owner,
    rows_are_told_to_the_owner_of_the_schedule_alone,
    the_owner_of_a_schedule_that_breaks_is_told_once,
    a_dead_mail_server_makes_no_second_file,
    a_view_is_shared_with_members_and_roles,
    a_view_is_shared_with_nobody_of_another_company,
    notes_on_a_view_that_is_not_for_all_are_told_to_those_who_manage_views,
);

/// Another member of our company, with these permissions.
pub fn another(world: &World, codes: &[&str]) -> Caller {
    Caller { actor: world.theirs.owner.actor, ..world.ours.owner_with(codes) }
}

/// Payloads of the events of a type, as they are stored.
async fn events(office: &Office<'_>, kind: &str) -> Vec<String> {
    let sql = format!("SELECT payload FROM event WHERE tenant_id = $1 AND kind = '{kind}'");
    let rows = office.world.node.db.tenant(office.caller.tenant).rows(&sql, vec![]).await.unwrap();
    rows.iter().map(|row| Row::new(row).take().unwrap()).collect()
}

/// The bytes of an attached file.
fn attached(letter: &str) -> Vec<u8> {
    let (_, rest) = letter.split_once("Content-Disposition: attachment").unwrap();
    let body = rest.split_once("\r\n\r\n").unwrap().1.split("\r\n--").next().unwrap().replace("\r\n", "");
    STANDARD.decode(body).unwrap()
}

async fn a_workbook_comes_by_mail_and_the_same_table_is_not_sent_again(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    let input = json!({ "savedViewId": view["id"], "every": "HOURLY", "format": "XLSX", "emails": [" a@x.example", "A@x.example"], "isSentOnlyIfChanged": true });
    accepted(&set_schedule(&office, input).await, "savedViewSchedule");
    let letters = Letterbox::new(world);
    for _ in 0..2 {
        let job = next_job(&office, "table").await;
        run(world, &letters.1, &job).await.unwrap();
    }
    let all = letters.letters();
    assert_eq!(all.len(), 1, "nothing in a workbook says when it was made");
    assert!(all[0].contains("table.xlsx"), "{}", all[0]);
    assert!(attached(&all[0]).starts_with(b"PK"), "a workbook is a ZIP");
    office.new_store("ANNEX").await;
    let job = next_job(&office, "table").await;
    run(world, &letters.1, &job).await.unwrap();
    assert_eq!(letters.letters().len(), 2);
}

/// A report of stores in the last week, with a chart of units and their margins.
fn report(products: &Value) -> String {
    let ids: Vec<String> = products["in"].as_array().unwrap().iter().map(Value::to_string).collect();
    format!(
        "query($after: Cursor) {{ report(measures: [SOLD_UNITS, MARGIN], dimensions: [STORE], after: $after,
          filter: {{ period: LAST_28_DAYS, product: {{ id: {{ in: [{}] }} }} }}) {{
          from to currency svg(measure: SOLD_UNITS) pageInfo {{ hasNextPage endCursor }}
          nodes {{ store {{ code }} units: value(measure: SOLD_UNITS) {{ value }} margin: value(measure: MARGIN) {{ value }} }} }} }}",
        ids.join(", ")
    )
}

async fn a_report_comes_as_pages_with_its_period_its_chart_and_its_figures(world: &World) {
    let books = Books::of(world).await;
    let products = shop(&books).await;
    let office = &books.office;
    let filter = of_products(&books, &products, (7, 1));
    let view = create_view(office, "by-store", &report(&filter["product"]["id"])).await;
    let input =
        json!({ "savedViewId": view["id"], "every": "WEEKLY", "format": "PDF", "locale": "DE", "emails": ["a@x.example"] });
    accepted(&set_schedule(office, input).await, "savedViewSchedule");
    let (job, letters) = (next_job(office, "by-store").await, Letterbox::new(world));
    run(world, &letters.1, &job).await.unwrap();
    assert!(read_schedules(office, "by-store").await[0]["lastError"].is_null());
    let pages = attachment(&letters.letters()[0]);
    assert!(pages.starts_with("%PDF-1.4"), "{pages}");
    for text in ["(A view) Tj", "(Zeitraum) Tj", "(GBP) Tj", "(units.value) Tj", "(DOCK) Tj", "(SHOP) Tj"] {
        assert!(pages.contains(text), "{text}: {pages}");
    }
    let margins = pages.matches(",00) Tj").count();
    assert!(margins >= 2, "each store has a margin with the decimal sign of the language: {pages}");
    assert!(pages.matches(" re f").count() >= 3, "the ground of the chart, and a bar for each store: {pages}");
    assert!(!pages.contains("<svg"), "{pages}");
}

async fn a_chart_comes_by_mail_beside_a_table(world: &World) {
    let books = Books::of(world).await;
    let products = shop(&books).await;
    let office = &books.office;
    let view = create_view(office, "by-store", &report(&of_products(&books, &products, (7, 1))["product"]["id"])).await;
    let input = json!({ "savedViewId": view["id"], "every": "DAILY", "format": "CSV", "emails": ["a@x.example"] });
    accepted(&set_schedule(office, input).await, "savedViewSchedule");
    let (job, letters) = (next_job(office, "by-store").await, Letterbox::new(world));
    run(world, &letters.1, &job).await.unwrap();
    let letter = letters.letters().remove(0);
    let files: Vec<usize> = letter.match_indices("Content-Disposition: attachment").map(|(at, _)| at).collect();
    let [table, chart] = files[..] else { panic!("{letter}") };
    assert!(attachment(&letter[table..]).contains("units.value"), "the table comes first: {letter}");
    let drawn_attachment = attachment(&letter[chart..]);
    assert!(
        drawn_attachment.starts_with("<svg ") && drawn_attachment.ends_with("</svg>") && drawn_attachment.contains("DOCK"),
        "{drawn_attachment}"
    );
    assert!(letter[chart..].contains("by-store.svg") && letter.contains("image/svg+xml"), "{letter}");
}

async fn a_report_over_too_much_for_pages_is_told_of(world: &World) {
    let office = Office::of(world).await;
    let columns: Vec<String> = (0..13).map(|nth| format!("c{nth}: code")).collect();
    let document = TABLE.replace("nodes { code }", &format!("nodes {{ {} }}", columns.join(" ")));
    let view = create_view(&office, "wide", &document).await;
    let input = json!({ "savedViewId": view["id"], "every": "DAILY", "format": "PDF", "emails": ["a@x.example"] });
    accepted(&set_schedule(&office, input).await, "savedViewSchedule");
    let (job, letters) = (next_job(&office, "wide").await, Letterbox::new(world));
    run(world, &letters.1, &job).await.unwrap();
    let failed = read_schedules(&office, "wide").await.remove(0);
    assert!(failed["lastError"].as_str().unwrap().contains("12 columns"), "{failed:#}");
    assert_eq!((&failed["status"], letters.letters().len()), (&json!("ACTIVE"), 0), "it is tried at its next moment");
}

async fn a_reader_without_the_right_to_a_measure_gets_no_figure_and_no_chart_of_it(world: &World) {
    let books = Books::of(world).await;
    let products = shop(&books).await;
    let document = report(&of_products(&books, &products, (7, 1))["product"]["id"]);
    let view = create_view(&books.office, "by-store", &document).await;
    create_view(&books.office, "margins", &document.replace("svg(measure: SOLD_UNITS)", "svg(measure: MARGIN)")).await;
    let reader = books.office.as_caller(world.ours.owner_with(&["view.read", "report.read", "product.read", "store.read"]));
    let seen_answer = answer(&reader, json!({ "slug": "by-store" }), Value::Null).await;
    let row = &seen_answer["data"]["savedViewResult"]["data"]["report"]["nodes"][0];
    assert!(row["units"]["value"].is_string() && row["margin"]["value"].is_null(), "{seen_answer:#}");
    let seen_answer = answer(&reader, json!({ "slug": "margins" }), Value::Null).await;
    let refused = &seen_answer["data"]["savedViewResult"]["errors"][0];
    assert_eq!((&refused["code"], &refused["path"]), (&json!("FORBIDDEN"), &json!(["report", "svg"])), "{seen_answer:#}");
    // Nor do e-mails of their schedules contain these figures, as a table or as pages.
    let create =
        "mutation($input: RoleCreateInput!) { roleCreate(input: $input) { role { id } userErrors { code field message } } }";
    let codes = ["view.read", "view.manage", "report.read", "product.read", "store.read"];
    let input = json!({ "key": "clerk", "name": "Clerk", "permissions": codes });
    let role = world.must_mutate(&world.ours, create, json!({ "input": input })).await["role"]["id"].clone();
    let person = world.add_member_with("clerk", json!([{ "roleId": role, "scope": { "all": true } }])).await;
    let clerk = books.office.as_caller(world.caller(person).await);
    for format in ["CSV", "PDF"] {
        let input = json!({ "savedViewId": view["id"], "every": "DAILY", "format": format, "emails": ["a@x.example"] });
        accepted(&set_schedule(&clerk, input).await, "savedViewSchedule");
    }
    go_to(world, &read_schedules(&books.office, "by-store").await[0]["nextRunAt"]);
    let (due, letters) = (post(world).await, Letterbox::new(world));
    for job in jobs(&books.office).await {
        run(world, &letters.1, &job).await.unwrap();
    }
    let sent: Vec<String> = letters.letters().iter().map(|letter| attachment(letter)).collect();
    let (pages, tables): (Vec<&String>, Vec<&String>) = sent.iter().partition(|file| file.starts_with("%PDF"));
    assert_eq!((due, pages.len(), tables.len()), (2, 1, 1), "{sent:#?}");
    assert!(pages[0].contains("(units.value) Tj") && !pages[0].contains(".00) Tj"), "{}", pages[0]);
    let mut lines = tables[0].lines().map(|line| line.split(',').collect::<Vec<&str>>());
    let header = lines.next().unwrap();
    let place = |name: &str| header.iter().position(|column| column.ends_with(name)).unwrap();
    let (units, margin) = (place("units.value"), place("margin.value"));
    let rows: Vec<Vec<&str>> = lines.collect();
    assert!(rows.len() == 2 && rows.iter().all(|row| !row[units].is_empty() && row[margin].is_empty()), "{}", tables[0]);
}

const LAST_FILE: &str = "query($by: SavedViewRef!) { savedView(by: $by) { schedules { lastFile { name size downloadUrl } } } }";

async fn a_table_is_kept_as_a_file_of_its_owner(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    let input =
        json!({ "savedViewId": view["id"], "every": "DAILY", "format": "PARQUET", "emails": ["a@x.example"], "hasFile": true });
    accepted(&set_schedule(&office, input).await, "savedViewSchedule");
    let file = async |reader: &Office<'_>| {
        let answer = reader.execute(LAST_FILE, json!({ "by": { "slug": "table" } })).await;
        answer["data"]["savedView"]["schedules"][0]["lastFile"].clone()
    };
    assert_eq!(file(&office).await, Value::Null, "before the first run");
    let (job, letters) = (next_job(&office, "table").await, Letterbox::new(world));
    run(world, &letters.1, &job).await.unwrap();
    let kept = file(&office).await;
    assert_eq!(kept["name"], "table.parquet", "{kept:#}");
    let sent = attached(&letters.letters()[0]);
    assert!(sent.starts_with(b"PAR1") && sent.ends_with(b"PAR1"), "a Parquet file has its mark at both ends");
    assert_eq!(kept["size"].as_i64().unwrap(), sent.len() as i64, "the same table");
    assert!(kept["size"].as_i64().unwrap() > 0 && kept["downloadUrl"].as_str().unwrap().starts_with("/files/"), "{kept:#}");
    let other = office.as_caller(another(world, &["view.read", "view.manage"]));
    assert_eq!(file(&other).await, Value::Null, "a file is its owner's");
    // As an integration that was bound to a channel since.
    let bound = Caller { channel: Some(ChannelId::from_uuid(Uuid::from_u128(7))), ..office.caller.clone() };
    assert_eq!(file(&office.as_caller(bound)).await, Value::Null, "its rows are of all channels");
    office.is_sound().await;
}

async fn rows_are_told_to_the_owner_of_the_schedule_alone(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    let schedule = |extra: Value| {
        let mut input = json!({ "savedViewId": view["id"], "every": "HOURLY", "emails": ["a@x.example"], "hasEventRows": true });
        for (name, value) in extra.as_object().into_iter().flatten() {
            input[name] = value.clone();
        }
        input
    };
    refused(&set_schedule(&office, schedule(json!({}))).await, "INVALID", "input.hasEventRows");
    accepted(&set_schedule(&office, schedule(json!({ "hasEvent": true, "emails": [] }))).await, "savedViewSchedule");
    let job = next_job(&office, "table").await;
    run(world, &Mailer::None, &job).await.unwrap();
    let payload = events(&office, "view.result").await.remove(0);
    let visible_payload = registry().visible_payload("view.result", &payload, &office.caller).unwrap().unwrap();
    let rows = visible_payload["table"]["rows"].as_array().unwrap();
    assert_eq!(
        (json!(rows.len()), &visible_payload["table"]["truncated"]),
        (visible_payload["rows"].clone(), &json!(false)),
        "{visible_payload:#}"
    );
    assert!(rows[0]["code"].is_string() && visible_payload["path"] == "/views/table.csv", "{visible_payload:#}");
    let other = registry().visible_payload("view.result", &payload, &another(world, &["view.read"])).unwrap().unwrap();
    assert!(
        other["table"].is_null() && other["rows"] == visible_payload["rows"],
        "who else may read views learns how many: {other:#}"
    );
    // As for a key with fewer rights of the integration that set the schedule, or for its owner
    // after rights were revoked.
    let narrower = world.ours.owner_with(&["view.read", "store.read"]);
    let less = registry().visible_payload("view.result", &payload, &narrower).unwrap().unwrap();
    assert!(less["table"].is_null() && less["rows"] == visible_payload["rows"], "rows were read with more: {less:#}");
    // An integration that was bound to a channel after it had read data of all channels.
    let bound = Caller { channel: Some(ChannelId::from_uuid(Uuid::from_u128(7))), ..office.caller.clone() };
    let less = registry().visible_payload("view.result", &payload, &bound).unwrap().unwrap();
    assert!(less["table"].is_null() && less["rows"] == visible_payload["rows"], "rows were read of all channels: {less:#}");
}

/// Tells the owner of a schedule, as the job does.
async fn notify_owner(world: &World, mailer: &Mailer, job: &Job) -> Result<(), Failure> {
    world.node.saved_views.notify_owner(&world.node.identity, (mailer, "Alpha <stock@alpha.example>"), job).await
}

async fn the_owner_of_a_schedule_that_breaks_is_told_once(world: &World) {
    let office = Office::of(world).await;
    // Its document has no `pageInfo`, so each run fails.
    let view = create_view(&office, "endless", STORES).await;
    let schedule = daily(&office, &view, "a@x.example").await;
    let letters = Letterbox::new(world);
    for _ in 0..4 {
        let job = next_job(&office, "endless").await;
        run(world, &letters.1, &job).await.unwrap();
    }
    assert_eq!(events(&office, "saved_view_schedule.stopped").await, Vec::<String>::new(), "it goes on");
    let last = next_job(&office, "endless").await;
    run(world, &letters.1, &last).await.unwrap();
    run(world, &letters.1, &last).await.unwrap();
    let payloads = events(&office, "saved_view_schedule.stopped").await;
    let jobs = jobs_of(&office, "view.stopped").await;
    assert_eq!((payloads.len(), jobs.len()), (1, 1));
    let visible_payload =
        registry().visible_payload("saved_view_schedule.stopped", &payloads[0], &office.caller).unwrap().unwrap();
    assert_eq!(
        json!([visible_payload["id"], visible_payload["status"], visible_payload["slug"]]),
        json!([schedule["id"], "BROKEN", "endless"]),
        "{visible_payload:#}"
    );
    assert!(visible_payload["reason"].as_str().unwrap().contains("pageInfo"), "{visible_payload:#}");
    let reader = world.ours.owner_with(&["view.read"]);
    assert_eq!(registry().visible_payload("saved_view_schedule.stopped", &payloads[0], &reader).unwrap(), None);
    assert!(
        matches!(notify_owner(world, &dead(), &jobs[0]).await, Err(Failure::Fault(_))),
        "a mail server that is away is tried again"
    );
    notify_owner(world, &letters.1, &jobs[0]).await.unwrap();
    let all = letters.letters();
    assert_eq!((all.len(), header(&all[0], "To: ").as_str()), (1, "alpha@example.com"));
    assert!(all[0].replace("=\r\n", "").contains("5 runs in a row have failed"), "{}", all[0]);
    // A schedule that was set again runs, so the queued e-mail is not sent.
    let again = json!({ "id": schedule["id"], "expectedVersion": 1, "savedViewId": view["id"], "every": "DAILY", "emails": ["a@x.example"] });
    accepted(&set_schedule(&office, again).await, "savedViewSchedule");
    notify_owner(world, &letters.1, &jobs[0]).await.unwrap();
    assert_eq!(letters.letters().len(), 1);
    office.is_sound().await;
}

async fn a_dead_mail_server_makes_no_second_file(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    let input = json!({ "savedViewId": view["id"], "every": "DAILY", "hasFile": true, "emails": ["a@x.example"] });
    accepted(&set_schedule(&office, input).await, "savedViewSchedule");
    let (job, letters) = (next_job(&office, "table").await, Letterbox::new(world));
    assert!(matches!(run(world, &dead(), &job).await, Err(Failure::Fault(_))));
    let files = async || {
        let sql = "SELECT count(*) FROM file WHERE tenant_id = $1 AND name = 'table.csv'";
        let rows = world.node.db.tenant(office.caller.tenant).rows(sql, vec![]).await.unwrap();
        Row::new(&rows[0]).take::<i64>().unwrap()
    };
    assert_eq!(files().await, 0, "not before everybody has it");
    assert!(read_schedules(&office, "table").await[0]["lastError"].as_str().unwrap().contains("mail server"));
    run(world, &letters.1, &Job { failures: 1, ..job }).await.unwrap();
    assert_eq!((files().await, letters.letters().len(), jobs(&office).await.len()), (1, 1, 1));
}

const SHARED: &str = "savedView { version readers { members { id } roles { id } } }";

async fn a_view_is_shared_with_members_and_roles(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "secret", STORES).await;
    let reader = office.as_caller(another(world, &["view.read", "store.read"]));
    let is_seen = async || {
        let listed = reader.execute("{ savedViews(first: 250) { nodes { slug } } }", json!({})).await;
        let is_listed = listed["data"]["savedViews"]["nodes"].as_array().unwrap().contains(&json!({ "slug": "secret" }));
        let found = reader.execute("{ savedView(by: { slug: \"secret\" }) { slug } }", json!({})).await;
        assert_eq!(found["data"]["savedView"].is_object(), is_listed, "{found:#}");
        let read = answer(&reader, json!({ "slug": "secret" }), Value::Null).await;
        assert_eq!(read["errors"].is_null(), is_listed, "{read:#}");
        is_listed
    };
    assert!(is_seen().await, "all who may read views");
    let share = async |version: i64, readers: Value| {
        let input = json!({ "idempotencyKey": crate::purchasing::office::key(), "id": view["id"], "expectedVersion": version, "readers": readers });
        office.mutate("savedViewUpdate", "SavedViewUpdateInput", SHARED, input).await
    };
    let mine = json!({ "memberIds": [world.ours.ids["mem"]] });
    let shared = share(1, mine.clone()).await;
    assert_eq!(accepted(&shared, "savedView")["readers"]["members"][0]["id"], json!(world.ours.ids["mem"]), "{shared:#}");
    assert!(!is_seen().await, "shared with another member");
    let payload = events(&office, "saved_view.updated").await.remove(0);
    let stranger = another(world, &["view.read"]);
    assert_eq!(registry().visible_payload("saved_view.updated", &payload, &stranger).unwrap(), None, "nor is its name told");
    let owner = office.as_caller(world.ours.owner_with(&["view.read", "store.read"]));
    assert!(answer(&owner, json!({ "slug": "secret" }), Value::Null).await["errors"].is_null(), "its owner reads it");
    let roles = office.execute("{ roles { id } }", json!({})).await["data"]["roles"].clone();
    let by_role = share(2, json!({ "roleIds": [roles[0]["id"]] })).await;
    assert_eq!(accepted(&by_role, "savedView")["readers"]["roles"][0]["id"], roles[0]["id"], "{by_role:#}");
    assert!(!is_seen().await, "who has no role at all");
    accepted(&share(3, json!({ "everyone": true })).await, "savedView");
    assert!(is_seen().await);
    let both = json!({ "everyone": true, "memberIds": [world.ours.ids["mem"]] });
    refused(&share(4, both).await, "INVALID", "input.readers.everyone");
    office.is_sound().await;
}

async fn a_view_is_shared_with_nobody_of_another_company(world: &World) {
    let office = Office::of(world).await;
    let create = async |readers: Value| {
        let input = json!({ "name": "A view", "slug": "shared", "document": STORES, "readers": readers });
        change(&office, "Create", input).await
    };
    let theirs = &world.theirs.ids;
    refused(&create(json!({ "memberIds": [theirs["mem"]] })).await, "NOT_FOUND", "input.readers.memberIds.0");
    let unknown = "rol_01k5q0000000000000000000b2";
    refused(&create(json!({ "roleIds": [unknown] })).await, "NOT_FOUND", "input.readers.roleIds.0");
    accepted(&create(json!({ "memberIds": [] })).await, "savedView");
    let other = office.as_caller(another(world, &["view.read", "store.read"]));
    assert!(!answer(&other, json!({ "slug": "shared" }), Value::Null).await["errors"].is_null(), "it is shared with nobody");
}

async fn notes_on_a_view_that_is_not_for_all_are_told_to_those_who_manage_views(world: &World) {
    let office = Office::of(world).await;
    for (slug, readers, is_for_all) in [("open", Value::Null, true), ("closed", json!({ "memberIds": [] }), false)] {
        let create = json!({ "name": "A view", "slug": slug, "document": STORES, "readers": readers });
        let view = accepted(&change(&office, "Create", create).await, "savedView")["id"].clone();
        let note =
            json!({ "idempotencyKey": crate::purchasing::office::key(), "nodeId": view, "text": "Ask before you send it" });
        accepted(&office.mutate("noteAdd", "NoteAddInput", "note { id }", note).await, "note");
        let payloads = events(&office, "note.added").await;
        let payload = payloads.iter().find(|payload| payload.contains(view.as_str().unwrap())).unwrap();
        let is_told =
            |codes: &[&str]| registry().visible_payload("note.added", payload, &another(world, codes)).unwrap().is_some();
        let (reader, manager) = (["store.read", "view.read"], ["store.read", "view.read", "view.manage"]);
        assert_eq!((is_told(&reader), is_told(&manager)), (is_for_all, true), "{slug}");
    }
}
