//! One lane: plans batches, writes them, and sets aside what takes long.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use entity::prelude::TenantId;
use futures_util::FutureExt;
use tokio::{
    runtime::Handle,
    task::{JoinError, JoinHandle, JoinSet},
    time::Instant,
};

use super::{ASIDE, ATTEMPTS, Batcher, Planned, queue::Door};
use crate::{
    metrics::{self, Way},
    storage::{Fault, Prepared, Written},
};

/// Since when a lane has been at what it is doing now.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress(Arc<Mutex<Option<Instant>>>);

impl Progress {
    fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
    pub(super) fn stalled(&self) -> Duration {
        let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

pub(super) struct Lane<B: Batcher> {
    door: Arc<Door<B::Command>>,
    locked: Locked<B>,
    speculative: B::Speculative,
    under_way: Option<UnderWay<B>>,
    /// How long a batch is waited for; None for as long as it takes.
    patience: Option<Duration>,
    /// Batches that take long. Each says its tenant when it is over.
    aside: JoinSet<TenantId>,
    progress: Progress,
}

/// A batch that is being written. Its task answers its commands, or gives them back when they must be done again.
struct UnderWay<B: Batcher> {
    tenant: TenantId,
    commands: usize,
    task: JoinHandle<Result<(), Vec<B::Command>>>,
}

/// What has become of the batch that was under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settled {
    /// There was none, or it was written as it was planned.
    Written,
    /// It was done again with locks: what was planned after it is void.
    Anew,
    /// It takes long, and goes on by itself.
    Aside(TenantId),
}

impl<B: Batcher> Lane<B> {
    pub(super) fn new(
        batcher: Arc<B>,
        door: Arc<Door<B::Command>>,
        callers: Handle,
        patience: Option<Duration>,
        progress: Progress,
    ) -> Self {
        let locked = Locked { batcher, callers };
        Self { door, locked, speculative: B::Speculative::default(), under_way: None, patience, aside: JoinSet::new(), progress }
    }

    pub(super) async fn run(mut self) {
        while self.gather().await {
            let Some((tenant, mut batch)) = self.door.lock().waiting.next_batch(B::weight) else { continue };
            self.progress.set(Some(Instant::now()));
            let planning = self.locked.batcher.plan(&mut self.speculative, tenant, &mut batch);
            let planned = AssertUnwindSafe(planning).catch_unwind().await;
            let planned = planned.unwrap_or_else(|_| Err(Fault::Broken("a command panicked".to_owned())));
            // What was planned holds only if what went before it is written.
            let holds = match self.settle().await {
                Settled::Written => true,
                Settled::Anew => false,
                Settled::Aside(other) if other == tenant => {
                    self.door.lock().waiting.give_back(tenant, batch);
                    continue;
                }
                // Another tenant's rows have no part in it.
                Settled::Aside(_) => true,
            };
            match planned {
                Ok(Planned::Write(plan)) if holds => self.under_way = Some(self.start(tenant, batch, plan)),
                Ok(Planned::Nothing) if holds => self.locked.answer(batch),
                planned => {
                    if let Err(fault) = planned {
                        metrics::batch_unplanned();
                        tell_unplanned(&fault);
                    }
                    self.do_anew(tenant, batch);
                    self.settle().await;
                }
            }
        }
    }

    /// Waits until there is a batch worth planning; false when nobody can submit any more and all is done. While a batch is under way, the
    /// next one waits for as many commands or for its end, so that a few early ones do not go alone, and no longer than for a batch that is set aside.
    async fn gather(&mut self) -> bool {
        self.progress.set(None);
        loop {
            {
                let mut queue = self.door.lock();
                let enough = self.under_way.as_ref().map_or(1, |batch| batch.commands);
                if queue.waiting.ready >= enough {
                    return true;
                }
                if queue.closed && self.under_way.is_none() && self.aside.is_empty() {
                    return queue.waiting.ready > 0;
                }
                queue.enough = enough;
            }
            tokio::select! {
                biased;
                given_back = over(&mut self.under_way) => {
                    if let Some(UnderWay { tenant, .. }) = self.under_way.take() {
                        self.settled(tenant, given_back).await;
                    }
                }
                Some(freed) = self.aside.join_next() => self.let_in(freed),
                () = self.door.is_enough.notified() => {}
                () = waited(self.patience), if self.under_way.is_some() => {
                    // What is under way takes long: who has come meanwhile does not wait for company any more.
                    if self.door.lock().waiting.ready > 0 {
                        return true;
                    }
                }
            }
        }
    }

    fn start(&self, tenant: TenantId, batch: Vec<B::Command>, plan: Box<Prepared>) -> UnderWay<B> {
        let (locked, commands) = (self.locked.clone(), batch.len());
        let task = tokio::spawn(async move {
            let began = Instant::now();
            match locked.batcher.write(tenant, *plan).await {
                Ok(Written::Done) => {
                    metrics::batch(Way::Planned, commands, began.elapsed());
                    locked.answer(batch);
                    Ok(())
                }
                Ok(Written::Overtaken) => {
                    metrics::batch_overtaken();
                    Err(batch)
                }
                Err(fault) => {
                    if fault.unique_violation().is_none() {
                        metrics::batch_unplanned();
                        tell_unplanned(&fault);
                    }
                    tracing::debug!(error = %fault, commands = batch.len(), "a planned batch was not written, running its commands with locks");
                    Err(batch)
                }
            }
        });
        UnderWay { tenant, commands, task }
    }

    /// Has the commands run with locks; nothing that was known of the tenant holds after that.
    fn do_anew(&mut self, tenant: TenantId, batch: Vec<B::Command>) {
        B::forget(&mut self.speculative, tenant);
        let (locked, commands) = (self.locked.clone(), batch.len());
        let task = tokio::spawn(async move {
            locked.commit(tenant, batch).await;
            Ok(())
        });
        self.under_way = Some(UnderWay { tenant, commands, task });
    }

    /// Waits for what is under way, and sets it aside when that takes long.
    async fn settle(&mut self) -> Settled {
        let Some(UnderWay { tenant, commands, mut task }) = self.under_way.take() else { return Settled::Written };
        let until = self.patience.map(|patience| Instant::now() + patience);
        loop {
            let has_room = self.aside.len() < ASIDE;
            tokio::select! {
                biased;
                given_back = &mut task => return self.settled(tenant, given_back).await,
                Some(freed) = self.aside.join_next() => self.let_in(freed),
                () = at(until), if has_room => {
                    self.set_aside(UnderWay { tenant, commands, task });
                    return Settled::Aside(tenant);
                }
            }
        }
    }

    async fn settled(&mut self, tenant: TenantId, given_back: Result<Result<(), Vec<B::Command>>, JoinError>) -> Settled {
        match given_back {
            Ok(Ok(())) => Settled::Written,
            Ok(Err(batch)) => {
                self.do_anew(tenant, batch);
                match Box::pin(self.settle()).await {
                    Settled::Aside(tenant) => Settled::Aside(tenant),
                    Settled::Written | Settled::Anew => Settled::Anew,
                }
            }
            // It panicked: those who waited have been told by the loss of their channel.
            Err(_) => {
                B::forget(&mut self.speculative, tenant);
                Settled::Anew
            }
        }
    }

    fn set_aside(&mut self, batch: UnderWay<B>) {
        let UnderWay { tenant, task, .. } = batch;
        metrics::tenant_set_aside();
        tracing::debug!(%tenant, "its batch takes long: the lane goes on without it");
        B::forget(&mut self.speculative, tenant);
        self.door.lock().waiting.set_aside(tenant);
        let locked = self.locked.clone();
        self.aside.spawn(async move {
            if let Ok(Err(batch)) = task.await {
                locked.commit(tenant, batch).await;
            }
            tenant
        });
    }

    fn let_in(&mut self, freed: Result<TenantId, JoinError>) {
        // What is awaited there is caught there: it does not panic.
        if let Ok(tenant) = freed {
            B::forget(&mut self.speculative, tenant);
            self.door.lock().waiting.let_in(tenant);
        }
    }
}

/// Warns that the planned way is not taken, which costs time and nothing else: once a minute at most.
fn tell_unplanned(fault: &Fault) {
    const AGAIN: Duration = Duration::from_mins(1);
    static TOLD: Mutex<Option<Instant>> = Mutex::new(None);
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    if told.is_none_or(|at| at.elapsed() >= AGAIN) {
        *told = Some(Instant::now());
        tracing::warn!(error = %fault, "a batch of the ledger could not be planned ahead or written as planned: it takes the slower way, with locks");
    }
}

/// The end of what is under way; never, where nothing is.
async fn over<B: Batcher>(under_way: &mut Option<UnderWay<B>>) -> Result<Result<(), Vec<B::Command>>, JoinError> {
    match under_way {
        Some(batch) => (&mut batch.task).await,
        None => std::future::pending().await,
    }
}

async fn waited(patience: Option<Duration>) {
    match patience {
        Some(patience) => crate::clock::sleep(patience).await,
        None => std::future::pending().await,
    }
}

async fn at(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}

/// Runs batches with locks.
struct Locked<B: Batcher> {
    batcher: Arc<B>,
    /// The runtime of those who wait for answers.
    callers: Handle,
}

impl<B: Batcher> Clone for Locked<B> {
    fn clone(&self) -> Self {
        Self { batcher: self.batcher.clone(), callers: self.callers.clone() }
    }
}

impl<B: Batcher> Locked<B> {
    /// Answers a batch from within the callers' runtime, which is woken once instead of once a caller.
    fn answer(&self, batch: Vec<B::Command>) {
        let batcher = self.batcher.clone();
        self.callers.spawn(async move { batch.into_iter().for_each(|command| batcher.answer(command, Ok(()))) });
    }

    /// Runs a batch; if its transaction fails, its commands one by one, so that a poisoned one fails alone. Where no connection is to be had none
    /// of them is: each would wait as long.
    async fn commit(&self, tenant: TenantId, mut batch: Vec<B::Command>) {
        match self.guarded(tenant, &mut batch).await {
            Ok(()) => self.answer(batch),
            Err(fault) if fault.is_away() => {
                batch.into_iter().for_each(|command| self.batcher.answer(command, Err(fault.clone())));
            }
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
                Err(fault) if fault.is_away() => break,
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
            .inspect(|()| metrics::batch(Way::Locked, commands, began.elapsed()))
    }
}
