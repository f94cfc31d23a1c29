//! Many commands, one transaction, one answer each. Knows no room: what a command needs, decides and writes is the `Batcher`'s business.
//!
//! Commands queue in a lane, a queue a tenant. A lane takes whatever has queued while its last transaction ran, of as many tenants as there are,
//! so a busy lane commits in groups and a lone client waits for nothing. Each tenant's part is a batch: decided on that tenant's state alone,
//! written or left out alone. While batches are being written the next ones are decided already, on the state that the first will leave; if a
//! tenant's fails, what was decided after it is void and done again.
//!
//! What must be run with locks, and a transaction that takes longer than the lane's patience, is set aside with its tenants: it goes on by itself,
//! these tenants' next commands wait behind it, and the lane's other tenants do not. So is a heavy command: it shares a transaction with its own
//! tenant's commands alone, a few tenants have one at a time, and the others of its kind stand in line.

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
use homes::Homes;
use lane::Lane;
use progress::Progress;
use queue::Door;

/// A tenant's commands that are decided and written together.
pub struct Batch<C> {
    pub tenant: TenantId,
    pub commands: Vec<C>,
}

/// What runs a batch.
#[async_trait]
pub trait Batcher: Send + Sync + 'static {
    type Command: Send + Sync + 'static;
    /// What a lane knows of its tenants as they will be when what is under way is written.
    type Speculative: Default + Send + Sync + 'static;
    /// How much of a batch the command takes: its lines.
    fn weight(command: &Self::Command) -> usize;
    /// The command's time in the queue, where that is told.
    fn queue_span(_command: &mut Self::Command) -> Option<&mut QueueSpan> {
        None
    }
    /// Decides the commands of some tenants, each named once, without a lock, and leaves each one's result in it.
    async fn plan(&self, speculative: &mut Self::Speculative, batches: &mut [Batch<Self::Command>]) -> Plan;
    /// Writes what was planned, each tenant's all or nothing.
    async fn write(&self, plan: Prepared) -> Result<Written, Fault>;
    /// Forgets what was known of a tenant.
    fn forget(speculative: &mut Self::Speculative, tenant: TenantId);
    /// Runs the commands as one transaction of the tenant, with locks, and leaves each one's result in it. An error means that nothing was
    /// committed, or that it is not known whether it was; the commands will be run again, alone, and find their keys.
    async fn run(&self, tenant: TenantId, commands: &mut [Self::Command]) -> Result<(), Fault>;
    /// Hands the result to whoever waits for it.
    fn answer(&self, command: Self::Command, outcome: Result<(), Fault>);
}

/// What batches come to.
#[derive(Default)]
pub struct Plan {
    /// What is to be written of all of them.
    pub write: Option<Box<Prepared>>,
    /// Tenants whose commands have their results once this is written.
    pub written: HashSet<TenantId>,
    /// Tenants for whom nothing is written: every command was refused or done before. The commands of others are run with locks.
    pub unchanged: HashSet<TenantId>,
    /// What kept something from being planned.
    pub fault: Option<Fault>,
}

/// The most commands that share a transaction, and lines of one tenant.
pub const MAX_COMMANDS: usize = 256;
pub const MAX_WEIGHT: usize = 4_000;
/// The weight of a command that shares its transaction with no other, however few lines it has.
pub const ALONE: usize = MAX_WEIGHT + 1;
/// The most lines that share a transaction of several tenants: nobody waits for another tenant's thousands.
pub const SHARED_WEIGHT: usize = 512;
/// A command of more lines is heavy: it is planned with nobody's, and run with locks. It is also the least part of a shared transaction's lines
/// that each tenant may have.
pub const HEAVY_WEIGHT: usize = 128;
/// A lane with so many commands is full: a tenant that comes then is given another one.
const FULL: usize = 64;
/// Lanes of one thread serve so many processors, at some 40,000 commands a second.
const PROCESSORS_A_THREAD: usize = 4;
/// Commands a lane lets wait before it answers OVERLOADED.
pub const QUEUE: usize = 4_096;
/// How long a command may have to wait: where more wait already than are written in this time, the next is answered OVERLOADED at once
/// instead of late. So is a heavy command where more lines of its tenant wait.
pub const MOST_WAIT: Duration = Duration::from_millis(750);
/// Commands that wait for a tenant which was set aside: it does not fill the lane for the others.
pub const QUEUE_ASIDE: usize = QUEUE / 4;
/// How long a lane waits for a batch before it sets its tenant aside.
pub const PATIENCE: Duration = Duration::from_millis(500);
/// Transactions that a lane sets aside at a time; each holds a connection.
pub const ASIDE: usize = 3;
/// Tenants of a lane whose heavy commands run at a time, one transaction each; the others stand in line. Fewer than are set aside, so that what
/// needs locks has room beside them.
pub const HEAVY_ASIDE: usize = 2;
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
    homes: Homes,
}

impl<B: Batcher> GroupCommit<B> {
    /// Starts the lanes; they end when this value is dropped and their queues are empty. Called inside the runtime that submits.
    ///
    /// They have threads and runtimes of their own: among hundreds of requests a lane would be polled late, and a commit that nobody looks
    /// at holds up everyone behind it.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(batcher: B, lanes: Lanes, grouping: Grouping) -> Result<Self, Fault> {
        let most = if grouping == Grouping::Alone { 1 } else { MAX_COMMANDS };
        let (batcher, patience) = (Arc::new(batcher), lanes.patience);
        let lanes: Vec<_> = (0..lanes.count.max(1)).map(|_| (Door::new(most), Progress::default())).collect();
        let callers = Handle::current();
        let threads =
            available_parallelism().map_or(1, |processors| processors.get().div_ceil(PROCESSORS_A_THREAD)).min(lanes.len());
        for thread in 0..threads {
            let own = lanes.iter().skip(thread).step_by(threads);
            let run =
                own.map(|(door, progress)| Lane::new(batcher.clone(), door.clone(), callers.clone(), patience, progress.clone()));
            start_thread(run.collect())?;
        }
        Ok(Self { batcher, lanes, homes: Homes::default() })
    }

    /// Queues a command; it is answered through `Batcher::answer`, at once when too many wait.
    pub fn submit(&self, tenant: TenantId, command: B::Command) {
        let lane = match &self.lanes[..] {
            [_] => 0,
            lanes => self.homes.lane_of(tenant, Instant::now(), lanes.len(), |lane| lanes[lane].0.load(tenant)),
        };
        if let Err(command) = self.lanes[lane].0.enter(tenant, command, B::weight) {
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

    /// Has nothing to write of what is planned, and runs the rest as often as it is allowed to.
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

    /// One lane, what it has begun to run, and how it is allowed to go on.
    struct Scene {
        lanes: GroupCommit<Gate>,
        runs: mpsc::UnboundedReceiver<(TenantId, Vec<usize>)>,
        allowed: Arc<Semaphore>,
    }

    /// The lines of a command that is heavy, and of one that cannot be answered.
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
        /// Who runs next, with which lines.
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
