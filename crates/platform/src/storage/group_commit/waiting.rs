//! Commands that wait, a queue a tenant, and whose turn it is.

use std::{
    collections::{HashMap, HashSet, VecDeque, hash_map::Entry},
    time::Duration,
};

use entity::prelude::TenantId;
use tokio::time::Instant;

use super::{Batch, HEAVY_ASIDE, HEAVY_WEIGHT, MAX_WEIGHT, MOST_WAIT, PATIENCE, QUEUE, QUEUE_ASIDE, SHARED_WEIGHT};

/// Commands that wait, a queue a tenant, and whose turn it is. Tenants that are set aside have no turns.
pub(super) struct Waiting<C> {
    queues: HashMap<TenantId, VecDeque<C>>,
    turns: VecDeque<TenantId>,
    aside: HashMap<TenantId, Instant>,
    /// Tenants that were given a transaction for a heavy command, until they are let in again.
    heavy: HashSet<TenantId>,
    /// Tenants that are aside only because their next command is heavy and others of its kind are running.
    line: VecDeque<TenantId>,
    pub(super) count: usize,
    /// Those of tenants that have turns.
    pub(super) ready: usize,
    /// How many may wait.
    room: usize,
    /// Commands in a transaction.
    most: usize,
}

/// What a lane does next.
pub(super) struct Next<C> {
    /// Batches that share a transaction.
    pub(super) shared: Vec<Batch<C>>,
    /// Batches of other tenants, each of which begins with a heavy command and has a transaction of its own.
    pub(super) heavy: Vec<Batch<C>>,
}

impl<C> Waiting<C> {
    pub(super) fn new(most: usize) -> Self {
        Self {
            queues: HashMap::new(),
            turns: VecDeque::new(),
            aside: HashMap::new(),
            heavy: HashSet::new(),
            line: VecDeque::new(),
            count: 0,
            ready: 0,
            room: QUEUE,
            most,
        }
    }
    pub(super) fn is_full_for(&self, tenant: TenantId) -> bool {
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
    /// The oldest commands of the tenants whose turn it is, as many as fit a transaction: first an equal part of each tenant's, then more of
    /// those that have more, but of nobody's lines more than a part. Who finds no room is first in the next one. A heavy command has a
    /// transaction of its own, beside the shared one: of so many as there is room for, and the tenants behind them stand in line until one is let in.
    pub(super) fn next_batches(&mut self, weight: impl Fn(&C) -> usize, room_aside: usize) -> Next<C> {
        self.heavy.retain(|tenant| self.aside.contains_key(tenant));
        let places = HEAVY_ASIDE.saturating_sub(self.heavy.len()).min(room_aside);
        let turns = std::mem::take(&mut self.turns);
        let mut room = Room { commands: self.most, weight: if turns.len() > 1 { SHARED_WEIGHT } else { MAX_WEIGHT } };
        let tenants = turns.len().max(1);
        let part = Room { commands: (room.commands / tenants).max(1), weight: (room.weight / tenants).max(HEAVY_WEIGHT) };
        let (mut shared, mut heavy): (Vec<Batch<C>>, Vec<Batch<C>>) = (Vec::new(), Vec::new());
        let mut left_out = VecDeque::new();
        for tenant in turns {
            let Some(queue) = self.queues.get_mut(&tenant) else { continue };
            let is_heavy = queue.front().is_some_and(|command| weight(command) > HEAVY_WEIGHT);
            if is_heavy && places == 0 {
                self.stand_in_line(tenant);
                continue;
            }
            let (batches, commands) = if is_heavy {
                let has_place = heavy.len() < places;
                (&mut heavy, if has_place { take_heavy(queue, self.most, &weight) } else { Vec::new() })
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
            let own: usize = commands.iter().map(&weight).sum();
            commands.extend(room.fill(queue, Room { commands: usize::MAX, weight: part.weight.saturating_sub(own) }, &weight));
        }
        self.heavy.extend(heavy.iter().map(|batch| batch.tenant));
        let next = Next { shared, heavy };
        self.took(&next);
        next
    }
    /// Tenants that have more keep their turns.
    fn took(&mut self, next: &Next<C>) {
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
    /// The tenant has no turns until one that is set aside is let in again.
    fn stand_in_line(&mut self, tenant: TenantId) {
        self.set_aside(tenant);
        self.line.push_back(tenant);
    }
    /// The tenant has no turns until it is let in again.
    pub(super) fn set_aside(&mut self, tenant: TenantId) {
        self.line.retain(|other| *other != tenant);
        if let Entry::Vacant(aside) = self.aside.entry(tenant) {
            aside.insert(Instant::now());
            self.turns.retain(|turn| *turn != tenant);
            self.ready -= self.queues.get(&tenant).map_or(0, VecDeque::len);
        }
    }
    pub(super) fn is_aside(&self, tenant: TenantId) -> bool {
        self.aside.contains_key(&tenant)
    }
    /// Whether something of the tenant waits, or would have to.
    pub(super) fn has(&self, tenant: TenantId) -> bool {
        self.queues.contains_key(&tenant) || self.aside.contains_key(&tenant)
    }
    /// How many tenants have been aside for longer than the lane waits for one. Those in line wait for others' commands, not for the database.
    pub(super) fn held(&self) -> usize {
        let is_held = |(tenant, since): &(&TenantId, &Instant)| since.elapsed() > PATIENCE && !self.line.contains(*tenant);
        self.aside.iter().filter(is_held).count()
    }
    /// Whether it is the turn of any other tenant.
    pub(super) fn has_others(&self, tenants: &[TenantId]) -> bool {
        self.turns.iter().any(|turn| !tenants.contains(turn))
    }
    /// Puts a batch back before all that waits of its tenant, which is set aside.
    pub(super) fn give_back(&mut self, batch: Batch<C>) {
        if !self.is_aside(batch.tenant) {
            self.set_aside(batch.tenant);
        }
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
    /// The tenant has its turns again, and so have those in line.
    pub(super) fn let_in(&mut self, tenant: TenantId) {
        self.give_turn(tenant);
        for next in std::mem::take(&mut self.line) {
            self.give_turn(next);
        }
    }
    fn give_turn(&mut self, tenant: TenantId) {
        if self.aside.remove(&tenant).is_some()
            && let Some(queue) = self.queues.get(&tenant)
        {
            self.ready += queue.len();
            self.turns.push_back(tenant);
        }
    }
}

/// What a transaction, or a tenant's part of it, has room for.
#[derive(Clone, Copy)]
struct Room {
    commands: usize,
    weight: usize,
}

impl Room {
    fn has(self, weight: usize) -> bool {
        self.commands > 0 && weight <= self.weight
    }
    fn take(&mut self, weight: usize) {
        self.commands -= 1;
        self.weight -= weight;
    }
    /// Takes commands from the front of a tenant's queue, as many as fit its part as well; none that is heavy.
    fn fill<C>(&mut self, queue: &mut VecDeque<C>, mut part: Self, weight: impl Fn(&C) -> usize) -> Vec<C> {
        let mut taken = Vec::new();
        while let Some(next) = queue.front().map(&weight)
            && next <= HEAVY_WEIGHT
            && self.has(next)
            && part.has(next)
        {
            self.take(next);
            part.take(next);
            taken.extend(queue.pop_front());
        }
        taken
    }
}

/// The first command of a queue, which is heavy, and those behind it that fit the lines which tenants share.
fn take_heavy<C>(queue: &mut VecDeque<C>, most: usize, weight: impl Fn(&C) -> usize) -> Vec<C> {
    let (mut taken, mut lines) = (Vec::new(), 0);
    while let Some(next) = queue.front().map(&weight)
        && taken.len() < most
        && (taken.is_empty() || lines + next <= SHARED_WEIGHT)
    {
        lines += next;
        taken.extend(queue.pop_front());
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::group_commit::{ASIDE, MAX_COMMANDS};

    fn tenant(n: u128) -> TenantId {
        TenantId::from_uuid(uuid::Uuid::from_u128(n))
    }
    fn push(waiting: &mut Waiting<usize>, n: u128, command: usize) {
        waiting.push(tenant(n), command);
    }
    fn counts(batches: &[Batch<usize>]) -> Vec<(u128, usize)> {
        batches.iter().map(|batch| (batch.tenant.uuid().as_u128(), batch.commands.len())).collect()
    }
    /// Tenants and how many commands each has in the next shared transaction, and in one of its own.
    fn both(waiting: &mut Waiting<usize>) -> [Vec<(u128, usize)>; 2] {
        let Next { shared, heavy } = waiting.next_batches(|weight| *weight, ASIDE);
        [counts(&shared), counts(&heavy)]
    }
    /// The same where nothing is heavy.
    fn next(waiting: &mut Waiting<usize>) -> Vec<(u128, usize)> {
        let [shared, heavy] = both(waiting);
        assert_eq!(heavy, []);
        shared
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
    fn no_tenant_takes_more_than_its_part_of_the_lines() {
        let mut waiting = Waiting::new(MAX_COMMANDS);
        (0..5).for_each(|_| push(&mut waiting, 1, HEAVY_WEIGHT));
        push(&mut waiting, 2, 1);
        assert_eq!(next(&mut waiting), [(1, SHARED_WEIGHT / 2 / HEAVY_WEIGHT), (2, 1)]);
        (2..=32).for_each(|n| push(&mut waiting, n, 1));
        let shared = next(&mut waiting);
        assert_eq!((shared[0], shared.len()), ((1, 1), 32), "a command that is not heavy always fits");
        assert_eq!(next(&mut waiting), [(1, 2)], "alone it takes all");
    }

    #[test]
    fn a_heavy_command_runs_alone() {
        let mut waiting = Waiting::new(MAX_COMMANDS);
        [1, HEAVY_WEIGHT + 1, 1, MAX_WEIGHT + 1].into_iter().for_each(|weight| push(&mut waiting, 1, weight));
        push(&mut waiting, 2, HEAVY_WEIGHT);
        assert_eq!(both(&mut waiting), [vec![(1, 1), (2, 1)], vec![]], "what came before it goes first");
        push(&mut waiting, 2, 1);
        assert_eq!(both(&mut waiting), [vec![(2, 1)], vec![(1, 2)]], "its tenant's next commands fit its transaction");
        assert_eq!(both(&mut waiting), [vec![], vec![(1, 1)]], "also where it alone is over every limit");
        assert_eq!((both(&mut waiting), waiting.count, waiting.ready), ([vec![], vec![]], 0, 0));
    }

    #[test]
    fn heavy_commands_run_a_few_at_a_time_and_the_rest_stands_in_line() {
        let mut waiting = Waiting::new(MAX_COMMANDS);
        (1..=3).for_each(|n| push(&mut waiting, n, MAX_WEIGHT));
        [(1, 1), (4, 1)].into_iter().for_each(|(n, command)| push(&mut waiting, n, command));
        assert_eq!(both(&mut waiting), [vec![(4, 1)], vec![(1, 1), (2, 1)]]);
        (1..=2).for_each(|n| waiting.set_aside(tenant(n)));
        push(&mut waiting, 4, 1);
        assert_eq!(both(&mut waiting), [vec![(4, 1)], vec![]]);
        assert_eq!((waiting.count, waiting.ready, waiting.held()), (2, 0, 0), "nothing is worth planning");
        push(&mut waiting, 3, 1);
        assert_eq!(waiting.ready, 0, "it waits behind the heavy one");
        waiting.let_in(tenant(2));
        assert_eq!((both(&mut waiting), waiting.count), ([vec![], vec![(3, 1)]], 2));
    }

    #[test]
    fn a_tenant_in_line_that_is_set_aside_is_let_in_by_its_own_transaction_alone() {
        let mut waiting = Waiting::new(MAX_COMMANDS);
        push(&mut waiting, 1, MAX_WEIGHT);
        let Next { shared, heavy } = waiting.next_batches(|weight| *weight, 0);
        assert_eq!((shared.len(), heavy.len(), waiting.ready), (0, 0, 0), "there is no room beside the lane");
        waiting.set_aside(tenant(1));
        waiting.let_in(tenant(2));
        assert_eq!(both(&mut waiting), [vec![], vec![]]);
        waiting.let_in(tenant(1));
        assert_eq!(both(&mut waiting), [vec![], vec![(1, 1)]]);
    }

    #[test]
    fn a_tenant_that_is_set_aside_waits_and_keeps_its_order_while_others_go_on() {
        let mut waiting = Waiting::new(MAX_COMMANDS);
        [(1, MAX_WEIGHT), (1, 11)].into_iter().for_each(|(n, command)| push(&mut waiting, n, command));
        let first = waiting.next_batches(|weight| *weight, ASIDE).heavy.remove(0);
        assert_eq!((first.tenant, &first.commands[..]), (tenant(1), &[MAX_WEIGHT][..]));
        waiting.give_back(first);
        [(1, 12), (2, 20)].into_iter().for_each(|(n, command)| push(&mut waiting, n, command));
        assert_eq!((waiting.count, waiting.ready), (4, 1));
        assert_eq!(next(&mut waiting), [(2, 1)]);
        assert_eq!(next(&mut waiting), [], "it has no turns");
        waiting.let_in(tenant(1));
        let again = waiting.next_batches(|_| 1, ASIDE).shared.remove(0);
        assert_eq!((again.tenant, &again.commands[..]), (tenant(1), &[MAX_WEIGHT, 11, 12][..]));
        assert_eq!((waiting.count, waiting.ready), (0, 0));
    }

    #[test]
    fn what_is_put_back_is_first_and_waits_with_a_tenant_that_is_set_aside() {
        let mut waiting = Waiting::new(MAX_COMMANDS);
        [(1, 10), (2, 20)].into_iter().for_each(|(n, command)| push(&mut waiting, n, command));
        let second = waiting.next_batches(|_| 1, ASIDE).shared.remove(1);
        [(1, 11), (2, 21)].into_iter().for_each(|(n, command)| push(&mut waiting, n, command));
        waiting.put_back(second);
        assert_eq!((waiting.count, waiting.ready), (3, 3));
        let first = waiting.next_batches(|_| 1, ASIDE).shared.remove(0);
        assert_eq!((first.tenant, &first.commands[..]), (tenant(2), &[20, 21][..]));
        assert_eq!((waiting.count, waiting.ready), (0, 0));
        waiting.set_aside(tenant(2));
        waiting.put_back(first);
        assert_eq!((waiting.count, waiting.ready), (2, 0));
        waiting.let_in(tenant(2));
        assert_eq!((next(&mut waiting), waiting.ready), (vec![(2, 2)], 0));
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
