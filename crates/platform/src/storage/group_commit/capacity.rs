//! Number of commands that share a transaction.

use std::collections::VecDeque;

use super::limits::{HEAVY_WEIGHT, SHARED_WEIGHT};

/// Room left in a transaction, or in a tenant's part of it.
#[derive(Clone, Copy)]
pub(super) struct RemainingCapacity {
    pub(super) commands: usize,
    pub(super) weight: usize,
}

impl RemainingCapacity {
    fn has(self, weight: usize) -> bool {
        self.commands > 0 && weight <= self.weight
    }
    fn take(&mut self, weight: usize) {
        self.commands -= 1;
        self.weight -= weight;
    }
    /// Takes commands from the front of a tenant's queue, as many as fit both the room and the
    /// tenant's share; stops before a heavy one.
    pub(super) fn fill<C>(&mut self, queue: &mut VecDeque<C>, mut part: Self, weight: impl Fn(&C) -> usize) -> Vec<C> {
        let mut commands = Vec::new();
        while let Some(next_weight) = queue.front().map(&weight)
            && next_weight <= HEAVY_WEIGHT
            && self.has(next_weight)
            && part.has(next_weight)
        {
            self.take(next_weight);
            part.take(next_weight);
            commands.extend(queue.pop_front());
        }
        commands
    }
}

/// Takes the first command of a queue, which is heavy, and those behind it that fit the lines of a
/// shared transaction.
pub(super) fn take_heavy<C>(queue: &mut VecDeque<C>, limit: usize, weight: impl Fn(&C) -> usize) -> Vec<C> {
    let (mut commands, mut lines) = (Vec::new(), 0);
    while let Some(next_weight) = queue.front().map(&weight)
        && commands.len() < limit
        && (commands.is_empty() || lines + next_weight <= SHARED_WEIGHT)
    {
        lines += next_weight;
        commands.extend(queue.pop_front());
    }
    commands
}
