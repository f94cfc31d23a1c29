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

mod homes;
mod lane;
mod locked;
mod pace;
mod progress;
mod queue;
mod room;
mod under_way;
mod waiting;

use std::{collections::HashSet, sync::Arc, thread::available_parallelism, time::Duration};

use async_trait::async_trait;
use entity::prelude::TenantId;
use tokio::{runtime::Handle, time::Instant};

use super::{Backend, Fault, Prepared, Written};
use crate::{metrics, traces::QueueSpan};
use homes::LaneAssignments;
use lane::Lane;
use progress::Progress;
use queue::LaneQueue;

/// A tenant's commands that are decided and written together.
pub struct Batch<C> {
    pub tenant: TenantId,
    pub commands: Vec<C>,
}

/// Decides, writes and runs batches for the lanes.
#[async_trait]
pub trait Batcher: Send + Sync + 'static {
    type Command: Send + Sync + 'static;
    /// Speculative state of a lane's tenants: as they will be when the batch under way has been
    /// written.
    type Speculative: Default + Send + Sync + 'static;
    /// Returns the weight of the command in a batch: its lines.
    fn weight(command: &Self::Command) -> usize;
    /// Returns the span of the command's time in the queue, if it is traced.
    fn queue_span(_command: &mut Self::Command) -> Option<&mut QueueSpan> {
        None
    }
    /// Decides the commands of some tenants, each listed once, without a lock, and stores each
    /// result in its command.
    async fn plan(&self, speculative: &mut Self::Speculative, batches: &mut [Batch<Self::Command>]) -> Plan;
    /// Writes the plan: for each tenant all of it or nothing.
    async fn write(&self, plan: Prepared) -> Result<Written, Fault>;
    /// Drops the speculative state of a tenant.
    fn forget(speculative: &mut Self::Speculative, tenant: TenantId);
    /// Runs the commands as one transaction of the tenant, with locks, and stores each result in
    /// its command. An error means that nothing was committed, or that the outcome is unknown; the
    /// commands will be run again, alone, and find their keys.
    async fn run(&self, tenant: TenantId, commands: &mut [Self::Command]) -> Result<(), Fault>;
    /// Sends the result to the waiting caller.
    fn answer(&self, command: Self::Command, outcome: Result<(), Fault>);
}

/// Result of planning batches.
#[derive(Default)]
pub struct Plan {
    /// Rows and events of all batches that are to be written.
    pub write: Option<Box<Prepared>>,
    /// Tenants whose commands have their results once the plan is written.
    pub written: HashSet<TenantId>,
    /// Tenants without a write: every command was refused or done before. The commands of other
    /// tenants are run with locks.
    pub unchanged: HashSet<TenantId>,
    /// Fault that kept a batch from being planned.
    pub fault: Option<Fault>,
}

/// Maximum commands in a transaction, and maximum lines of one tenant.
pub const MAX_COMMANDS: usize = 256;
pub const MAX_WEIGHT: usize = 4_000;
/// Weight of a command that shares its transaction with no other, however few lines it has.
pub const ALONE: usize = MAX_WEIGHT + 1;
/// Maximum lines in a transaction of several tenants: no tenant waits for thousands of lines of
/// another one.
pub const SHARED_WEIGHT: usize = 512;
/// A command of more lines is heavy: it is planned with no other tenant's commands, and run with
/// locks. Also the minimum share of a shared transaction's lines for each tenant.
pub const HEAVY_WEIGHT: usize = 128;
/// Waiting commands from which a lane is full: a new tenant is assigned to another one.
const FULL_LANE_COMMANDS: usize = 64;
/// Processors for each thread with lanes, which handles some 40,000 commands a second.
const PROCESSORS_A_THREAD: usize = 4;
/// Maximum commands that wait in a lane; further ones are answered OVERLOADED.
pub const QUEUE: usize = 4_096;
/// Maximum wait of a command: if more commands wait already than are written in this time, the next
/// is answered OVERLOADED at once instead of late. A heavy command is refused as well if more lines
/// of its tenant wait.
pub const MAX_WAIT: Duration = Duration::from_millis(750);
/// Maximum commands that wait for a tenant which was set aside: it does not fill the lane for the
/// others.
pub const QUEUE_ASIDE: usize = QUEUE / 4;
/// Time for which a lane waits for a batch before it sets the batch's tenant aside.
pub const PATIENCE: Duration = Duration::from_millis(500);
/// Maximum transactions that a lane sets aside at a time; each holds a connection.
pub const ASIDE: usize = 3;
/// Tenants of a lane whose heavy commands run at a time, one transaction each; the others stand in
/// line. Fewer than `ASIDE`, so that there is room beside the lane for batches that need locks.
pub const HEAVY_ASIDE: usize = 2;
/// Tries of a command alone if its transaction fails for a transient reason.
const ATTEMPTS: u32 = 5;

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
pub struct Lanes {
    pub count: usize,
    /// Longest wait for a transaction before it is set aside. None for no limit: SQLite has one
    /// writer, so setting aside would gain nothing.
    pub patience: Option<Duration>,
}

impl Lanes {
    /// Returns `count` lanes for Postgres, and one for SQLite.
    pub fn of(backend: Backend, count: usize) -> Self {
        match backend {
            Backend::Sqlite => Self { count: 1, patience: None },
            Backend::Postgres => Self { count, patience: Some(PATIENCE) },
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
    pub fn start(batcher: B, lanes: Lanes, grouping: Grouping) -> Result<Self, Fault> {
        let most = if grouping == Grouping::Alone { 1 } else { MAX_COMMANDS };
        let (batcher, patience) = (Arc::new(batcher), lanes.patience);
        let lanes: Vec<_> = (0..lanes.count.max(1)).map(|_| (LaneQueue::new(most), Progress::default())).collect();
        let callers = Handle::current();
        let threads =
            available_parallelism().map_or(1, |processors| processors.get().div_ceil(PROCESSORS_A_THREAD)).min(lanes.len());
        for thread in 0..threads {
            let own = lanes.iter().skip(thread).step_by(threads);
            let run =
                own.map(|(door, progress)| Lane::new(batcher.clone(), door.clone(), callers.clone(), patience, progress.clone()));
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
            metrics::lane_full();
            self.batcher.answer(command, Err(Fault::Overloaded));
        }
    }

    /// Returns the status of each lane.
    pub fn lane_status(&self) -> Vec<LaneStatus> {
        let of = |(door, progress): &(Arc<LaneQueue<B::Command>>, Progress)| {
            let (waiting, aside) = door.lane_status();
            LaneStatus { waiting, aside, stalled: progress.stalled() }
        };
        self.lanes.iter().map(of).collect()
    }
}

/// Runs lanes on a thread of their own.
fn start_thread<B: Batcher>(lanes: Vec<Lane<B>>) -> Result<(), Fault> {
    let no_thread = |err: std::io::Error| Fault::Broken(format!("the ledger has no thread: {err}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(no_thread)?;
    let lead = move || {
        runtime.block_on(async {
            let running: Vec<_> = lanes.into_iter().map(|lane| tokio::spawn(lane.run())).collect();
            futures_util::future::join_all(running).await;
        });
    };
    std::thread::Builder::new().name("ledger".to_owned()).spawn(lead).map(drop).map_err(no_thread)
}

impl<B: Batcher> Drop for GroupCommit<B> {
    fn drop(&mut self) {
        self.lanes.iter().for_each(|(door, _)| door.close());
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::{Semaphore, mpsc, oneshot};

    use super::*;

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
        async fn write(&self, _: Prepared) -> Result<Written, Fault> {
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
            let lanes = GroupCommit::start(gate, Lanes { count: 1, patience }, Grouping::Together).unwrap();
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
        let mut scene = Scene::begin(Some(PATIENCE));
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
        for patience in [Some(PATIENCE), None] {
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
        let scene = Scene::begin(Some(PATIENCE));
        scene.allowed.add_permits(2);
        assert!(scene.ask(1, POISONED).await.is_err(), "it is not answered");
        scene.ask(1, HEAVY).await.unwrap();
    }
}
