//! Workers that can be stopped and killed, and a board on which jobs write who runs them.
#![allow(dead_code, reason = "several targets have it, and each calls a part")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use entity::prelude::TenantId;
use entrepot::jobs::{Lease, Registry, Terms, enqueue};
use serde_json::{Value, json};
use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep},
};

use crate::authorization::world::World;

pub const LEASE: Duration = Duration::from_millis(1_500);
pub const KINDS: [&str; 8] = ["test.1", "test.2", "test.3", "test.4", "test.5", "test.6", "test.7", "test.8"];
/// The longest that anything here is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A worker in a task of its own.
pub struct Worker {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

pub fn work(world: &World, registry: Registry) -> Worker {
    work_on_lease(world, registry, LEASE)
}

/// A worker with a lease of its own length.
pub fn work_on_lease(world: &World, registry: Registry, lease: Duration) -> Worker {
    let (stop, stop_signal) = oneshot::channel::<()>();
    let terms = Terms { lease, look: Duration::from_millis(30) };
    let stop_signal = async move {
        let _ = stop_signal.await;
    };
    Worker { stop, task: tokio::spawn(world.node.jobs.clone().work(registry, terms, stop_signal)) }
}

impl Worker {
    /// Stops the worker, which releases its jobs.
    pub async fn stop(self) {
        drop(self.stop);
        self.task.await.unwrap();
    }
    /// Kills the worker, which releases nothing.
    pub fn kill(self) {
        self.task.abort();
        std::mem::forget(self.stop);
    }
}

/// The deployment's own jobs, done by this process.
pub struct Works(JoinHandle<()>);

impl Works {
    pub fn begin(world: &World) -> Self {
        let terms = Terms { lease: LEASE, look: Duration::from_millis(30) };
        Self(tokio::spawn(world.node.jobs.clone().work(world.node.job_registry(), terms, std::future::pending())))
    }
    /// Kills the worker in the middle of its work.
    pub async fn kill(self) {
        self.0.abort();
        let _ = self.0.await;
    }
}

/// Running jobs with their workers.
#[derive(Clone, Default)]
pub struct Board(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    running: BTreeMap<&'static str, Vec<(usize, Lease)>>,
    most: usize,
}

/// Takes its name off the board, also when it is cut off.
struct Entry(Board, &'static str, usize);
impl Drop for Entry {
    fn drop(&mut self) {
        let mut inner = self.0.0.lock().unwrap();
        let running = inner.running.entry(self.1).or_default();
        if let Some(at) = running.iter().position(|(who, _)| *who == self.2) {
            running.remove(at);
        }
    }
}

impl Board {
    fn enter(&self, kind: &'static str, worker: usize, lease: Lease) -> Entry {
        let mut inner = self.0.lock().unwrap();
        let running = inner.running.entry(kind).or_default();
        running.push((worker, lease));
        inner.most = inner.most.max(inner.running[kind].len());
        Entry(self.clone(), kind, worker)
    }
    pub fn held_by(&self, worker: usize) -> usize {
        self.0.lock().unwrap().running.values().filter(|running| running.iter().any(|(by, _)| *by == worker)).count()
    }
    pub fn free(&self) -> usize {
        let inner = self.0.lock().unwrap();
        KINDS.iter().filter(|kind| inner.running.get(*kind).is_none_or(Vec::is_empty)).count()
    }
    pub fn most_at_once(&self) -> usize {
        self.0.lock().unwrap().most
    }
    pub fn forget(&self) {
        *self.0.lock().unwrap() = Inner::default();
    }
    /// The hold on one of the jobs.
    pub fn lease(&self, kind: usize) -> Lease {
        self.0.lock().unwrap().running[KINDS[kind]][0].1
    }
}

/// Standing jobs that run until they are stopped.
pub fn periodic(board: &Board, worker: usize) -> Registry {
    KINDS.iter().fold(Registry::default(), |registry, kind| {
        let board = board.clone();
        registry.periodic(kind, Duration::from_millis(100), move |lease| {
            let board = board.clone();
            async move {
                let _entry = board.enter(kind, worker, lease);
                std::future::pending::<()>().await;
                Ok(())
            }
        })
    })
}

pub async fn wait_until(condition: &str, mut is: impl AsyncFnMut() -> bool) {
    let started_at = Instant::now();
    while !is().await {
        assert!(started_at.elapsed() < PATIENCE, "waited in vain for {condition}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// A queued job of ours.
pub async fn put_down(world: &World, kind: &'static str) {
    put_down_for(world, world.ours.owner.tenant, kind).await;
}

/// A queued job of a tenant.
pub async fn put_down_for(world: &World, tenant: TenantId, kind: &'static str) {
    let work = world.node.db.tenant(tenant).begin().await.unwrap();
    enqueue(&work, &world.node.clock, kind, &json!({})).await.unwrap();
    work.commit().await.unwrap();
}

async fn all(world: &World) -> Vec<Value> {
    let query = "{ jobs(first: 250) { nodes { id kind state failures lastError lastEndedAt nextRunAt isStanding } } }";
    let answer = world.execute(&world.ours, Some(world.ours.owner.clone()), query, &json!({})).await;
    let nodes = answer["data"]["jobs"]["nodes"].as_array().unwrap().clone();
    nodes.into_iter().filter(|job| job["kind"].as_str().unwrap().starts_with("test.")).collect()
}

pub async fn in_state(world: &World, state: &str) -> usize {
    all(world).await.iter().filter(|job| job["state"] == state).count()
}

pub async fn dead_letters(world: &World) -> Vec<Value> {
    all(world).await.into_iter().filter(|job| job["state"] == "FAILED").collect()
}

/// Marks all standing jobs of the scenario as held by one worker, with leases that it does not know
/// of.
pub async fn leave_all_with_one(world: &World) {
    let work = world.node.db.global().maintenance_for(TenantId::NIL).await.unwrap();
    let sql = "UPDATE job SET state = 'RUNNING', owner = (SELECT id FROM job_worker ORDER BY id LIMIT 1), token = token + 1
        WHERE kind LIKE 'test.%'";
    work.execute_global(sql, vec![]).await.unwrap();
    work.commit().await.unwrap();
}

/// Returns how many jobs of a kind run.
pub async fn running(world: &World, kind: &'static str) -> i64 {
    let sql = "SELECT count(*) FROM job WHERE kind = $1 AND state = 'RUNNING'";
    world.node.db.global().rows(sql, vec![kind.into()]).await.unwrap()[0].try_get_by_index(0).unwrap()
}

/// Returns how many workers hold standing jobs of the scenario.
pub async fn holders(world: &World) -> i64 {
    let sql = "SELECT count(DISTINCT owner) FROM job WHERE kind LIKE 'test.%' AND state = 'RUNNING'";
    world.node.db.global().rows(sql, vec![]).await.unwrap()[0].try_get_by_index(0).unwrap()
}

/// Returns the faults that are stored with the jobs for the operator.
pub async fn faults(world: &World) -> Vec<String> {
    let rows = world.node.db.global().rows("SELECT fault FROM job WHERE fault IS NOT NULL", vec![]).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}
