//! Tables of schedules in buckets of the company.

use entrepot::{
    identity::Mailer,
    jobs::{Failure, core::Job},
    saved_views::shell::MAX_TRIES,
};
use serde_json::{Value, json};

use super::{
    create_view,
    mailbox::{Letterbox, next_job, run},
    schedules::{TABLE, read_schedules, set_schedule},
};
use crate::{
    authorization::world::World,
    purchasing::office::{Office, accepted, key, refused},
    s3::{S3, objects},
    world::on_both,
};

on_both!(
    a_table_is_written_into_a_bucket_of_the_company,
    a_bucket_that_does_not_answer_is_tried_again,
    a_bucket_is_checked_before_it_is_kept,
    the_secret_of_a_bucket_is_kept_for_the_same_login_and_shown_to_nobody,
);

/// A daily schedule without recipients, with this bucket.
fn into(view: &Value, bucket: &Value) -> Value {
    json!({ "savedViewId": view["id"], "every": "DAILY", "timeZone": "Europe/London", "bucket": bucket })
}

async fn a_table_is_written_into_a_bucket_of_the_company(world: &World) {
    let office = Office::of(world).await;
    let server = S3::begin(world).await;
    let view = create_view(&office, "table", TABLE).await;
    let mut input = into(&view, &server.input("lake/ours"));
    input["emails"] = json!(["a@x.example"]);
    accepted(&set_schedule(&office, input).await, "savedViewSchedule");
    let (job, letters) = (next_job(&office, "table").await, Letterbox::new(world));
    run(world, &letters.1, &job).await.unwrap();
    let there = objects(&server.folder().join("lake/ours"));
    let (name, table) = there.first_key_value().unwrap();
    assert!(name.starts_with("table/20") && name.contains("T06-00-00Z-svs_") && name.ends_with(".csv"), "{name}");
    let table = String::from_utf8(table.clone()).unwrap();
    assert!(table.starts_with("code\r\n") && table.contains("DOCK"), "{table}");
    assert_eq!((there.len(), letters.letters().len()), (1, 1), "the e-mail goes as well");
    let job = next_job(&office, "table").await;
    run(world, &letters.1, &job).await.unwrap();
    assert_eq!(objects(&server.folder().join("lake/ours")).len(), 2, "each day has its file");
    assert!(read_schedules(&office, "table").await[0]["lastError"].is_null());
}

async fn a_bucket_that_does_not_answer_is_tried_again(world: &World) {
    let office = Office::of(world).await;
    let mut server = S3::silent(world).await;
    let view = create_view(&office, "table", TABLE).await;
    let mut input = into(&view, &server.input(""));
    input["emails"] = json!(["a@x.example"]);
    input["hasFile"] = json!(true);
    accepted(&set_schedule(&office, input).await, "savedViewSchedule");
    let (job, letters) = (next_job(&office, "table").await, Letterbox::new(world));
    assert!(matches!(run(world, &letters.1, &job).await, Err(Failure::Fault(_))));
    let error = read_schedules(&office, "table").await[0]["lastError"].clone();
    assert!(error.as_str().unwrap().contains("the bucket cannot be written to"), "{error}");
    server.answer().await;
    run(world, &letters.1, &job).await.unwrap();
    assert_eq!((objects(&server.folder()).len(), letters.letters().len()), (1, 1), "who has the e-mail gets no second one");
    assert!(read_schedules(&office, "table").await[0]["lastError"].is_null());
    // Its last try fails: so does the run.
    drop(server);
    let last = Job { failures: MAX_TRIES - 1, ..next_job(&office, "table").await };
    assert!(matches!(run(world, &Mailer::None, &last).await, Err(Failure::Hopeless(_))));
}

async fn a_bucket_is_checked_before_it_is_kept(world: &World) {
    let office = Office::of(world).await;
    let view = create_view(&office, "table", TABLE).await;
    let with = |name: &str, value: Value| {
        let mut bucket = json!({ "endpoint": "https://s3.eu-west-2.amazonaws.com", "name": "shop", "region": "eu-west-2",
            "prefix": "lake", "accessKeyId": "AKIA", "secretAccessKey": "secret" });
        bucket[name] = value;
        into(&view, &bucket)
    };
    for (name, value, code) in [
        ("endpoint", json!("https://127.0.0.1"), "INVALID"),
        ("endpoint", json!("https://169.254.169.254"), "INVALID"),
        ("name", json!("Shop"), "INVALID"),
        ("prefix", json!("../other"), "INVALID"),
        ("prefix", json!("x".repeat(201)), "TOO_LONG"),
        ("region", json!(""), "REQUIRED"),
        ("secretAccessKey", json!("a b"), "INVALID"),
        ("secretAccessKey", Value::Null, "REQUIRED"),
    ] {
        refused(&set_schedule(&office, with(name, value)).await, code, &format!("input.bucket.{name}"));
    }
    refused(&set_schedule(&office, into(&view, &Value::Null)).await, "REQUIRED", "input.emails");
}

async fn the_secret_of_a_bucket_is_kept_for_the_same_login_and_shown_to_nobody(world: &World) {
    let office = Office::of(world).await;
    let server = S3::silent(world).await;
    let view = create_view(&office, "table", TABLE).await;
    let mut bucket = server.input("lake");
    bucket["secretAccessKey"] = json!("hush-hush-hush");
    let made = accepted(&set_schedule(&office, into(&view, &bucket)).await, "savedViewSchedule").clone();
    let kept = world.rows_of(world.ours.owner.tenant).await;
    let hex: String = "hush-hush-hush".bytes().map(|byte| format!("{byte:02x}")).collect();
    let is_told = |line: &&String| line.contains("hush-hush-hush") || line.to_lowercase().contains(&hex);
    assert_eq!(kept.iter().filter(is_told).collect::<Vec<_>>(), Vec::<&String>::new());
    let with = |access_key: &str, version: i64| {
        let mut bucket = server.input("elsewhere");
        bucket.as_object_mut().unwrap().remove("secretAccessKey");
        bucket["accessKeyId"] = json!(access_key);
        let mut input = into(&view, &bucket);
        input["idempotencyKey"] = json!(key());
        input["id"] = made["id"].clone();
        input["expectedVersion"] = json!(version);
        input
    };
    refused(&set_schedule(&office, with("another", 1)).await, "REQUIRED", "input.bucket.secretAccessKey");
    accepted(&set_schedule(&office, with("test", 1)).await, "savedViewSchedule");
    let query =
        "query($by: SavedViewRef!) { savedView(by: $by) { schedules { bucket { endpoint name region prefix accessKeyId } } } }";
    let answer = office.execute(query, json!({ "by": { "slug": "table" } })).await;
    let shown = &answer["data"]["savedView"]["schedules"][0]["bucket"];
    assert_eq!((&shown["prefix"], &shown["accessKeyId"]), (&json!("elsewhere"), &json!("test")), "{answer:#}");
}
