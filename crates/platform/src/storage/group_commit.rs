//! Group commit: many commands in one transaction, each with its own result. It knows no room: the
//! `Batcher` loads, decides and writes.
//!
//! Commands queue in a lane, in one queue for each tenant. A lane takes all commands that have
//! queued while its last transaction ran, of any number of tenants, so a busy lane commits in
//! groups and a lone client never waits. Each tenant's part is a batch: decided on that tenant's
//! state alone, written or left out alone. While batches are being written the next ones are
//! decided already, on the state that the first will leave; if a tenant's batch fails, later
//! decisions for that tenant are void and made again.
//!
//! A batch that needs locks, or a transaction that takes longer than the lane's patience, is set
//! aside with its tenants: it runs beside the lane, the next commands of these tenants wait behind
//! it, and the lane's other tenants do not. So does a heavy command: it shares a transaction only
//! with commands of its own tenant, a few tenants may run one at a time, and the other heavy
//! commands stand in line.

mod batch;
mod lane_assignment;
mod lane;
mod limits;
mod locked;
mod heavy_limit;
mod progress;
mod queue;
mod capacity;
mod in_flight;
mod waiting;

use std::{sync::Arc, thread::available_parallelism, time::Duration};

use entity::prelude::TenantId;
use tokio::{runtime::Handle, time::Instant};

use super::{Backend, Fault};
use crate::metrics;
use lane::Lane;
use lane_assignment::LaneAssignments;
use progress::Progress;
use queue::LaneQueue;

pub use batch::{Batch, Batcher, Plan};
pub use limits::{
    ASIDE_TIMEOUT, EXCLUSIVE_WEIGHT, HEAVY_WEIGHT, MAX_COMMANDS, MAX_HEAVY_ASIDE, MAX_QUEUED_ASIDE, MAX_TENANTS_ASIDE, MAX_WAIT,
    MAX_WEIGHT, QUEUE, SHARED_WEIGHT,
};

/// Processors for each thread with lanes, which handles some 40,000 commands a second.
const PROCESSORS_PER_THREAD: usize = 4;

/// Whether commands share transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Grouping {
    #[default]
    Together,
    /// Each in a transaction of its own: only to measure the cost and gain of grouping.
    Alone,
}

/// Number of lanes, and whether tenants are set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneOptions {
    pub count: usize,
    /// Longest wait for a transaction before it is set aside. None for no limit: SQLite has one
    /// writer, so setting aside would gain nothing.
    pub patience: Option<Duration>,
}

impl LaneOptions {
    /// Returns `count` lanes for Postgres, and one for SQLite.
    pub fn of(backend: Backend, count: usize) -> Self {
        match backend {
            Backend::Sqlite => Self { count: 1, patience: None },
            Backend::Postgres => Self { count, patience: Some(ASIDE_TIMEOUT) },
        }
    }
}

/// Status of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LaneStatus {
    /// Commands that wait.
    pub waiting: usize,
    /// Tenants that are set aside because their batch takes long.
    pub aside: usize,
    /// Time since the lane itself last made progress; zero when it is idle.
    pub stalled: Duration,
}

/// The lanes.
pub struct GroupCommit<B: Batcher> {
    batcher: Arc<B>,
    lanes: Vec<(Arc<LaneQueue<B::Command>>, Progress)>,
    homes: LaneAssignments,
}

impl<B: Batcher> GroupCommit<B> {
    /// Starts the lanes; they end when this value is dropped and their queues are empty. Call it
    /// inside the runtime that submits.
    ///
    /// They have threads and runtimes of their own: among hundreds of requests a lane would be
    /// polled late, and a commit that is polled late holds up every command behind it.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(batcher: B, lanes: LaneOptions, grouping: Grouping) -> Result<Self, Fault> {
        let max_commands = if grouping == Grouping::Alone { 1 } else { MAX_COMMANDS };
        let (batcher, patience) = (Arc::new(batcher), lanes.patience);
        let lanes: Vec<_> = (0..lanes.count.max(1)).map(|_| (LaneQueue::new(max_commands), Progress::default())).collect();
        let callers = Handle::current();
        let threads =
            available_parallelism().map_or(1, |processors| processors.get().div_ceil(PROCESSORS_PER_THREAD)).min(lanes.len());
        for thread in 0..threads {
            let own_lanes = lanes.iter().skip(thread).step_by(threads);
            let run = own_lanes
                .map(|(queue, progress)| Lane::new(batcher.clone(), queue.clone(), callers.clone(), patience, progress.clone()));
            start_thread(run.collect())?;
        }
        Ok(Self { batcher, lanes, homes: LaneAssignments::default() })
    }

    /// Queues a command. `Batcher::answer` answers it, at once if the lane is full.
    pub fn submit(&self, tenant: TenantId, command: B::Command) {
        let lane = match &self.lanes[..] {
            [_] => 0,
            lanes => self.homes.lane_of(tenant, Instant::now(), lanes.len(), |lane| lanes[lane].0.load(tenant)),
        };
        if let Err(command) = self.lanes[lane].0.queue_command(tenant, command, B::weight) {
            metrics::count_full_lane();
            self.batcher.answer(command, Err(Fault::Overloaded));
        }
    }

    /// Returns the status of each lane.
    pub fn lane_status(&self) -> Vec<LaneStatus> {
        let status = |(queue, progress): &(Arc<LaneQueue<B::Command>>, Progress)| {
            let (waiting, aside) = queue.lane_status();
            LaneStatus { waiting, aside, stalled: progress.stalled() }
        };
        self.lanes.iter().map(status).collect()
    }
}

/// Runs lanes on a thread of their own.
fn start_thread<B: Batcher>(lanes: Vec<Lane<B>>) -> Result<(), Fault> {
    let no_thread = |err: std::io::Error| Fault::Broken(format!("the ledger has no thread: {err}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(no_thread)?;
    let run_lanes = move || {
        runtime.block_on(async {
            let running: Vec<_> = lanes.into_iter().map(|lane| tokio::spawn(lane.run())).collect();
            futures_util::future::join_all(running).await;
        });
    };
    std::thread::Builder::new().name("ledger".to_owned()).spawn(run_lanes).map(drop).map_err(no_thread)
}

impl<B: Batcher> Drop for GroupCommit<B> {
    fn drop(&mut self) {
        self.lanes.iter().for_each(|(queue, _)| queue.close());
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use tokio::sync::{Semaphore, mpsc, oneshot};

    use super::*;
    use crate::storage::{PreparedRows, WriteResult};

    /// A command of so many lines, which is answered when it is done.
    struct TestCommand {
        lines: usize,
        reply: oneshot::Sender<()>,
    }

    /// A batcher whose plans have nothing to write, and whose runs wait for permits.
    struct Gate {
        began: mpsc::UnboundedSender<(TenantId, Vec<usize>)>,
        allowed: Arc<Semaphore>,
    }

    #[async_trait]
    impl Batcher for Gate {
        type Command = TestCommand;
        type Speculative = ();

        fn weight(command: &TestCommand) -> usize {
            command.lines
        }
        async fn plan(&self, (): &mut (), batches: &mut [Batch<TestCommand>]) -> Plan {
            Plan { unchanged: batches.iter().map(|batch| batch.tenant).collect(), ..Plan::default() }
        }
        async fn write(&self, _: PreparedRows) -> Result<WriteResult, Fault> {
            Err(Fault::Broken("nothing was planned that is written".to_owned()))
        }
        fn forget((): &mut (), _: TenantId) {}
        async fn run(&self, tenant: TenantId, commands: &mut [TestCommand]) -> Result<(), Fault> {
            let _ = self.began.send((tenant, commands.iter().map(|command| command.lines).collect()));
            self.allowed.acquire().await.map_err(|_| Fault::ShuttingDown)?.forget();
            Ok(())
        }
        fn answer(&self, command: TestCommand, _: Result<(), Fault>) {
            assert_ne!(command.lines, POISONED, "a rule that panics");
            let _ = command.reply.send(());
        }
    }

    /// One lane, the runs that it has begun, and the permits for further runs.
    struct Scene {
        lanes: GroupCommit<Gate>,
        runs: mpsc::UnboundedReceiver<(TenantId, Vec<usize>)>,
        allowed: Arc<Semaphore>,
    }

    /// Lines of a heavy command, and of one whose answer panics.
    const HEAVY: usize = 500;
    const POISONED: usize = 501;

    fn tenant(n: u128) -> TenantId {
        TenantId::from_uuid(uuid::Uuid::from_u128(n))
    }

    impl Scene {
        fn begin(patience: Option<Duration>) -> Self {
            let ((began, runs), allowed) = (mpsc::unbounded_channel(), Arc::new(Semaphore::new(0)));
            let gate = Gate { began, allowed: allowed.clone() };
            let lanes = GroupCommit::start(gate, LaneOptions { count: 1, patience }, Grouping::Together).unwrap();
            Self { lanes, runs, allowed }
        }
        fn ask(&self, n: u128, lines: usize) -> oneshot::Receiver<()> {
            let (reply, answer) = oneshot::channel();
            self.lanes.submit(tenant(n), TestCommand { lines, reply });
            answer
        }
        /// Returns the next tenant that runs, and the lines of its commands.
        async fn next(&mut self) -> (TenantId, Vec<usize>) {
            self.runs.recv().await.unwrap()
        }
    }

    #[tokio::test]
    async fn small_commands_are_answered_while_anothers_heavy_ones_stand_in_line() {
        let mut scene = Scene::begin(Some(ASIDE_TIMEOUT));
        let mut heavy: Vec<_> = (0..8).map(|_| scene.ask(1, HEAVY)).collect();
        assert_eq!(scene.next().await, (tenant(1), vec![HEAVY]), "one at a time");
        for _ in 0..3 {
            scene.ask(2, 1).await.unwrap();
        }
        heavy.push(scene.ask(3, HEAVY));
        assert_eq!(scene.next().await, (tenant(3), vec![HEAVY]), "another tenant's beside it");
        heavy.push(scene.ask(4, HEAVY));
        scene.ask(2, 1).await.unwrap();
        assert!(scene.runs.try_recv().is_err(), "a third one stands in line");
        scene.allowed.add_permits(heavy.len());
        for answer in heavy {
            answer.await.unwrap();
        }
        let mut rest = Vec::new();
        while let Ok(run) = scene.runs.try_recv() {
            rest.push(run);
        }
        assert!(rest.len() == 8 && rest.iter().all(|(_, lines)| *lines == [HEAVY]), "{rest:?}");
        scene.ask(1, 1).await.unwrap();
    }

    #[tokio::test]
    async fn with_one_writer_others_have_their_turn_after_each_heavy_command() {
        let mut scene = Scene::begin(None);
        let heavy: Vec<_> = (0..8).map(|_| scene.ask(1, HEAVY)).collect();
        for _ in 0..4 {
            assert_eq!(scene.next().await, (tenant(1), vec![HEAVY]));
            let small = scene.ask(2, 1);
            scene.allowed.add_permits(1);
            small.await.unwrap();
        }
        scene.allowed.add_permits(heavy.len());
        for answer in heavy {
            answer.await.unwrap();
        }
    }

    #[tokio::test]
    async fn heavy_commands_that_wait_are_answered_when_nobody_can_submit_any_more() {
        for patience in [Some(ASIDE_TIMEOUT), None] {
            let scene = Scene::begin(patience);
            let answers = [1, 1, 2, 3].map(|n| scene.ask(n, HEAVY));
            let Scene { lanes, allowed, .. } = scene;
            drop(lanes);
            allowed.add_permits(answers.len());
            for answer in answers {
                answer.await.unwrap();
            }
        }
    }

    #[tokio::test]
    async fn a_tenant_whose_heavy_command_panics_is_let_in_again() {
        let scene = Scene::begin(Some(ASIDE_TIMEOUT));
        scene.allowed.add_permits(2);
        assert!(scene.ask(1, POISONED).await.is_err(), "it is not answered");
        scene.ask(1, HEAVY).await.unwrap();
    }
}
