//! Commands that wait, a queue a tenant, and whose turn it is.

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use entity::prelude::TenantId;
use tokio::{sync::Notify, time::Instant};

use super::{Batch, MAX_WEIGHT, MOST_WAIT, PATIENCE, QUEUE, QUEUE_ASIDE, SHARED_WEIGHT};

/// Where commands enter a lane. The lane is woken once for a batch, not for each command.
pub(super) struct Door<C> {
    queue: Mutex<Queue<C>>,
    pub(super) is_enough: Notify,
}

pub(super) struct Queue<C> {
    pub(super) waiting: Waiting<C>,
    /// How many the lane waits for.
    pub(super) enough: usize,
    /// How many are being written.
    pub(super) under_way: usize,
    pub(super) closed: bool,
}

/// What a lane has to do, for whoever chooses one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) commands: usize,
    /// Whether something of the tenant waits there, or would have to.
    pub(super) has_tenant: bool,
}

impl<C> Door<C> {
    pub(super) fn new(most: usize) -> Arc<Self> {
        let queue = Queue { waiting: Waiting::new(most), enough: 1, under_way: 0, closed: false };
        Arc::new(Self { queue: Mutex::new(queue), is_enough: Notify::new() })
    }
    pub(super) fn lock(&self) -> MutexGuard<'_, Queue<C>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Gives the command back when too many wait.
    pub(super) fn enter(&self, tenant: TenantId, command: C) -> Result<(), C> {
        let mut queue = self.lock();
        if queue.waiting.is_full_for(tenant) {
            return Err(command);
        }
        let before = queue.waiting.ready;
        queue.waiting.push(tenant, command);
        if before < queue.enough && queue.waiting.ready == queue.enough {
            self.is_enough.notify_one();
        }
        Ok(())
    }
    /// How many wait, and how many tenants have been aside for longer than the lane waits for one.
    pub(super) fn lane_status(&self) -> (usize, usize) {
        let queue = self.lock();
        let held = queue.waiting.aside.values().filter(|since| since.elapsed() > PATIENCE);
        (queue.waiting.count, held.count())
    }
    pub(super) fn load(&self, tenant: TenantId) -> Load {
        let queue = self.lock();
        let waiting = &queue.waiting;
        let has_tenant = waiting.queues.contains_key(&tenant) || waiting.aside.contains_key(&tenant);
        Load { commands: waiting.count + queue.under_way, has_tenant }
    }
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.is_enough.notify_one();
    }
}

/// Commands that wait, a queue a tenant, and whose turn it is. Tenants that are set aside have no turns.
pub(super) struct Waiting<C> {
    queues: HashMap<TenantId, VecDeque<C>>,
    turns: VecDeque<TenantId>,
    aside: HashMap<TenantId, Instant>,
    count: usize,
    /// Those of tenants that have turns.
    pub(super) ready: usize,
    /// How many may wait.
    room: usize,
    /// Commands in a transaction.
    most: usize,
}

impl<C> Waiting<C> {
    fn new(most: usize) -> Self {
        Self { queues: HashMap::new(), turns: VecDeque::new(), aside: HashMap::new(), count: 0, ready: 0, room: QUEUE, most }
    }
    fn is_full_for(&self, tenant: TenantId) -> bool {
        let own = || self.queues.get(&tenant).map_or(0, VecDeque::len);
        self.count >= self.room || (self.aside.contains_key(&tenant) && own() >= QUEUE_ASIDE)
    }
    /// A transaction as full as can be was written in this time: no more may wait than are written in `MOST_WAIT`.
    pub(super) fn measured(&mut self, commands: usize, took: Duration) {
        if commands * 2 >= self.most && !took.is_zero() {
            let most = commands as f64 * MOST_WAIT.as_secs_f64() / took.as_secs_f64();
            self.room = (most as usize).clamp(self.most, QUEUE);
        }
    }
    fn push(&mut self, tenant: TenantId, command: C) {
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
    /// The oldest commands of the tenants whose turn it is, as many as fit a transaction: first an equal part of each tenant's, then more of
    /// those that have more. Who finds no room is first in the next one; a command that is heavy has one of its own.
    pub(super) fn next_batches(&mut self, weight: impl Fn(&C) -> usize) -> Vec<Batch<C>> {
        let turns = std::mem::take(&mut self.turns);
        let is_shared = turns.len() > 1;
        let part = (self.most / turns.len().max(1)).max(1);
        let mut room = Room { commands: self.most, weight: if is_shared { SHARED_WEIGHT } else { MAX_WEIGHT }, is_empty: true };
        let (mut batches, mut left_out): (Vec<Batch<C>>, VecDeque<TenantId>) = (Vec::new(), VecDeque::new());
        for tenant in turns {
            let Some(queue) = self.queues.get_mut(&tenant) else { continue };
            let commands = room.fill(queue, part, &weight);
            if commands.is_empty() {
                left_out.push_back(tenant);
            } else {
                batches.push(Batch { tenant, commands });
            }
        }
        self.turns = left_out;
        for Batch { tenant, commands } in &mut batches {
            let Some(queue) = self.queues.get_mut(tenant) else { continue };
            commands.extend(room.fill(queue, usize::MAX, &weight));
            if queue.is_empty() {
                self.queues.remove(tenant);
            } else {
                self.turns.push_back(*tenant);
            }
        }
        let taken: usize = batches.iter().map(|batch| batch.commands.len()).sum();
        self.count -= taken;
        self.ready -= taken;
        batches
    }
    /// The tenant has no turns until it is let in again.
    pub(super) fn set_aside(&mut self, tenant: TenantId) {
        if let Entry::Vacant(aside) = self.aside.entry(tenant) {
            aside.insert(Instant::now());
            self.turns.retain(|turn| *turn != tenant);
            self.ready -= self.queues.get(&tenant).map_or(0, VecDeque::len);
        }
    }
    pub(super) fn is_aside(&self, tenant: TenantId) -> bool {
        self.aside.contains_key(&tenant)
    }
    /// Whether it is the turn of any other tenant.
    pub(super) fn has_others(&self, tenants: &[TenantId]) -> bool {
        self.turns.iter().any(|turn| !tenants.contains(turn))
    }
    /// Puts a batch back before all that waits of its tenant, which is set aside.
    pub(super) fn give_back(&mut self, batch: Batch<C>) {
        self.set_aside(batch.tenant);
        self.push_front(batch);
    }
    /// Puts a batch back before all that waits of its tenant, whose turn is the next one.
    pub(super) fn put_back(&mut self, batch: Batch<C>) {
        if !self.is_aside(batch.tenant) {
            self.turns.retain(|turn| *turn != batch.tenant);
            self.turns.push_front(batch.tenant);
            self.ready += batch.commands.len();
        }
        self.push_front(batch);
    }
    fn push_front(&mut self, Batch { tenant, commands }: Batch<C>) {
        self.count += commands.len();
        let queue = self.queues.entry(tenant).or_default();
        commands.into_iter().rev().for_each(|command| queue.push_front(command));
    }
    pub(super) fn let_in(&mut self, tenant: TenantId) {
        if self.aside.remove(&tenant).is_some()
            && let Some(queue) = self.queues.get(&tenant)
        {
            self.ready += queue.len();
            self.turns.push_back(tenant);
        }
    }
}

/// What a transaction has room for.
struct Room {
    commands: usize,
    weight: usize,
    is_empty: bool,
}

impl Room {
    /// Takes commands from the front of a queue, at most so many. The first of a transaction always fits.
    fn fill<C>(&mut self, queue: &mut VecDeque<C>, most: usize, weight: impl Fn(&C) -> usize) -> Vec<C> {
        let mut taken = Vec::new();
        while let Some(command) = queue.front()
            && taken.len() < most
            && self.commands > 0
            && (self.is_empty || weight(command) <= self.weight)
        {
            self.commands -= 1;
            self.weight = self.weight.saturating_sub(weight(command));
            self.is_empty = false;
            taken.extend(queue.pop_front());
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::group_commit::MAX_COMMANDS;

    fn tenant(n: u128) -> TenantId {
        TenantId::from_uuid(uuid::Uuid::from_u128(n))
    }
    fn push(waiting: &mut Waiting<usize>, n: u128, command: usize) {
        waiting.push(tenant(n), command);
    }
    /// Tenants and how many commands each has in the next transaction.
    fn next(waiting: &mut Waiting<usize>) -> Vec<(u128, usize)> {
        let batches = waiting.next_batches(|weight| *weight);
        batches.into_iter().map(|batch| (batch.tenant.uuid().as_u128(), batch.commands.len())).collect()
    }

    #[test]
    fn tenants_share_a_transaction_in_equal_parts_and_fill_what_is_left() {
        let mut waiting = Waiting::new(MAX_COMMANDS);
        (0..2 * MAX_COMMANDS).for_each(|_| push(&mut waiting, 1, 0));
        (0..3).for_each(|_| push(&mut waiting, 2, 0));
        assert_eq!(next(&mut waiting), [(1, MAX_COMMANDS - 3), (2, 3)]);
        assert_eq!(next(&mut waiting), [(1, MAX_COMMANDS)]);
        assert_eq!(next(&mut waiting), [(1, 3)]);
        assert_eq!((next(&mut waiting), waiting.count, waiting.ready), (vec![], 0, 0));
    }

    #[test]
    fn of_more_tenants_than_fit_the_others_come_next() {
        let mut waiting = Waiting::new(2);
        (1..=3).for_each(|n| (0..2).for_each(|_| push(&mut waiting, n, 1)));
        assert_eq!(next(&mut waiting), [(1, 1), (2, 1)]);
        assert_eq!(next(&mut waiting), [(3, 1), (1, 1)]);
        assert_eq!(next(&mut waiting), [(2, 1), (3, 1)]);
    }

    #[test]
    fn a_heavy_command_runs_alone() {
        let mut waiting = Waiting::new(MAX_COMMANDS);
        [MAX_WEIGHT + 1, 1].into_iter().for_each(|weight| push(&mut waiting, 1, weight));
        assert_eq!(next(&mut waiting), [(1, 1)], "also where it alone is over the limit");
        push(&mut waiting, 2, SHARED_WEIGHT + 1);
        push(&mut waiting, 3, 1);
        assert_eq!(next(&mut waiting), [(1, 1), (3, 1)]);
        push(&mut waiting, 3, 1);
        assert_eq!(next(&mut waiting), [(2, 1)], "it was left out before: it is first");
        assert_eq!(next(&mut waiting), [(3, 1)]);
    }

    #[test]
    fn a_tenant_that_is_set_aside_waits_and_keeps_its_order_while_others_go_on() {
        let mut waiting = Waiting::new(MAX_COMMANDS);
        [(1, MAX_WEIGHT), (1, 11), (2, 20)].into_iter().for_each(|(n, command)| push(&mut waiting, n, command));
        let first = waiting.next_batches(|weight| *weight).remove(0);
        assert_eq!((first.tenant, &first.commands[..]), (tenant(1), &[MAX_WEIGHT][..]));
        waiting.give_back(first);
        push(&mut waiting, 1, 12);
        assert_eq!((waiting.count, waiting.ready), (4, 1));
        assert_eq!(next(&mut waiting), [(2, 1)]);
        assert_eq!(next(&mut waiting), [], "it has no turns");
        waiting.let_in(tenant(1));
        let again = waiting.next_batches(|_| 1).remove(0);
        assert_eq!((again.tenant, &again.commands[..]), (tenant(1), &[MAX_WEIGHT, 11, 12][..]));
        assert_eq!((waiting.count, waiting.ready), (0, 0));
    }

    #[test]
    fn what_is_put_back_is_first_and_waits_with_a_tenant_that_is_set_aside() {
        let mut waiting = Waiting::new(MAX_COMMANDS);
        [(1, 10), (2, 20)].into_iter().for_each(|(n, command)| push(&mut waiting, n, command));
        let second = waiting.next_batches(|_| 1).remove(1);
        [(1, 11), (2, 21)].into_iter().for_each(|(n, command)| push(&mut waiting, n, command));
        waiting.put_back(second);
        assert_eq!((waiting.count, waiting.ready), (3, 3));
        let first = waiting.next_batches(|_| 1).remove(0);
        assert_eq!((first.tenant, &first.commands[..]), (tenant(2), &[20, 21][..]));
        assert_eq!((waiting.count, waiting.ready), (0, 0));
        waiting.set_aside(tenant(2));
        waiting.put_back(first);
        assert_eq!((waiting.count, waiting.ready), (2, 0));
        waiting.let_in(tenant(2));
        assert_eq!((next(&mut waiting), waiting.ready), (vec![(2, 2)], 0));
    }

    #[test]
    fn a_tenant_that_is_set_aside_does_not_fill_the_lane() {
        let door = Door::new(MAX_COMMANDS);
        door.lock().waiting.set_aside(tenant(1));
        let entered = (0..QUEUE).filter(|n| door.enter(tenant(1), *n).is_ok()).count();
        assert_eq!(entered, QUEUE_ASIDE);
        assert!(door.enter(tenant(2), 0).is_ok());
    }

    #[test]
    fn no_more_wait_than_are_written_in_time() {
        let mut waiting = Waiting::new(MAX_COMMANDS);
        (0..QUEUE - 1).for_each(|_| push(&mut waiting, 1, 0));
        assert!(!waiting.is_full_for(tenant(1)), "nothing was measured yet");
        waiting.measured(1, MOST_WAIT);
        assert!(!waiting.is_full_for(tenant(1)), "a small transaction says nothing of how fast large ones are");
        waiting.measured(MAX_COMMANDS, MOST_WAIT / 4);
        assert!(waiting.is_full_for(tenant(2)), "1,024 are written in time");
        (0..12).for_each(|_| drop(next(&mut waiting)));
        assert!(!waiting.is_full_for(tenant(2)));
        waiting.measured(MAX_COMMANDS, 2 * MOST_WAIT);
        assert_eq!(waiting.room, MAX_COMMANDS, "what fits one transaction may always wait");
    }
}
