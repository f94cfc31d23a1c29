//! Buckets of the company: files are written with its login, and an unreachable bucket delays no
//! other schedule.

use serde_json::{Value, json};

use super::place::{
    S3, ask_run, daily, events, listed, manifests, objects, read_schedule, rows_of, run_schedule, service, set_schedule,
};
use crate::{
    authorization::world::World,
    costing::world::Books,
    jobs::{Works, wait_until},
    purchasing::office::{accepted, key, refused},
    world::on_both,
};

on_both!(
    a_bucket_of_the_company_gets_what_the_deployments_store_gets,
    a_dead_bucket_is_told_of_once_and_written_to_when_it_is_back,
    two_schedules_do_not_write_into_the_same_folder,
    addresses_that_are_not_the_internet_are_refused,
    a_secret_is_sealed_and_kept_for_the_same_login,
);

async fn a_bucket_of_the_company_gets_what_the_deployments_store_gets(world: &World) {
    let works = Works::begin(world);
    let server = S3::begin(world).await;
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 50, "2.00").await;
    let id = daily(&books.office, json!({ "bucket": server.input("lake/ours") })).await;
    run_schedule(&books.office, &id, false).await;
    books.sell(&mug, 2).await;
    run_schedule(&books.office, &id, false).await;
    let there = objects(&server.folder().join("lake/ours"));
    let [whole, increment]: [Value; 2] = manifests(&there, "set=000001").try_into().unwrap();
    assert!(!rows_of(&there, &whole).is_empty() && !rows_of(&there, &increment).is_empty());
    assert_eq!(increment["fromSeq"], whole["toSeq"]);
    works.kill().await;
}

async fn a_dead_bucket_is_told_of_once_and_written_to_when_it_is_back(world: &World) {
    let works = Works::begin(world);
    let mut server = S3::silent(world).await;
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 50, "2.00").await;
    let id = daily(&books.office, json!({ "bucket": server.input("") })).await;
    let well = daily(&books.office, json!({ "name": "Beside" })).await;
    accepted(&ask_run(&books.office, &id, false).await, "exportSchedule");
    service(world).enqueue_due().await.unwrap();
    wait_until("the first try", async || !read_schedule(&books.office, &id).await["lastError"].is_null()).await;
    let tried = read_schedule(&books.office, &id).await;
    assert!(tried["lastError"].as_str().unwrap().contains("the bucket cannot be written to"), "{tried:#}");
    assert_eq!((&tried["status"], &tried["isRunning"]), (&json!("ACTIVE"), &json!(true)), "{tried:#}");
    run_schedule(&books.office, &well, false).await;
    wait_until("its tries to be over", async || {
        world.advance_clock(400);
        read_schedule(&books.office, &id).await["consecutiveFailures"].as_i64().unwrap() > 0
    })
    .await;
    assert_eq!(events(world, "export_schedule.failed").await, 1);
    server.answer().await;
    wait_until("the bucket to have all", async || {
        world.advance_clock(400);
        // No further run is requested while one is running: the mutation would wait for its row
        // lock.
        if read_schedule(&books.office, &id).await["isRunning"] == false {
            accepted(&ask_run(&books.office, &id, false).await, "exportSchedule");
        }
        service(world).enqueue_due().await.unwrap();
        !read_schedule(&books.office, &id).await["throughSeq"].is_null()
    })
    .await;
    let back = read_schedule(&books.office, &id).await;
    assert_eq!((&back["consecutiveFailures"], &back["lastError"], &back["set"]), (&json!(0), &Value::Null, &json!(1)));
    let there = objects(&server.folder());
    assert!(!rows_of(&there, &manifests(&there, "set=000001")[0]).is_empty());
    assert_eq!(events(world, "export_schedule.failed").await, 1, "of several failures in a row one is told");
    works.kill().await;
}

async fn two_schedules_do_not_write_into_the_same_folder(world: &World) {
    let works = Works::begin(world);
    let server = S3::begin(world).await;
    let books = Books::of(world).await;
    let mug = books.office.product("MUG", "2.00").await;
    books.receive(&mug, 50, "2.00").await;
    let first = daily(&books.office, json!({ "bucket": server.input("lake") })).await;
    run_schedule(&books.office, &first, false).await;
    let before = objects(&server.folder());
    let second = daily(&books.office, json!({ "name": "Second", "bucket": server.input("lake") })).await;
    accepted(&ask_run(&books.office, &second, false).await, "exportSchedule");
    service(world).enqueue_due().await.unwrap();
    wait_until("the second to be paused", async || read_schedule(&books.office, &second).await["status"] == "PAUSED").await;
    let paused = read_schedule(&books.office, &second).await;
    assert!(paused["lastError"].as_str().unwrap().contains("choose another prefix"), "{paused:#}");
    assert_eq!(objects(&server.folder()), before);
    refused(&ask_run(&books.office, &second, false).await, "INVALID_STATE", "input.id");
    works.kill().await;
}

async fn addresses_that_are_not_the_internet_are_refused(world: &World) {
    let books = Books::of(world).await;
    let with = |name: &str, value: Value| {
        let mut bucket = json!({ "endpoint": "https://s3.eu-west-2.amazonaws.com", "name": "shop", "region": "eu-west-2",
            "prefix": "lake", "accessKeyId": "AKIA", "secretAccessKey": "secret" });
        bucket[name] = value;
        json!({ "name": "Out", "every": "DAILY", "entity": "MOVEMENTS", "bucket": bucket })
    };
    for endpoint in [
        "https://127.0.0.1",
        "https://[::1]",
        "https://169.254.169.254",
        "https://2130706433",
        "https://localhost",
        "https://metadata.google.internal",
        "http://s3.example.com",
        "https://s3.example.com:9000",
        "https://user:word@s3.example.com",
        "https://s3.example.com/bucket",
        "ftp://s3.example.com",
        "s3.example.com",
        "https://s3.example.com\0",
    ] {
        refused(&set_schedule(&books.office, with("endpoint", json!(endpoint))).await, "INVALID", "input.bucket.endpoint");
    }
    for (name, value, code) in [
        ("name", json!("Shop"), "INVALID"),
        ("region", json!("eu/west"), "INVALID"),
        ("prefix", json!("../others"), "INVALID"),
        ("prefix", json!("x".repeat(201)), "TOO_LONG"),
        ("accessKeyId", json!("a/b"), "INVALID"),
        ("secretAccessKey", json!(""), "REQUIRED"),
        ("region", json!(" "), "REQUIRED"),
        ("name", json!(""), "REQUIRED"),
        ("secretAccessKey", Value::Null, "REQUIRED"),
    ] {
        refused(&set_schedule(&books.office, with(name, value)).await, code, &format!("input.bucket.{name}"));
    }
    assert!(listed(&books.office).await.iter().all(|schedule| schedule["name"] != "Out"));
}

async fn a_secret_is_sealed_and_kept_for_the_same_login(world: &World) {
    let server = S3::silent(world).await;
    let books = Books::of(world).await;
    let mut bucket = server.input("lake");
    bucket["secretAccessKey"] = json!("hush-hush-hush");
    let id = daily(&books.office, json!({ "bucket": bucket })).await;
    let now = read_schedule(&books.office, &id).await;
    assert_eq!(now["bucket"]["accessKeyId"], "test");
    let kept = world.rows_of(world.ours.owner.tenant).await;
    let hex: String = "hush-hush-hush".bytes().map(|byte| format!("{byte:02x}")).collect();
    let is_told = |line: &&String| line.contains("hush-hush-hush") || line.to_lowercase().contains(&hex);
    assert_eq!(kept.iter().filter(is_told).collect::<Vec<_>>(), Vec::<&String>::new());
    let with = |access_key: &str, version: i64| {
        let mut bucket = server.input("elsewhere");
        bucket.as_object_mut().unwrap().remove("secretAccessKey");
        bucket["accessKeyId"] = json!(access_key);
        json!({ "idempotencyKey": key(), "id": id, "expectedVersion": version, "name": "Lake", "every": "DAILY", "entity": "MOVEMENTS",
            "bucket": bucket })
    };
    refused(&set_schedule(&books.office, with("another", 1)).await, "REQUIRED", "input.bucket.secretAccessKey");
    let changed = set_schedule(&books.office, with("test", 1)).await;
    assert_eq!(accepted(&changed, "exportSchedule")["bucket"]["prefix"], "elsewhere");
}
