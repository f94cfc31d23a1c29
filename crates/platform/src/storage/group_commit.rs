//! Many commands, one transaction, one answer each. Knows no room: what a command needs, decides and writes is the `Batcher`'s business.
//!
//! A tenant's commands queue in its lane. A lane takes whatever has queued for one tenant while its last transaction ran, so a busy
//! lane commits in groups and a lone client waits for nothing. While one batch is being written the next is decided already, on the
//! state that the first will leave; if the first fails, what was decided after it is void and done again.
//!
//! A batch that takes longer than the lane's patience, because somebody else holds its tenant's rows, is set aside with its tenant: it goes on by
//! itself, the tenant's next commands wait behind it, and the lane's other tenants do not.

mod lane;
mod queue;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use entity::prelude::TenantId;
use tokio::runtime::Handle;

use super::{Backend, Fault, Prepared, Written};
use crate::metrics;
use lane::{Lane, Progress};
use queue::Door;

/// What runs a batch.
#[async_trait]
pub trait Batcher: Send + Sync + 'static {
    type Command: Send + Sync + 'static;
    /// What a lane knows of its tenants as they will be when what is under way is written.
    type Speculative: Default + Send + Sync + 'static;
    /// How much of a batch the command takes: its lines.
    fn weight(command: &Self::Command) -> usize;
    /// Decides the commands without a lock and leaves each one's result in it. An error means that they must be run with locks.
    async fn plan(
        &self,
        speculative: &mut Self::Speculative,
        tenant: TenantId,
        commands: &mut [Self::Command],
    ) -> Result<Planned, Fault>;
    /// Writes what was planned, all or nothing.
    async fn write(&self, tenant: TenantId, plan: Prepared) -> Result<Written, Fault>;
    /// Forgets what was known of a tenant.
    fn forget(speculative: &mut Self::Speculative, tenant: TenantId);
    /// Runs the commands as one transaction of the tenant, with locks, and leaves each one's result in it. An error means that nothing was
    /// committed, or that it is not known whether it was; the commands will be run again, alone, and find their keys.
    async fn run(&self, tenant: TenantId, commands: &mut [Self::Command]) -> Result<(), Fault>;
    /// Hands the result to whoever waits for it.
    fn answer(&self, command: Self::Command, outcome: Result<(), Fault>);
}

/// What a batch comes to.
pub enum Planned {
    /// The commands have their results once this is written.
    Write(Box<Prepared>),
    /// There is nothing to write: every command was refused or done before.
    Nothing,
    /// These commands need locks.
    Locked,
}

/// The most commands and lines that share a transaction.
pub const MAX_COMMANDS: usize = 256;
pub const MAX_WEIGHT: usize = 4_000;
/// Commands a lane lets wait before it answers OVERLOADED.
pub const QUEUE: usize = 4_096;
/// Commands that wait for a tenant which was set aside: it does not fill the lane for the others.
pub const QUEUE_ASIDE: usize = QUEUE / 4;
/// How long a lane waits for a batch before it sets its tenant aside.
pub const PATIENCE: Duration = Duration::from_millis(500);
/// Tenants that a lane sets aside at a time; each holds a connection.
pub const ASIDE: usize = 3;
/// Times a command is tried alone when its transaction fails for a reason that may pass.
const ATTEMPTS: u32 = 5;

/// Whether commands share transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Grouping {
    #[default]
    Together,
    /// Each in a transaction of its own: only to measure what grouping costs and brings.
    Alone,
}

/// How many lanes there are, and whether tenants are set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lanes {
    pub count: usize,
    /// None: a batch is waited for as long as it takes. SQLite has one writer, which others would only wait for elsewhere.
    pub patience: Option<Duration>,
}

impl Lanes {
    /// So many lanes on Postgres, and one on SQLite.
    pub fn of(backend: Backend, count: usize) -> Self {
        match backend {
            Backend::Sqlite => Self { count: 1, patience: None },
            Backend::Postgres => Self { count, patience: Some(PATIENCE) },
        }
    }
}

/// How a lane stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LaneStatus {
    /// Commands that wait.
    pub waiting: usize,
    /// Tenants whose batch takes long, and which others do not wait for.
    pub aside: usize,
    /// For how long the lane itself has not got any further with what it is doing; zero when it does nothing.
    pub stalled: Duration,
}

/// The lanes.
pub struct GroupCommit<B: Batcher> {
    batcher: Arc<B>,
    lanes: Vec<(Arc<Door<B::Command>>, Progress)>,
}

impl<B: Batcher> GroupCommit<B> {
    /// Starts the lanes; they end when this value is dropped and their queues are empty. Called inside the runtime that submits.
    ///
    /// They have a thread and a runtime of their own: among hundreds of requests a lane would be polled late, and a commit that nobody looks
    /// at holds up everyone behind it.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(batcher: B, lanes: Lanes, grouping: Grouping) -> Result<Self, Fault> {
        let most = if grouping == Grouping::Alone { 1 } else { MAX_COMMANDS };
        let (batcher, patience) = (Arc::new(batcher), lanes.patience);
        let lanes: Vec<_> = (0..lanes.count.max(1)).map(|_| (Door::new(most), Progress::default())).collect();
        let callers = Handle::current();
        let run: Vec<_> = lanes
            .iter()
            .map(|(door, progress)| Lane::new(batcher.clone(), door.clone(), callers.clone(), patience, progress.clone()))
            .collect();
        let no_thread = |err: std::io::Error| Fault::Broken(format!("the ledger has no thread: {err}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(no_thread)?;
        let lead = move || {
            runtime.block_on(async {
                let running: Vec<_> = run.into_iter().map(|lane| tokio::spawn(lane.run())).collect();
                futures_util::future::join_all(running).await;
            });
        };
        std::thread::Builder::new().name("ledger".to_owned()).spawn(lead).map_err(no_thread)?;
        Ok(Self { batcher, lanes })
    }

    /// Queues a command; it is answered through `Batcher::answer`, at once when too many wait.
    pub fn submit(&self, tenant: TenantId, command: B::Command) {
        let lane = (tenant.uuid().as_u128() % self.lanes.len() as u128) as usize;
        if let Err(command) = self.lanes[lane].0.enter(tenant, command) {
            metrics::lane_full();
            self.batcher.answer(command, Err(Fault::Overloaded));
        }
    }

    /// How each lane stands.
    pub fn lane_status(&self) -> Vec<LaneStatus> {
        let of = |(door, progress): &(Arc<Door<B::Command>>, Progress)| {
            let (waiting, aside) = door.lane_status();
            LaneStatus { waiting, aside, stalled: progress.stalled() }
        };
        self.lanes.iter().map(of).collect()
    }
}

impl<B: Batcher> Drop for GroupCommit<B> {
    fn drop(&mut self) {
        self.lanes.iter().for_each(|(door, _)| door.close());
    }
}
