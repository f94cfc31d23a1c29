//! Many commands, one transaction, one answer each. Knows no room: what a command needs, decides and writes is the `Batcher`'s business.
//!
//! A tenant's commands queue in its lane. A lane takes whatever has queued for one tenant while its last transaction ran, so a busy
//! lane commits in groups and a lone client waits for nothing. While one batch is being written the next is decided already, on the
//! state that the first will leave; if the first fails, what was decided after it is void and done again.

use std::{
    collections::{HashMap, VecDeque},
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use entity::prelude::TenantId;
use futures_util::FutureExt;
use tokio::{runtime::Handle, sync::Notify, task::JoinHandle, time::Instant};

use super::{Fault, Prepared, Written};
use crate::gauges::{self, Way};

/// What runs a batch.
#[async_trait]
pub trait Batcher: Send + Sync + 'static {
    type Command: Send + Sync + 'static;
    /// What a lane knows of its tenants as they will be when what is under way is written.
    type Ahead: Default + Send + Sync + 'static;
    /// How much of a batch the command takes: its lines.
    fn weight(command: &Self::Command) -> usize;
    /// Decides the commands without a lock and leaves each one's result in it. An error means that they must be run with locks.
    async fn plan(&self, ahead: &mut Self::Ahead, tenant: TenantId, commands: &mut [Self::Command]) -> Result<Planned, Fault>;
    /// Writes what was planned, all or nothing.
    async fn write(&self, tenant: TenantId, plan: Prepared) -> Result<Written, Fault>;
    /// Forgets what was known of a tenant.
    fn forget(ahead: &mut Self::Ahead, tenant: TenantId);
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

/// The lanes.
pub struct GroupCommit<B: Batcher> {
    batcher: Arc<B>,
    lanes: Vec<Arc<Door<B::Command>>>,
}

/// Where commands enter a lane. The lane is woken once for a batch, not for each command.
struct Door<C> {
    queue: Mutex<Queue<C>>,
    is_enough: Notify,
}

struct Queue<C> {
    waiting: Waiting<C>,
    /// How many the lane waits for.
    enough: usize,
    closed: bool,
}

impl<C> Door<C> {
    fn new(most: usize) -> Arc<Self> {
        let queue = Queue { waiting: Waiting::new(most), enough: 1, closed: false };
        Arc::new(Self { queue: Mutex::new(queue), is_enough: Notify::new() })
    }
    fn lock(&self) -> MutexGuard<'_, Queue<C>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Gives the command back when too many wait.
    fn enter(&self, tenant: TenantId, command: C) -> Result<(), C> {
        let mut queue = self.lock();
        if queue.waiting.count >= QUEUE {
            return Err(command);
        }
        queue.waiting.push(tenant, command);
        if queue.waiting.count == queue.enough {
            self.is_enough.notify_one();
        }
        Ok(())
    }
    fn close(&self) {
        self.lock().closed = true;
        self.is_enough.notify_one();
    }
}

impl<B: Batcher> GroupCommit<B> {
    /// Starts `lanes` lanes; they end when this value is dropped and their queues are empty. Called inside the runtime that submits.
    ///
    /// They have a thread and a runtime of their own: among hundreds of requests a lane would be polled late, and a commit that nobody looks
    /// at holds up everyone behind it.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(batcher: B, lanes: usize, grouping: Grouping) -> Result<Self, Fault> {
        let most = if grouping == Grouping::Alone { 1 } else { MAX_COMMANDS };
        let batcher = Arc::new(batcher);
        let lanes: Vec<_> = (0..lanes.max(1)).map(|_| Door::new(most)).collect();
        let callers = Handle::current();
        let run: Vec<_> = lanes
            .iter()
            .map(|door| {
                let (batcher, door, callers) = (batcher.clone(), door.clone(), callers.clone());
                Lane { batcher, door, callers, ahead: B::Ahead::default(), under_way: None }
            })
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
        if let Err(command) = self.lanes[lane].enter(tenant, command) {
            gauges::lane_full();
            self.batcher.answer(command, Err(Fault::Overloaded));
        }
    }
    /// How many commands wait in each lane.
    pub fn waiting(&self) -> Vec<usize> {
        self.lanes.iter().map(|door| door.lock().waiting.count).collect()
    }
}

impl<B: Batcher> Drop for GroupCommit<B> {
    fn drop(&mut self) {
        self.lanes.iter().for_each(|door| door.close());
    }
}

/// Commands that wait, a queue a tenant, and whose turn it is.
struct Waiting<C> {
    queues: HashMap<TenantId, VecDeque<C>>,
    turns: VecDeque<TenantId>,
    count: usize,
    /// Commands in a batch.
    most: usize,
}

impl<C> Waiting<C> {
    fn new(most: usize) -> Self {
        Self { queues: HashMap::new(), turns: VecDeque::new(), count: 0, most }
    }
    fn push(&mut self, tenant: TenantId, command: C) {
        let queue = self.queues.entry(tenant).or_default();
        if queue.is_empty() {
            self.turns.push_back(tenant);
        }
        queue.push_back(command);
        self.count += 1;
    }
    /// The next tenant's oldest commands, as many as fit a batch. A tenant with more waits for its next turn.
    fn next_batch(&mut self, weight: impl Fn(&C) -> usize) -> Option<(TenantId, Vec<C>)> {
        let tenant = self.turns.pop_front()?;
        let queue = self.queues.get_mut(&tenant)?;
        let (mut batch, mut total) = (Vec::new(), 0);
        while let Some(command) = queue.front() {
            total += weight(command);
            if !batch.is_empty() && (total > MAX_WEIGHT || batch.len() == self.most) {
                break;
            }
            batch.extend(queue.pop_front());
        }
        if queue.is_empty() {
            self.queues.remove(&tenant);
        } else {
            self.turns.push_back(tenant);
        }
        self.count -= batch.len();
        Some((tenant, batch))
    }
}

/// Answers a batch from within the callers' runtime, which is woken once instead of once a caller.
fn answer<B: Batcher>(callers: &Handle, batcher: &Arc<B>, batch: Vec<B::Command>) {
    let batcher = batcher.clone();
    callers.spawn(async move { batch.into_iter().for_each(|command| batcher.answer(command, Ok(()))) });
}

struct Lane<B: Batcher> {
    batcher: Arc<B>,
    door: Arc<Door<B::Command>>,
    /// The runtime of those who wait for answers.
    callers: Handle,
    ahead: B::Ahead,
    under_way: Option<UnderWay<B>>,
}

/// A batch that is being written. Its task answers its commands, or gives them back when they must be done again.
struct UnderWay<B: Batcher> {
    tenant: TenantId,
    commands: usize,
    task: JoinHandle<Result<(), Vec<B::Command>>>,
}

impl<B: Batcher> Lane<B> {
    async fn run(mut self) {
        while self.gather().await {
            let Some((tenant, mut batch)) = self.door.lock().waiting.next_batch(B::weight) else { continue };
            let planned = AssertUnwindSafe(self.batcher.plan(&mut self.ahead, tenant, &mut batch)).catch_unwind().await;
            let planned = planned.unwrap_or_else(|_| Err(Fault::Broken("a command panicked".to_owned())));
            // What was planned holds only if what went before it is written.
            let holds = self.settle().await;
            match planned {
                Ok(Planned::Write(plan)) if holds => self.under_way = Some(self.start(tenant, batch, plan)),
                Ok(Planned::Nothing) if holds => answer(&self.callers, &self.batcher, batch),
                _ => {
                    B::forget(&mut self.ahead, tenant);
                    self.commit(tenant, batch).await;
                }
            }
        }
    }

    /// Waits until there is a batch worth planning; false when nobody can submit any more and all is done. While a batch is under way, the
    /// next one waits for as many commands or for its end, so that a few early ones do not go alone.
    async fn gather(&mut self) -> bool {
        loop {
            {
                let mut queue = self.door.lock();
                let enough = self.under_way.as_ref().map_or(1, |batch| batch.commands);
                if queue.waiting.count >= enough {
                    return true;
                }
                if queue.closed && self.under_way.is_none() {
                    return queue.waiting.count > 0;
                }
                queue.enough = enough;
            }
            let Some(under_way) = &mut self.under_way else {
                self.door.is_enough.notified().await;
                continue;
            };
            tokio::select! {
                biased;
                given_back = &mut under_way.task => {
                    let tenant = under_way.tenant;
                    self.under_way = None;
                    self.settled(tenant, given_back).await;
                }
                () = self.door.is_enough.notified() => {}
            }
        }
    }

    fn start(&self, tenant: TenantId, batch: Vec<B::Command>, plan: Box<Prepared>) -> UnderWay<B> {
        let (batcher, callers, commands) = (self.batcher.clone(), self.callers.clone(), batch.len());
        let task = tokio::spawn(async move {
            let began = Instant::now();
            match batcher.write(tenant, *plan).await {
                Ok(Written::Done) => {
                    gauges::batch(Way::Planned, commands, began.elapsed());
                    answer(&callers, &batcher, batch);
                    Ok(())
                }
                Ok(Written::Overtaken) => {
                    gauges::batch_overtaken();
                    Err(batch)
                }
                Err(fault) => {
                    tracing::debug!(error = %fault, commands = batch.len(), "a planned batch was not written, running its commands with locks");
                    Err(batch)
                }
            }
        });
        UnderWay { tenant, commands, task }
    }

    /// Waits for what is under way; false when it was not written and had to be done again.
    async fn settle(&mut self) -> bool {
        let Some(UnderWay { tenant, task, .. }) = self.under_way.take() else { return true };
        let given_back = task.await;
        self.settled(tenant, given_back).await
    }

    async fn settled(
        &mut self,
        tenant: TenantId,
        given_back: Result<Result<(), Vec<B::Command>>, tokio::task::JoinError>,
    ) -> bool {
        match given_back {
            Ok(Ok(())) => true,
            Ok(Err(batch)) => {
                B::forget(&mut self.ahead, tenant);
                self.commit(tenant, batch).await;
                false
            }
            // It panicked: those who waited have been told by the loss of their channel.
            Err(_) => {
                B::forget(&mut self.ahead, tenant);
                false
            }
        }
    }

    /// Runs a batch; if its transaction fails, its commands one by one, so that a poisoned one fails alone.
    async fn commit(&self, tenant: TenantId, mut batch: Vec<B::Command>) {
        match self.guarded(tenant, &mut batch).await {
            Ok(()) => answer(&self.callers, &self.batcher, batch),
            Err(fault) => {
                tracing::debug!(error = %fault, commands = batch.len(), "batch failed, running its commands alone");
                for command in batch {
                    self.commit_alone(tenant, command).await;
                }
            }
        }
    }

    async fn commit_alone(&self, tenant: TenantId, command: B::Command) {
        let mut one = [command];
        let mut outcome = Ok(());
        for attempt in 0..ATTEMPTS {
            outcome = self.guarded(tenant, &mut one).await;
            match &outcome {
                // A unique key that another process took first: the next look finds what it wrote.
                Err(fault) if fault.is_transient() || fault.unique_violation().is_some() => {
                    crate::clock::sleep(Duration::from_millis(5 << attempt)).await;
                }
                _ => break,
            }
        }
        let [command] = one;
        self.batcher.answer(command, outcome);
    }

    /// A panic in a rule must not take the lane with it.
    async fn guarded(&self, tenant: TenantId, batch: &mut [B::Command]) -> Result<(), Fault> {
        let (began, commands) = (Instant::now(), batch.len());
        let outcome = AssertUnwindSafe(self.batcher.run(tenant, batch)).catch_unwind().await;
        outcome
            .unwrap_or_else(|_| Err(Fault::Broken("a command panicked".to_owned())))
            .inspect(|()| gauges::batch(Way::Locked, commands, began.elapsed()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_take_turns_and_batches_have_limits() {
        let tenant = |n: u128| TenantId::from_uuid(uuid::Uuid::from_u128(n));
        let mut waiting = Waiting::new(MAX_COMMANDS);
        (0..=MAX_COMMANDS).for_each(|i| waiting.push(tenant(1), i));
        waiting.push(tenant(2), 9_999);
        let mut next = || waiting.next_batch(|_| 1).map(|(t, batch)| (t, batch.len()));
        assert_eq!(next(), Some((tenant(1), MAX_COMMANDS)));
        assert_eq!(next(), Some((tenant(2), 1)));
        assert_eq!(next(), Some((tenant(1), 1)));
        assert_eq!(next(), None);
    }

    #[test]
    fn a_heavy_command_runs_even_if_it_alone_is_over_the_limit() {
        let tenant = TenantId::from_uuid(uuid::Uuid::from_u128(1));
        let mut waiting = Waiting::new(MAX_COMMANDS);
        [MAX_WEIGHT + 1, 1].into_iter().for_each(|w| waiting.push(tenant, w));
        assert_eq!(waiting.next_batch(|w| *w).map(|b| b.1), Some(vec![MAX_WEIGHT + 1]));
    }
}
