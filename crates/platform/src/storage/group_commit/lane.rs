//! One lane: plans batches, writes them, and sets long transactions aside.

use std::{
    collections::{HashMap, HashSet},
    panic::AssertUnwindSafe,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use entity::prelude::TenantId;
use futures_util::FutureExt;
use tokio::{
    runtime::Handle,
    task::{JoinError, JoinSet},
    time::Instant,
};

use super::{
    batch::{Batch, Batcher, Plan},
    in_flight::{InFlightBatches, RemainingWork, UnwrittenBatch, wait_for_end},
    limits::{MAX_TENANTS_ASIDE, SHARED_WEIGHT},
    locked::LockedRunner,
    progress::Progress,
    queue::LaneQueue,
    waiting::NextBatches,
};
use crate::{
    metrics::{self, WritePath},
    storage::{Fault, PreparedRows},
};

pub(super) struct Lane<B: Batcher> {
    lane_queue: Arc<LaneQueue<B::Command>>,
    locked: LockedRunner<B>,
    speculative: B::Speculative,
    under_way: Option<InFlightBatches<B>>,
    /// Tenants whose batch is planned again because the end of a chain had moved. If it has moved
    /// again, the batch is run with locks.
    replanned: HashSet<TenantId>,
    /// Longest wait for a transaction; `None`: no limit.
    patience: Option<Duration>,
    /// Transactions that the lane does not wait for. Each returns its tenants when it ends.
    aside: JoinSet<Vec<TenantId>>,
    progress: Progress,
}

impl<B: Batcher> Lane<B> {
    pub(super) fn new(
        batcher: Arc<B>,
        queue: Arc<LaneQueue<B::Command>>,
        callers: Handle,
        patience: Option<Duration>,
        progress: Progress,
    ) -> Self {
        let locked = LockedRunner { batcher, callers };
        Self {
            lane_queue: queue,
            locked,
            speculative: B::Speculative::default(),
            under_way: None,
            replanned: HashSet::new(),
            patience,
            aside: JoinSet::new(),
            progress,
        }
    }

    pub(super) async fn run(mut self) {
        while self.collect_commands().await {
            while let Some(freed_tenants) = self.aside.try_join_next() {
                self.readmit_tenants(freed_tenants);
            }
            // If nothing runs beside the lane, one heavy batch follows each transaction that
            // tenants share.
            let room_aside = if self.patience.is_some() { MAX_TENANTS_ASIDE.saturating_sub(self.aside.len()) } else { 1 };
            let NextBatches { shared: mut batches, heavy } = self.lane_queue.lock().waiting.next_batches(B::weight, room_aside);
            if batches.is_empty() && heavy.is_empty() {
                continue;
            }
            self.progress.set(Some(Instant::now()));
            let planning = self.locked.batcher.plan(&mut self.speculative, &mut batches);
            let plan = AssertUnwindSafe(planning).catch_unwind().await;
            let plan =
                plan.unwrap_or_else(|_| Plan { fault: Some(Fault::Broken("a command panicked".to_owned())), ..Plan::default() });
            if let Some(fault) = &plan.fault {
                metrics::count_unplanned_batch();
                warn_unplanned(fault);
            }
            // The plan of a tenant holds only if the transaction before it is written.
            let remaining_work = self.settle().await;
            // Heavy batches are not planned but run with locks. Other batches that need locks may
            // have to wait for room beside the lane, so they come after.
            let place = if self.patience.is_some() { 0 } else { batches.len() };
            drop(batches.splice(place..place, heavy));
            self.execute_plan(plan, batches, remaining_work).await;
        }
    }

    /// Writes the planned batches that are still valid, and runs the others with locks.
    async fn execute_plan(&mut self, mut plan: Plan, batches: Vec<Batch<B::Command>>, remaining_work: RemainingWork<B::Command>) {
        let RemainingWork { void, mut again } = remaining_work;
        let (mut planned_batches, mut locked_batches) = (Vec::new(), Vec::new());
        for batch in batches {
            let tenant = batch.tenant;
            let is_valid = !void.contains(&tenant);
            if !is_valid && let Some(write) = &mut plan.write {
                write.leave_out(tenant);
            }
            let is_aside = self.lane_queue.lock().waiting.is_aside(tenant);
            match () {
                // An earlier batch of the tenant is planned again: these commands follow it.
                () if let Some(first) = again.get_mut(&tenant) => first.commands.extend(batch.commands),
                () if is_aside => self.lane_queue.lock().waiting.return_aside_batch(batch),
                () if is_valid && plan.written.contains(&tenant) => planned_batches.push(batch),
                () if is_valid && plan.unchanged.contains(&tenant) => {
                    self.replanned.remove(&tenant);
                    self.locked.answer(batch.commands);
                }
                () => locked_batches.push(batch),
            }
        }
        if let Some(write) = plan.write
            && !planned_batches.is_empty()
        {
            self.write(planned_batches, write);
        }
        self.requeue_front(again);
        for batch in locked_batches {
            // The lane does not wait for room for a heavy command.
            if self.patience.is_some() && !self.can_detach() && self.lane_queue.lock().waiting.has_heavy(batch.tenant) {
                self.lane_queue.lock().waiting.requeue_front(batch);
            } else {
                self.run_with_locks(batch).await;
            }
        }
    }

    fn write(&mut self, batches: Vec<Batch<B::Command>>, write: Box<PreparedRows>) {
        let weight: usize = batches.iter().flat_map(|batch| &batch.commands).map(B::weight).sum();
        let in_flight = self.start(batches, write);
        let has_others_waiting = |tenants: &[TenantId]| self.lane_queue.lock().waiting.has_others(tenants);
        if weight > SHARED_WEIGHT && self.can_detach() && has_others_waiting(&in_flight.tenants) {
            // A transaction with so many lines takes long, so the other tenants do not wait for it.
            self.set_aside(in_flight);
            return;
        }
        self.lane_queue.lock().under_way = in_flight.commands;
        self.under_way = Some(in_flight);
    }

    /// Waits until there are enough commands to plan; false if no more can be submitted and all are
    /// done. While a transaction is under way, the next one waits for as many commands or for its
    /// end, so that a few early commands do not go alone, and no longer than until the transaction
    /// is set aside.
    async fn collect_commands(&mut self) -> bool {
        self.progress.set(None);
        loop {
            {
                let mut queue = self.lane_queue.lock();
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
                unwritten = wait_for_end(&mut self.under_way) => {
                    if let Some(InFlightBatches { tenants, commands, since, .. }) = self.under_way.take() {
                        let remaining_work = self.settle_batches(tenants, (commands, since), unwritten).await;
                        self.requeue_front(remaining_work.again);
                    }
                }
                Some(freed_tenants) = self.aside.join_next() => self.readmit_tenants(freed_tenants),
                () = self.lane_queue.is_enough.notified() => {}
                () = wait_timeout(self.patience), if self.under_way.is_some() => {
                    // The transaction under way takes long: the commands that came meanwhile no
                    // longer wait for others to join them.
                    if self.lane_queue.lock().waiting.ready > 0 {
                        return true;
                    }
                }
            }
        }
    }

    fn start(&self, mut batches: Vec<Batch<B::Command>>, write: Box<PreparedRows>) -> InFlightBatches<B> {
        let tenants = batches.iter().map(|batch| batch.tenant).collect();
        let commands = batches.iter().map(|batch| batch.commands.len()).sum();
        let locked = self.locked.clone();
        let since = Instant::now();
        let span = LockedRunner::<B>::span(WritePath::Planned, batches.iter_mut().flat_map(|batch| &mut batch.commands));
        let task = tokio::spawn(async move {
            let outcome = span.run_within(locked.batcher.write(*write)).await;
            let trace_id = span.recorded_trace();
            span.end(outcome.is_err());
            match outcome {
                Ok(outcome) => {
                    let (mut unwritten, mut written_commands) = (Vec::new(), Vec::new());
                    for batch in batches {
                        let can_replan = outcome.chain_moved.contains(&batch.tenant);
                        if can_replan || outcome.overtaken.contains(&batch.tenant) {
                            metrics::count_overtaken_batch();
                            unwritten.push(UnwrittenBatch { batch, can_replan });
                        } else {
                            written_commands.extend(batch.commands);
                        }
                    }
                    if !written_commands.is_empty() {
                        metrics::batch(WritePath::Planned, written_commands.len(), since.elapsed(), trace_id);
                        locked.answer(written_commands);
                    }
                    unwritten
                }
                Err(fault) => {
                    if fault.unique_violation().is_none() {
                        metrics::count_unplanned_batch();
                        warn_unplanned(&fault);
                    }
                    tracing::debug!(error = %fault, commands, "a planned batch was not written: its commands are run with locks");
                    batches.into_iter().map(|batch| UnwrittenBatch { batch, can_replan: false }).collect()
                }
            }
        });
        InFlightBatches { tenants, commands, since, task }
    }

    /// Runs a batch with locks, beside the lane if the lane has a patience; drops the tenant's
    /// speculative state, which is void afterwards.
    async fn run_with_locks(&mut self, batch: Batch<B::Command>) {
        let tenant = batch.tenant;
        self.forget(tenant);
        let locked = self.locked.clone();
        let Some(patience) = self.patience else {
            // A separate task survives when the lane is dropped. `commit` catches panics, so the
            // task does not panic.
            let _ = tokio::spawn(async move { locked.commit(batch).await }).await;
            return;
        };
        // Without reserved room, heavy commands would wait for as long as other batches need locks.
        let reserved = usize::from(self.lane_queue.lock().waiting.keeps_room);
        while self.aside.len() + reserved >= MAX_TENANTS_ASIDE {
            if let Some(freed_tenants) = self.aside.join_next().await {
                self.readmit_tenants(freed_tenants);
            }
        }
        self.lane_queue.lock().waiting.set_aside(tenant);
        self.run_detached(vec![tenant], async move {
            let mut running = pin!(locked.commit(batch));
            if tokio::time::timeout(patience, &mut running).await.is_err() {
                metrics::count_tenant_set_aside();
                running.await;
            }
        });
    }

    /// Continues a transaction beside the lane. Its tenants return to the lane when it ends, even
    /// by a panic.
    fn run_detached(&mut self, tenants: Vec<TenantId>, running: impl Future<Output = ()> + Send + 'static) {
        self.aside.spawn(async move {
            drop(AssertUnwindSafe(running).catch_unwind().await);
            tenants
        });
    }

    /// Waits for the transaction under way, and sets it aside if it takes long.
    async fn settle(&mut self) -> RemainingWork<B::Command> {
        let Some(InFlightBatches { tenants, commands, since, mut task }) = self.under_way.take() else {
            return RemainingWork::default();
        };
        let deadline = self.patience.map(|patience| Instant::now() + patience);
        loop {
            let has_room = self.can_detach();
            tokio::select! {
                biased;
                unwritten = &mut task => return self.settle_batches(tenants, (commands, since), unwritten).await,
                Some(freed_tenants) = self.aside.join_next() => self.readmit_tenants(freed_tenants),
                () = at(deadline), if has_room => {
                    metrics::count_tenant_set_aside();
                    tracing::debug!(tenants = tenants.len(), "a transaction takes long: the lane continues with other tenants");
                    let void = tenants.iter().copied().collect();
                    self.set_aside(InFlightBatches { tenants, commands, since, task });
                    return RemainingWork { void, ..RemainingWork::default() };
                }
            }
        }
    }

    async fn settle_batches(
        &mut self,
        tenants: Vec<TenantId>,
        (commands, since): (usize, Instant),
        unwritten: Result<Vec<UnwrittenBatch<B::Command>>, JoinError>,
    ) -> RemainingWork<B::Command> {
        {
            let mut queue = self.lane_queue.lock();
            queue.under_way = 0;
            queue.waiting.record_duration(commands, since.elapsed());
        }
        let Ok(unwritten) = unwritten else {
            // The task panicked: its callers' channels are closed, which tells them.
            tenants.iter().for_each(|tenant| self.forget(*tenant));
            return RemainingWork { void: tenants.into_iter().collect(), ..RemainingWork::default() };
        };
        let mut remaining_work = RemainingWork {
            void: unwritten.iter().map(|unwritten_batch| unwritten_batch.batch.tenant).collect(),
            ..RemainingWork::default()
        };
        self.replanned.retain(|tenant| remaining_work.void.contains(tenant) || !tenants.contains(tenant));
        for UnwrittenBatch { batch, can_replan } in unwritten {
            if can_replan && self.replanned.insert(batch.tenant) {
                B::forget(&mut self.speculative, batch.tenant);
                remaining_work.again.insert(batch.tenant, batch);
            } else {
                self.run_with_locks(batch).await;
            }
        }
        remaining_work
    }

    /// Returns batches to be planned again, before the other waiting commands of their tenants.
    fn requeue_front(&self, batches: HashMap<TenantId, Batch<B::Command>>) {
        let mut queue = self.lane_queue.lock();
        batches.into_values().for_each(|batch| queue.waiting.requeue_front(batch));
    }

    /// Drops the speculative state of a tenant, which is no longer valid.
    fn forget(&mut self, tenant: TenantId) {
        self.replanned.remove(&tenant);
        B::forget(&mut self.speculative, tenant);
    }

    fn can_detach(&self) -> bool {
        self.patience.is_some() && self.aside.len() < MAX_TENANTS_ASIDE
    }

    fn set_aside(&mut self, batches: InFlightBatches<B>) {
        let InFlightBatches { tenants, task, .. } = batches;
        {
            let mut queue = self.lane_queue.lock();
            queue.under_way = 0;
            tenants.iter().for_each(|tenant| queue.waiting.set_aside(*tenant));
        }
        tenants.iter().for_each(|tenant| self.forget(*tenant));
        let locked = self.locked.clone();
        self.run_detached(tenants, async move {
            for unwritten in task.await.unwrap_or_default() {
                locked.commit(unwritten.batch).await;
            }
        });
    }

    fn readmit_tenants(&mut self, freed_tenants: Result<Vec<TenantId>, JoinError>) {
        // The task catches panics of the code it awaits, so it does not panic itself.
        for tenant in freed_tenants.unwrap_or_default() {
            B::forget(&mut self.speculative, tenant);
            self.lane_queue.lock().waiting.readmit_tenants(tenant);
        }
    }
}

/// Warns, once a minute at most, that a plan failed and batches run with locks, which only costs
/// time.
fn warn_unplanned(fault: &Fault) {
    const WARNING_INTERVAL: Duration = Duration::from_mins(1);
    static LAST_WARNING: Mutex<Option<Instant>> = Mutex::new(None);
    let mut last_warning = LAST_WARNING.lock().unwrap_or_else(PoisonError::into_inner);
    if last_warning.is_none_or(|at| at.elapsed() >= WARNING_INTERVAL) {
        *last_warning = Some(Instant::now());
        tracing::warn!(error = %fault, "a batch of the ledger could not be planned ahead or written as planned: it takes the slower way, with locks");
    }
}

async fn wait_timeout(patience: Option<Duration>) {
    match patience {
        Some(patience) => crate::clock::sleep(patience).await,
        None => std::future::pending().await,
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
