//! Helpers for schedules and their files.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use bytes::Bytes;
use entrepot::{
    export_schedules::ExportSchedules,
    storage::{Reads, Row},
};
use parquet::{
    file::reader::{FileReader, SerializedFileReader},
    record::Field,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub use crate::s3::{S3, objects};
use crate::{
    authorization::world::World,
    jobs::wait_until,
    purchasing::office::{Office, accepted, key},
};

pub const SHOWN: &str = "id name entity format every hour timeZone bucket { endpoint name region prefix accessKeyId } status
    set throughSeq isRunning consecutiveFailures nextRunAt lastRunAt lastError version";

pub fn service(world: &World) -> ExportSchedules {
    ExportSchedules::new(&world.node.exchange, &world.node.webhooks)
}

/// The payload of a call that sets a schedule.
pub async fn set_schedule(office: &Office<'_>, mut input: Value) -> Value {
    if input["idempotencyKey"].is_null() {
        input["idempotencyKey"] = json!(key());
    }
    let fields = format!("exportSchedule {{ {SHOWN} }}");
    office.mutate("exportScheduleSet", "ExportScheduleSetInput", &fields, input).await
}

/// A daily schedule; its ID.
pub async fn daily(office: &Office<'_>, extra: Value) -> String {
    let mut input = json!({ "name": "Lake", "every": "DAILY", "entity": "MOVEMENTS" });
    input.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap());
    accepted(&set_schedule(office, input).await, "exportSchedule")["id"].as_str().unwrap().to_owned()
}

/// All schedules that the office's caller may see.
pub async fn listed(office: &Office<'_>) -> Vec<Value> {
    let query = format!("{{ exportSchedules(first: 250) {{ nodes {{ {SHOWN} }} }} }}");
    let answer = office.execute(&query, json!({})).await;
    assert!(answer["errors"].is_null(), "{answer:#}");
    answer["data"]["exportSchedules"]["nodes"].as_array().unwrap().clone()
}

pub async fn read_schedule(office: &Office<'_>, id: &str) -> Value {
    let all = listed(office).await;
    all.iter().find(|schedule| schedule["id"] == id).cloned().unwrap_or_else(|| panic!("{id} in {all:#?}"))
}

/// Requests a run.
pub async fn ask_run(office: &Office<'_>, id: &str, full_refresh: bool) -> Value {
    let input = json!({ "idempotencyKey": key(), "id": id, "isFullRefresh": full_refresh });
    office.mutate("exportScheduleRun", "ExportScheduleRunInput", "exportSchedule { id }", input).await
}

/// Requests a run and waits for its end. Needs a worker.
pub async fn run_schedule(office: &Office<'_>, id: &str, full_refresh: bool) -> Value {
    let before = read_schedule(office, id).await;
    office.world.advance_clock(1);
    accepted(&ask_run(office, id, full_refresh).await, "exportSchedule");
    service(office.world).enqueue_due().await.unwrap();
    wait_until("the end of a run", async || {
        let now = read_schedule(office, id).await;
        // A run that was requested earlier may end first; a full refresh shows no `throughSeq`
        // until it ends.
        let is_this = !full_refresh || !now["throughSeq"].is_null();
        is_this && now["lastRunAt"] != before["lastRunAt"] && now["isRunning"] == false
    })
    .await;
    let now = read_schedule(office, id).await;
    assert!(now["lastError"].is_null(), "{now:#}");
    now
}

/// Returns how many events of a kind there are.
pub async fn events(world: &World, kind: &str) -> i64 {
    let sql = "SELECT count(*) FROM event WHERE tenant_id = $1 AND kind = $2";
    let rows = world.node.db.tenant(world.ours.owner.tenant).rows(sql, vec![kind.into()]).await.unwrap();
    Row::new(&rows[0]).take().unwrap()
}

/// The folder of a schedule in the deployment's store.
pub fn folder(world: &World, id: &str) -> PathBuf {
    world.files.join(world.ours.owner.tenant.to_string()).join("exports").join(id)
}

/// Manifests of a set in order, after a check that the files are exactly those that they list.
pub fn manifests(objects: &BTreeMap<String, Vec<u8>>, set: &str) -> Vec<Value> {
    let is_of = |name: &str, what: &str| name.contains(set) && name.contains(what);
    let all: Vec<Value> = objects
        .iter()
        .filter(|(name, _)| is_of(name, "/_manifests/"))
        .map(|(_, bytes)| serde_json::from_slice(bytes).unwrap())
        .collect();
    let mut notified = BTreeSet::new();
    for file in all.iter().flat_map(|manifest| manifest["files"].as_array().unwrap()) {
        let name = file["name"].as_str().unwrap();
        let bytes = &objects[name];
        let hash: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((&file["sha256"], &file["bytes"]), (&json!(hash), &json!(bytes.len())), "{name}");
        assert!(notified.insert(name.to_owned()), "{name} is told twice");
    }
    let there: BTreeSet<String> =
        objects.keys().filter(|name| is_of(name, ".") && !is_of(name, "/_manifests/")).cloned().collect();
    assert_eq!(there, notified, "each file is in one manifest");
    all
}

pub type FileRow = BTreeMap<String, Field>;

pub fn parquet_rows(bytes: &[u8]) -> Vec<FileRow> {
    let reader = SerializedFileReader::new(Bytes::copy_from_slice(bytes)).unwrap();
    reader.get_row_iter(None).unwrap().map(|row| row.unwrap().into_columns().into_iter().collect()).collect()
}

/// The rows of a manifest's files.
pub fn rows_of(objects: &BTreeMap<String, Vec<u8>>, manifest: &Value) -> Vec<FileRow> {
    let files = manifest["files"].as_array().unwrap();
    let rows: Vec<FileRow> = files.iter().flat_map(|file| parquet_rows(&objects[file["name"].as_str().unwrap()])).collect();
    assert_eq!(manifest["rows"], json!(rows.len()));
    rows
}
