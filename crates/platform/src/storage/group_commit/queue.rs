//! Commands that wait, a queue a tenant, and whose turn it is.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use entity::prelude::TenantId;
use tokio::sync::Notify;

use super::{MAX_WEIGHT, QUEUE, QUEUE_ASIDE};

/// Where commands enter a lane. The lane is woken once for a batch, not for each command.
pub(super) struct Door<C> {
    queue: Mutex<Queue<C>>,
    pub(super) is_enough: Notify,
}

pub(super) struct Queue<C> {
    pub(super) waiting: Waiting<C>,
    /// How many the lane waits for.
    pub(super) enough: usize,
    pub(super) closed: bool,
}

impl<C> Door<C> {
    pub(super) fn new(most: usize) -> Arc<Self> {
        let queue = Queue { waiting: Waiting::new(most), enough: 1, closed: false };
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
    /// How many wait, and how many tenants are set aside.
    pub(super) fn lane_status(&self) -> (usize, usize) {
        let queue = self.lock();
        (queue.waiting.count, queue.waiting.aside.len())
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
    aside: HashSet<TenantId>,
    count: usize,
    /// Those of tenants that have turns.
    pub(super) ready: usize,
    /// Commands in a batch.
    most: usize,
}

impl<C> Waiting<C> {
    fn new(most: usize) -> Self {
        Self { queues: HashMap::new(), turns: VecDeque::new(), aside: HashSet::new(), count: 0, ready: 0, most }
    }
    fn is_full_for(&self, tenant: TenantId) -> bool {
        let own = || self.queues.get(&tenant).map_or(0, VecDeque::len);
        self.count >= QUEUE || (self.aside.contains(&tenant) && own() >= QUEUE_ASIDE)
    }
    fn push(&mut self, tenant: TenantId, command: C) {
        let queue = self.queues.entry(tenant).or_default();
        let is_first = queue.is_empty();
        queue.push_back(command);
        self.count += 1;
        if !self.aside.contains(&tenant) {
            self.ready += 1;
            if is_first {
                self.turns.push_back(tenant);
            }
        }
    }
    /// The next tenant's oldest commands, as many as fit a batch. A tenant with more waits for its next turn.
    pub(super) fn next_batch(&mut self, weight: impl Fn(&C) -> usize) -> Option<(TenantId, Vec<C>)> {
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
        self.ready -= batch.len();
        Some((tenant, batch))
    }
    /// The tenant has no turns until it is let in again.
    pub(super) fn set_aside(&mut self, tenant: TenantId) {
        if self.aside.insert(tenant) {
            self.turns.retain(|turn| *turn != tenant);
            self.ready -= self.queues.get(&tenant).map_or(0, VecDeque::len);
        }
    }
    /// Puts a batch back before all that waits of its tenant, which is set aside.
    pub(super) fn give_back(&mut self, tenant: TenantId, batch: Vec<C>) {
        self.set_aside(tenant);
        self.count += batch.len();
        let queue = self.queues.entry(tenant).or_default();
        batch.into_iter().rev().for_each(|command| queue.push_front(command));
    }
    pub(super) fn let_in(&mut self, tenant: TenantId) {
        if self.aside.remove(&tenant)
            && let Some(queue) = self.queues.get(&tenant)
        {
            self.ready += queue.len();
            self.turns.push_back(tenant);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::group_commit::MAX_COMMANDS;

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

    #[test]
    fn a_tenant_that_is_set_aside_waits_and_keeps_its_order_while_others_go_on() {
        let tenant = |n: u128| TenantId::from_uuid(uuid::Uuid::from_u128(n));
        let mut waiting = Waiting::new(MAX_COMMANDS);
        [(1, 10), (1, 11), (2, 20)].into_iter().for_each(|(n, command)| waiting.push(tenant(n), command));
        let (first, batch) = waiting.next_batch(|_| MAX_WEIGHT).unwrap();
        assert_eq!((first, &batch[..]), (tenant(1), &[10][..]));
        waiting.give_back(first, batch);
        waiting.push(tenant(1), 12);
        assert_eq!((waiting.count, waiting.ready), (4, 1));
        assert_eq!(waiting.next_batch(|_| 1), Some((tenant(2), vec![20])));
        assert_eq!(waiting.next_batch(|_| 1), None, "it has no turns");
        waiting.let_in(tenant(1));
        assert_eq!(waiting.next_batch(|_| 1), Some((tenant(1), vec![10, 11, 12])));
        assert_eq!((waiting.count, waiting.ready), (0, 0));
    }

    #[test]
    fn a_tenant_that_is_set_aside_does_not_fill_the_lane() {
        let tenant = |n: u128| TenantId::from_uuid(uuid::Uuid::from_u128(n));
        let door = Door::new(MAX_COMMANDS);
        door.lock().waiting.set_aside(tenant(1));
        let entered = (0..QUEUE).filter(|n| door.enter(tenant(1), *n).is_ok()).count();
        assert_eq!(entered, QUEUE_ASIDE);
        assert!(door.enter(tenant(2), 0).is_ok());
    }
}
