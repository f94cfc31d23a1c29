//! Waiting commands, in a queue for each tenant, and the order of turns.

use std::{
    collections::{HashMap, HashSet, VecDeque, hash_map::Entry},
    time::Duration,
};

use entity::prelude::TenantId;
use tokio::time::Instant;

use super::{
    batch::Batch,
    capacity::{RemainingCapacity, take_heavy},
    heavy_limit::{HeavyPace, lines},
    limits::{ASIDE_TIMEOUT, HEAVY_WEIGHT, MAX_HEAVY_ASIDE, MAX_QUEUED_ASIDE, MAX_WAIT, MAX_WEIGHT, QUEUE, SHARED_WEIGHT},
};

/// Waiting commands, in a queue for each tenant, and the order of turns. Tenants that are set aside
/// have no turns.
pub(super) struct WaitingCommands<C> {
    queues: HashMap<TenantId, VecDeque<C>>,
    turns: VecDeque<TenantId>,
    aside: HashMap<TenantId, Instant>,
    /// Tenants whose heavy command has a transaction, until they return to the lane.
    heavy: HashSet<TenantId>,
    /// Tenants that are set aside only because their next command is heavy and other heavy commands
    /// are running.
    line: VecDeque<TenantId>,
    /// True if a heavy command stood in line when the last batches were taken, and no heavy one
    /// ran: the next room beside the lane is reserved for it.
    pub(super) keeps_room: bool,
    /// Limit of the waiting lines of a tenant's heavy commands.
    pub(super) pace: HeavyPace,
    pub(super) count: usize,
    /// Waiting commands of tenants that have turns.
    pub(super) ready: usize,
    /// Maximum number of waiting commands.
    room: usize,
    /// Commands in a transaction.
    max_commands: usize,
}

/// Next batches of a lane.
pub(super) struct NextBatches<C> {
    /// Batches that share a transaction.
    pub(super) shared: Vec<Batch<C>>,
    /// Batches of other tenants, each of which begins with a heavy command and has a transaction of its own.
    pub(super) heavy: Vec<Batch<C>>,
}

impl<C> WaitingCommands<C> {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            queues: HashMap::new(),
            turns: VecDeque::new(),
            aside: HashMap::new(),
            heavy: HashSet::new(),
            line: VecDeque::new(),
            keeps_room: false,
            pace: HeavyPace::new(),
            count: 0,
            ready: 0,
            room: QUEUE,
            max_commands: limit,
        }
    }
    /// Whether no further command of the tenant may wait. Commands of a tenant that is set aside
    /// delay no others: they count for that tenant only.
    pub(super) fn is_full_for(&self, tenant: TenantId) -> bool {
        let own_count = || self.queues.get(&tenant).map_or(0, VecDeque::len);
        let is_full = if self.aside.contains_key(&tenant) {
            own_count() >= MAX_QUEUED_ASIDE.min(self.room)
        } else {
            self.ready >= self.room
        };
        is_full || self.count >= QUEUE
    }
    /// Whether no further heavy command of the tenant may wait: one does, and more lines than are
    /// written in `MAX_WAIT`. Only the tenant's own small commands wait behind them.
    pub(super) fn has_too_many_lines(&self, tenant: TenantId, weight: impl Fn(&C) -> usize) -> bool {
        self.has_heavy_next(tenant, &weight) && self.lines_of(tenant, &weight) >= self.pace.room(tenant)
    }
    fn lines_of(&self, tenant: TenantId, weight: impl Fn(&C) -> usize) -> usize {
        self.queues.get(&tenant).map_or(0, |queue| queue.iter().map(|command| lines(weight(command))).sum())
    }
    /// Whether a heavy command of the tenant waits.
    fn has_heavy_next(&self, tenant: TenantId, weight: impl Fn(&C) -> usize) -> bool {
        self.queues.get(&tenant).is_some_and(|queue| queue.iter().any(|command| weight(command) > HEAVY_WEIGHT))
    }
    /// Records the duration of a transaction. If it was at least half full, it sets the limit of
    /// waiting commands to those written in `MAX_WAIT`.
    pub(super) fn record_duration(&mut self, commands: usize, duration: Duration) {
        if commands * 2 >= self.max_commands && !duration.is_zero() {
            let estimate = commands as f64 * MAX_WAIT.as_secs_f64() / duration.as_secs_f64();
            self.room = (estimate as usize).clamp(self.max_commands, QUEUE);
        }
    }
    pub(super) fn push(&mut self, tenant: TenantId, command: C) {
        let queue = self.queues.entry(tenant).or_default();
        let is_first = queue.is_empty();
        queue.push_back(command);
        self.count += 1;
        if !self.aside.contains_key(&tenant) {
            self.ready += 1;
            if is_first {
                self.turns.push_back(tenant);
            }
        }
    }
    /// Takes the oldest commands of the tenants whose turn it is, as many as fit a transaction:
    /// first an equal share for each tenant, then more for tenants with more commands, but never
    /// more lines than a share. A tenant that finds no room is first in the next transaction. A
    /// heavy command has a transaction of its own, beside the shared one, if there is room;
    /// otherwise its tenant stands in line until another one returns.
    pub(super) fn next_batches(&mut self, weight: impl Fn(&C) -> usize, room_aside: usize) -> NextBatches<C> {
        self.heavy.retain(|tenant| self.aside.contains_key(tenant));
        let free_slots = MAX_HEAVY_ASIDE.saturating_sub(self.heavy.len()).min(room_aside);
        let queued_tenants = std::mem::take(&mut self.turns);
        let mut room = RemainingCapacity {
            commands: self.max_commands,
            weight: if queued_tenants.len() > 1 { SHARED_WEIGHT } else { MAX_WEIGHT },
        };
        let tenants = queued_tenants.len().max(1);
        let part =
            RemainingCapacity { commands: (room.commands / tenants).max(1), weight: (room.weight / tenants).max(HEAVY_WEIGHT) };
        let (mut shared, mut heavy): (Vec<Batch<C>>, Vec<Batch<C>>) = (Vec::new(), Vec::new());
        let mut left_out = VecDeque::new();
        for tenant in queued_tenants {
            let Some(queue) = self.queues.get_mut(&tenant) else { continue };
            let is_heavy = queue.front().is_some_and(|command| weight(command) > HEAVY_WEIGHT);
            if is_heavy && free_slots == 0 {
                self.suspend_turns(tenant);
                continue;
            }
            let (batches, commands) = if is_heavy {
                let has_place = heavy.len() < free_slots;
                (&mut heavy, if has_place { take_heavy(queue, self.max_commands, &weight) } else { Vec::new() })
            } else {
                (&mut shared, room.fill(queue, part, &weight))
            };
            if commands.is_empty() {
                left_out.push_back(tenant);
            } else {
                batches.push(Batch { tenant, commands });
            }
        }
        self.turns = left_out;
        for Batch { tenant, commands } in &mut shared {
            let Some(queue) = self.queues.get_mut(tenant) else { continue };
            let own_weight: usize = commands.iter().map(&weight).sum();
            commands.extend(room.fill(
                queue,
                RemainingCapacity { commands: usize::MAX, weight: part.weight.saturating_sub(own_weight) },
                &weight,
            ));
        }
        let now = Instant::now();
        for Batch { tenant, commands } in &heavy {
            let own_weight: usize = commands.iter().map(|command| lines(weight(command))).sum();
            let has_next = self.has_heavy_next(*tenant, &weight);
            self.pace.record_taken(*tenant, own_weight, has_next, now);
            if !has_next {
                self.pace.double_limit(*tenant, own_weight + self.lines_of(*tenant, &weight));
            }
        }
        self.heavy.extend(heavy.iter().map(|batch| batch.tenant));
        self.keeps_room = self.heavy.is_empty() && !self.line.is_empty();
        let next = NextBatches { shared, heavy };
        self.record_taken(&next);
        next
    }
    /// Keeps the turns of tenants that have more commands.
    fn record_taken(&mut self, next: &NextBatches<C>) {
        for Batch { tenant, commands } in next.shared.iter().chain(&next.heavy) {
            self.count -= commands.len();
            self.ready -= commands.len();
            if self.queues.get(tenant).is_some_and(VecDeque::is_empty) {
                self.queues.remove(tenant);
            } else {
                self.turns.push_back(*tenant);
            }
        }
    }
    /// Takes the tenant's turns away until a tenant with a heavy command returns.
    fn suspend_turns(&mut self, tenant: TenantId) {
        self.set_aside(tenant);
        self.line.push_back(tenant);
    }
    /// Takes the tenant's turns away until it returns.
    pub(super) fn set_aside(&mut self, tenant: TenantId) {
        if let Some(index) = self.line.iter().position(|other| *other == tenant) {
            // It stood in line until now.
            self.line.remove(index);
            self.aside.insert(tenant, Instant::now());
        } else if let Entry::Vacant(slot) = self.aside.entry(tenant) {
            slot.insert(Instant::now());
            self.turns.retain(|queued_tenant| *queued_tenant != tenant);
            self.ready -= self.queues.get(&tenant).map_or(0, VecDeque::len);
        }
    }
    pub(super) fn is_aside(&self, tenant: TenantId) -> bool {
        self.aside.contains_key(&tenant)
    }
    /// Whether something of the tenant waits, or would have to.
    pub(super) fn has(&self, tenant: TenantId) -> bool {
        self.queues.contains_key(&tenant) || self.aside.contains_key(&tenant) || self.has_heavy(tenant)
    }
    /// Whether the tenant was given a transaction for a heavy command that is not over.
    pub(super) fn has_heavy(&self, tenant: TenantId) -> bool {
        self.heavy.contains(&tenant)
    }
    /// Returns the number of tenants that have been aside for longer than the lane waits for a
    /// batch. Tenants in line wait for others' commands, not for the database.
    pub(super) fn count_stuck_tenants(&self) -> usize {
        let is_held = |(tenant, since): &(&TenantId, &Instant)| since.elapsed() > ASIDE_TIMEOUT && !self.line.contains(*tenant);
        self.aside.iter().filter(is_held).count()
    }
    /// Whether it is the turn of any other tenant.
    pub(super) fn has_others(&self, tenants: &[TenantId]) -> bool {
        self.turns.iter().any(|queued_tenant| !tenants.contains(queued_tenant))
    }
    /// Returns a batch of a tenant that is set aside, before the tenant's other waiting commands.
    pub(super) fn return_aside_batch(&mut self, batch: Batch<C>) {
        if !self.is_aside(batch.tenant) {
            self.set_aside(batch.tenant);
        }
        self.push_front(batch);
    }
    /// Returns a batch before the other waiting commands of its tenant, which gets the next turn.
    pub(super) fn requeue_front(&mut self, batch: Batch<C>) {
        if !self.is_aside(batch.tenant) {
            self.turns.retain(|queued_tenant| *queued_tenant != batch.tenant);
            self.turns.push_front(batch.tenant);
            self.ready += batch.commands.len();
        }
        self.push_front(batch);
    }
    fn push_front(&mut self, Batch { tenant, commands }: Batch<C>) {
        self.count += commands.len();
        self.pace.forget(tenant);
        let queue = self.queues.entry(tenant).or_default();
        commands.into_iter().rev().for_each(|command| queue.push_front(command));
    }
    /// Gives the tenant its turns again, and before it those in line: the tenant may send another
    /// heavy command at once.
    pub(super) fn readmit_tenants(&mut self, tenant: TenantId) {
        let (line, turns) = (std::mem::take(&mut self.line), std::mem::take(&mut self.turns));
        line.into_iter().for_each(|first| self.restore_turn(first));
        self.turns.extend(turns);
        self.restore_turn(tenant);
    }
    fn restore_turn(&mut self, tenant: TenantId) {
        if self.aside.remove(&tenant).is_some()
            && let Some(queue) = self.queues.get(&tenant)
        {
            self.ready += queue.len();
            self.turns.push_back(tenant);
        }
    }
}

#[cfg(test)]
mod tests;
