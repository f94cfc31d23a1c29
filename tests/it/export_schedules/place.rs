//! Helpers for schedules and their files, and an S3 server.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use entrepot::{
    access::Cidr,
    export_schedules::ExportSchedules,
    storage::{Reads, Row},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use parquet::{
    file::reader::{FileReader, SerializedFileReader},
    record::Field,
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{net::TcpListener, task::JoinHandle};

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

/// The objects below a folder by their names.
pub fn objects(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(next) = folders.pop() {
        let Ok(entries) = fs::read_dir(&next) else { continue };
        for entry in entries.map(Result::unwrap) {
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                found.insert(name, fs::read(entry.path()).unwrap());
            }
        }
    }
    found
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

/// The bucket `shop` of a server that checks signatures by `test` and `test`.
pub struct S3 {
    pub root: PathBuf,
    pub address: SocketAddr,
    serving: Option<JoinHandle<()>>,
}

impl S3 {
    /// A server that does not answer yet.
    pub async fn silent(world: &World) -> Self {
        world.node.webhooks.open_networks(vec![Cidr::parse("127.0.0.0/8").unwrap()]);
        let root = world.files.with_extension("s3");
        fs::create_dir_all(root.join("shop")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { root, address: listener.local_addr().unwrap(), serving: None }
    }

    pub async fn begin(world: &World) -> Self {
        let mut server = Self::silent(world).await;
        server.answer().await;
        server
    }

    /// Starts answering.
    pub async fn answer(&mut self) {
        let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(&self.root).unwrap());
        builder.set_auth(SimpleAuth::from_single("test", "test"));
        let service = builder.build();
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.serving = Some(tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let http = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                    let _ = http.serve_connection(TokioIo::new(socket), service).await;
                });
            }
        }));
    }

    /// The bucket as an input of a schedule.
    pub fn input(&self, prefix: &str) -> Value {
        json!({ "endpoint": format!("http://{}", self.address), "name": "shop", "region": "eu-west-2", "prefix": prefix,
            "accessKeyId": "test", "secretAccessKey": "test" })
    }

    pub fn folder(&self) -> PathBuf {
        self.root.join("shop")
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}
