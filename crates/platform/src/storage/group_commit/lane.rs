//! One lane: plans batches, writes them, and sets aside what takes long.

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
    ASIDE, Batch, Batcher, Plan, SHARED_WEIGHT,
    locked::Locked,
    progress::Progress,
    queue::Door,
    under_way::{Settled, UnderWay, Undone, over},
    waiting::Next,
};
use crate::{
    metrics::{self, Way},
    storage::{Fault, Prepared},
};

pub(super) struct Lane<B: Batcher> {
    door: Arc<Door<B::Command>>,
    locked: Locked<B>,
    speculative: B::Speculative,
    under_way: Option<UnderWay<B>>,
    /// Tenants whose batch is planned once more, on the end of a chain that had grown. If it has grown again, the batch is run with locks.
    replanned: HashSet<TenantId>,
    /// How long a transaction is waited for; None for as long as it takes.
    patience: Option<Duration>,
    /// Transactions that are not waited for. Each says its tenants when it is over.
    aside: JoinSet<Vec<TenantId>>,
    progress: Progress,
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
        Self {
            door,
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
        while self.gather().await {
            while let Some(freed) = self.aside.try_join_next() {
                self.let_in(freed);
            }
            // Where nothing runs beside the lane, one heavy batch comes after each transaction that tenants share.
            let room_aside = if self.patience.is_some() { ASIDE.saturating_sub(self.aside.len()) } else { 1 };
            let Next { shared: mut batches, heavy } = self.door.lock().waiting.next_batches(B::weight, room_aside);
            if batches.is_empty() && heavy.is_empty() {
                continue;
            }
            self.progress.set(Some(Instant::now()));
            let planning = self.locked.batcher.plan(&mut self.speculative, &mut batches);
            let plan = AssertUnwindSafe(planning).catch_unwind().await;
            let plan =
                plan.unwrap_or_else(|_| Plan { fault: Some(Fault::Broken("a command panicked".to_owned())), ..Plan::default() });
            if let Some(fault) = &plan.fault {
                metrics::batch_unplanned();
                tell_unplanned(fault);
            }
            // What was planned of a tenant holds only if what went before it is written.
            let settled = self.settle().await;
            // Of what is heavy nothing is planned: it is run with locks. What needs these may have to wait for room beside the lane: it comes after.
            let place = if self.patience.is_some() { 0 } else { batches.len() };
            drop(batches.splice(place..place, heavy));
            self.carry_out(plan, batches, settled).await;
        }
    }

    /// Writes what was planned and still holds, and has the rest run with locks.
    async fn carry_out(&mut self, mut plan: Plan, batches: Vec<Batch<B::Command>>, settled: Settled<B::Command>) {
        let Settled { void, mut again } = settled;
        let (mut written, mut anew) = (Vec::new(), Vec::new());
        for batch in batches {
            let tenant = batch.tenant;
            let holds = !void.contains(&tenant);
            if !holds && let Some(write) = &mut plan.write {
                write.leave_out(tenant);
            }
            let is_aside = self.door.lock().waiting.is_aside(tenant);
            match () {
                // Planned behind a batch that is planned once more: it comes after that.
                () if let Some(first) = again.get_mut(&tenant) => first.commands.extend(batch.commands),
                () if is_aside => self.door.lock().waiting.give_back(batch),
                () if holds && plan.written.contains(&tenant) => written.push(batch),
                () if holds && plan.unchanged.contains(&tenant) => {
                    self.replanned.remove(&tenant);
                    self.locked.answer(batch.commands);
                }
                () => anew.push(batch),
            }
        }
        if let Some(write) = plan.write
            && !written.is_empty()
        {
            self.write(written, write);
        }
        self.put_back(again);
        for batch in anew {
            // The lane does not wait for room for what is heavy.
            if self.patience.is_some() && !self.has_room_aside() && self.door.lock().waiting.has_heavy(batch.tenant) {
                self.door.lock().waiting.put_back(batch);
            } else {
                self.run_with_locks(batch).await;
            }
        }
    }

    fn write(&mut self, batches: Vec<Batch<B::Command>>, write: Box<Prepared>) {
        let weight: usize = batches.iter().flat_map(|batch| &batch.commands).map(B::weight).sum();
        let started = self.start(batches, write);
        let waits = |tenants: &[TenantId]| self.door.lock().waiting.has_others(tenants);
        if weight > SHARED_WEIGHT && self.has_room_aside() && waits(&started.tenants) {
            // It takes long by itself: the others do not wait for it.
            self.set_aside(started);
            return;
        }
        self.door.lock().under_way = started.commands;
        self.under_way = Some(started);
    }

    /// Waits until there is something worth planning; false when nobody can submit any more and all is done. While a transaction is under way, the
    /// next one waits for as many commands or for its end, so that a few early ones do not go alone, and no longer than for one that is set aside.
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
                    if let Some(UnderWay { tenants, commands, since, .. }) = self.under_way.take() {
                        let settled = self.settled(tenants, (commands, since), given_back).await;
                        self.put_back(settled.again);
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

    fn start(&self, mut batches: Vec<Batch<B::Command>>, write: Box<Prepared>) -> UnderWay<B> {
        let tenants = batches.iter().map(|batch| batch.tenant).collect();
        let commands = batches.iter().map(|batch| batch.commands.len()).sum();
        let locked = self.locked.clone();
        let since = Instant::now();
        let span = Locked::<B>::span(Way::Planned, batches.iter_mut().flat_map(|batch| &mut batch.commands));
        let task = tokio::spawn(async move {
            let written = span.run_within(locked.batcher.write(*write)).await;
            let trace_id = span.recorded_trace();
            span.end(written.is_err());
            match written {
                Ok(written) => {
                    let (mut undone, mut done) = (Vec::new(), Vec::new());
                    for batch in batches {
                        let can_replan = written.chain_moved.contains(&batch.tenant);
                        if can_replan || written.overtaken.contains(&batch.tenant) {
                            metrics::batch_overtaken();
                            undone.push(Undone { batch, can_replan });
                        } else {
                            done.extend(batch.commands);
                        }
                    }
                    if !done.is_empty() {
                        metrics::batch(Way::Planned, done.len(), since.elapsed(), trace_id);
                        locked.answer(done);
                    }
                    undone
                }
                Err(fault) => {
                    if fault.unique_violation().is_none() {
                        metrics::batch_unplanned();
                        tell_unplanned(&fault);
                    }
                    tracing::debug!(error = %fault, commands, "what was planned was not written: its commands are run with locks");
                    batches.into_iter().map(|batch| Undone { batch, can_replan: false }).collect()
                }
            }
        });
        UnderWay { tenants, commands, since, task }
    }

    /// Has a batch run with locks, beside the lane where it has patience; nothing that was known of the tenant holds after that.
    async fn run_with_locks(&mut self, batch: Batch<B::Command>) {
        let tenant = batch.tenant;
        self.forget(tenant);
        let locked = self.locked.clone();
        let Some(patience) = self.patience else {
            // A task, so that a lane that is dropped does not take it along. What is awaited there is caught there: it does not panic.
            let _ = tokio::spawn(async move { locked.commit(batch).await }).await;
            return;
        };
        // Without room that is kept for it, what is heavy would wait for as long as others need locks.
        let kept = usize::from(self.door.lock().waiting.keeps_room);
        while self.aside.len() + kept >= ASIDE {
            if let Some(freed) = self.aside.join_next().await {
                self.let_in(freed);
            }
        }
        self.door.lock().waiting.set_aside(tenant);
        self.run_beside(vec![tenant], async move {
            let mut running = pin!(locked.commit(batch));
            if tokio::time::timeout(patience, &mut running).await.is_err() {
                metrics::tenant_set_aside();
                running.await;
            }
        });
    }

    /// Goes on with a transaction beside the lane. Its tenants are let in when it is over, also where it panics.
    fn run_beside(&mut self, tenants: Vec<TenantId>, running: impl Future<Output = ()> + Send + 'static) {
        self.aside.spawn(async move {
            drop(AssertUnwindSafe(running).catch_unwind().await);
            tenants
        });
    }

    /// Waits for what is under way, and sets it aside when that takes long.
    async fn settle(&mut self) -> Settled<B::Command> {
        let Some(UnderWay { tenants, commands, since, mut task }) = self.under_way.take() else { return Settled::default() };
        let until = self.patience.map(|patience| Instant::now() + patience);
        loop {
            let has_room = self.has_room_aside();
            tokio::select! {
                biased;
                given_back = &mut task => return self.settled(tenants, (commands, since), given_back).await,
                Some(freed) = self.aside.join_next() => self.let_in(freed),
                () = at(until), if has_room => {
                    metrics::tenant_set_aside();
                    tracing::debug!(tenants = tenants.len(), "a transaction takes long: the lane goes on without it");
                    let void = tenants.iter().copied().collect();
                    self.set_aside(UnderWay { tenants, commands, since, task });
                    return Settled { void, ..Settled::default() };
                }
            }
        }
    }

    async fn settled(
        &mut self,
        tenants: Vec<TenantId>,
        (commands, since): (usize, Instant),
        given_back: Result<Vec<Undone<B::Command>>, JoinError>,
    ) -> Settled<B::Command> {
        {
            let mut queue = self.door.lock();
            queue.under_way = 0;
            queue.waiting.measured(commands, since.elapsed());
        }
        let Ok(given_back) = given_back else {
            // It panicked: those who waited have been told by the loss of their channel.
            tenants.iter().for_each(|tenant| self.forget(*tenant));
            return Settled { void: tenants.into_iter().collect(), ..Settled::default() };
        };
        let mut settled = Settled { void: given_back.iter().map(|undone| undone.batch.tenant).collect(), ..Settled::default() };
        self.replanned.retain(|tenant| settled.void.contains(tenant) || !tenants.contains(tenant));
        for Undone { batch, can_replan } in given_back {
            if can_replan && self.replanned.insert(batch.tenant) {
                B::forget(&mut self.speculative, batch.tenant);
                settled.again.insert(batch.tenant, batch);
            } else {
                self.run_with_locks(batch).await;
            }
        }
        settled
    }

    /// Has batches planned once more, before whatever else waits of their tenants.
    fn put_back(&self, again: HashMap<TenantId, Batch<B::Command>>) {
        let mut queue = self.door.lock();
        again.into_values().for_each(|batch| queue.waiting.put_back(batch));
    }

    /// Nothing that was known of the tenant holds any more.
    fn forget(&mut self, tenant: TenantId) {
        self.replanned.remove(&tenant);
        B::forget(&mut self.speculative, tenant);
    }

    fn has_room_aside(&self) -> bool {
        self.patience.is_some() && self.aside.len() < ASIDE
    }

    fn set_aside(&mut self, batches: UnderWay<B>) {
        let UnderWay { tenants, task, .. } = batches;
        {
            let mut queue = self.door.lock();
            queue.under_way = 0;
            tenants.iter().for_each(|tenant| queue.waiting.set_aside(*tenant));
        }
        tenants.iter().for_each(|tenant| self.forget(*tenant));
        let locked = self.locked.clone();
        self.run_beside(tenants, async move {
            for undone in task.await.unwrap_or_default() {
                locked.commit(undone.batch).await;
            }
        });
    }

    fn let_in(&mut self, freed: Result<Vec<TenantId>, JoinError>) {
        // What is awaited there is caught there: it does not panic.
        for tenant in freed.unwrap_or_default() {
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
