//! Many commands, one transaction, one answer each. Knows no room: what a command needs, decides and writes is the `Batcher`'s business.
//!
//! A tenant's commands queue in its lane. A lane takes whatever has queued for one tenant while its last transaction ran, so a busy
//! lane commits in groups and a lone client waits for nothing.

use std::{
    collections::{HashMap, VecDeque},
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use entity::prelude::TenantId;
use futures_util::FutureExt;
use tokio::sync::mpsc;

use super::Fault;

/// What runs a batch.
#[async_trait]
pub trait Batcher: Send + Sync + 'static {
    type Command: Send + Sync + 'static;
    /// How much of a batch the command takes: its lines.
    fn weight(command: &Self::Command) -> usize;
    /// Runs the commands as one transaction of the tenant and leaves each one's result in it. An error means that nothing was committed,
    /// or that it is not known whether it was; the commands will be run again, alone, and find their keys.
    async fn run(&self, tenant: TenantId, commands: &mut [Self::Command]) -> Result<(), Fault>;
    /// Hands the result to whoever waits for it.
    fn answer(&self, command: Self::Command, outcome: Result<(), Fault>);
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
    lanes: Vec<mpsc::Sender<(TenantId, B::Command)>>,
}

impl<B: Batcher> GroupCommit<B> {
    /// Starts `lanes` lanes; they end when this value is dropped and their queues are empty.
    pub fn start(batcher: B, lanes: usize, grouping: Grouping) -> Self {
        let most = if grouping == Grouping::Alone { 1 } else { MAX_COMMANDS };
        let batcher = Arc::new(batcher);
        let lanes = (0..lanes.max(1))
            .map(|_| {
                let (sender, receiver) = mpsc::channel(QUEUE);
                tokio::spawn(Lane { batcher: batcher.clone(), receiver, waiting: Waiting::new(most) }.run());
                sender
            })
            .collect();
        Self { batcher, lanes }
    }

    /// Queues a command; it is answered through `Batcher::answer`, at once when the queue is full.
    pub fn submit(&self, tenant: TenantId, command: B::Command) {
        let lane = (tenant.uuid().as_u128() % self.lanes.len() as u128) as usize;
        if let Err(err) = self.lanes[lane].try_send((tenant, command)) {
            let (fault, (_, command)) = match err {
                mpsc::error::TrySendError::Full(back) => (Fault::Overloaded, back),
                mpsc::error::TrySendError::Closed(back) => (Fault::ShuttingDown, back),
            };
            self.batcher.answer(command, Err(fault));
        }
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

struct Lane<B: Batcher> {
    batcher: Arc<B>,
    receiver: mpsc::Receiver<(TenantId, B::Command)>,
    waiting: Waiting<B::Command>,
}

impl<B: Batcher> Lane<B> {
    async fn run(mut self) {
        loop {
            if self.waiting.count == 0 {
                match self.receiver.recv().await {
                    Some((tenant, command)) => self.waiting.push(tenant, command),
                    None => return,
                }
            }
            while self.waiting.count < QUEUE {
                match self.receiver.try_recv() {
                    Ok((tenant, command)) => self.waiting.push(tenant, command),
                    Err(_) => break,
                }
            }
            if let Some((tenant, batch)) = self.waiting.next_batch(B::weight) {
                self.commit(tenant, batch).await;
            }
        }
    }

    /// Runs a batch; if its transaction fails, its commands one by one, so that a poisoned one fails alone.
    async fn commit(&self, tenant: TenantId, mut batch: Vec<B::Command>) {
        match self.guarded(tenant, &mut batch).await {
            Ok(()) => batch.into_iter().for_each(|command| self.batcher.answer(command, Ok(()))),
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
        match AssertUnwindSafe(self.batcher.run(tenant, batch)).catch_unwind().await {
            Ok(outcome) => outcome,
            Err(_) => Err(Fault::Broken("a command panicked".to_owned())),
        }
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
