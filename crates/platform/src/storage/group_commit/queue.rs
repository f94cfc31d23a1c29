//! Entrance of commands to a lane.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use entity::prelude::TenantId;
use tokio::sync::Notify;

use super::{limits::HEAVY_WEIGHT, waiting::WaitingCommands};

/// Entrance of commands to a lane. The lane is woken once for a batch, not for each command.
pub(super) struct LaneQueue<C> {
    queue: Mutex<Queue<C>>,
    pub(super) is_enough: Notify,
}

pub(super) struct Queue<C> {
    pub(super) waiting: WaitingCommands<C>,
    /// Number of commands that the lane waits for.
    pub(super) enough: usize,
    /// Number of commands that are being written.
    pub(super) under_way: usize,
    pub(super) closed: bool,
}

/// Load of a lane, for the choice of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) commands: usize,
    /// Whether something of the tenant waits there, or would have to.
    pub(super) has_tenant: bool,
}

impl<C> LaneQueue<C> {
    pub(super) fn new(max_commands: usize) -> Arc<Self> {
        let queue = Queue { waiting: WaitingCommands::new(max_commands), enough: 1, under_way: 0, closed: false };
        Arc::new(Self { queue: Mutex::new(queue), is_enough: Notify::new() })
    }
    pub(super) fn lock(&self) -> MutexGuard<'_, Queue<C>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Queues a command. Returns it if too many wait, or if it is heavy and its tenant's heavy
    /// commands take too long already.
    pub(super) fn queue_command(&self, tenant: TenantId, command: C, weight: impl Fn(&C) -> usize) -> Result<(), C> {
        let mut queue = self.lock();
        let is_heavy = weight(&command) > HEAVY_WEIGHT;
        if queue.waiting.is_full_for(tenant) || (is_heavy && queue.waiting.has_too_many_lines(tenant, weight)) {
            return Err(command);
        }
        let before = queue.waiting.ready;
        queue.waiting.push(tenant, command);
        if before < queue.enough && queue.waiting.ready == queue.enough {
            self.is_enough.notify_one();
        }
        Ok(())
    }
    /// Returns the number of waiting commands, and of tenants that have been aside for longer than
    /// the lane waits for a batch.
    pub(super) fn lane_status(&self) -> (usize, usize) {
        let queue = self.lock();
        (queue.waiting.count, queue.waiting.count_stuck_tenants())
    }
    pub(super) fn load(&self, tenant: TenantId) -> Load {
        let queue = self.lock();
        let waiting = &queue.waiting;
        Load { commands: waiting.count + queue.under_way, has_tenant: waiting.has(tenant) }
    }
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.is_enough.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::group_commit::limits::{EXCLUSIVE_WEIGHT, MAX_COMMANDS, MAX_QUEUED_ASIDE, MAX_WAIT, QUEUE};

    fn tenant(n: u128) -> TenantId {
        TenantId::from_uuid(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn a_tenant_that_is_set_aside_does_not_fill_the_lane() {
        let door = LaneQueue::new(MAX_COMMANDS);
        door.lock().waiting.set_aside(tenant(1));
        let entered = (0..QUEUE).filter(|n| door.queue_command(tenant(1), *n, |_| 1).is_ok()).count();
        assert_eq!(entered, MAX_QUEUED_ASIDE);
        assert!(door.queue_command(tenant(2), 0, |_| 1).is_ok());
    }

    #[test]
    fn heavy_commands_of_a_tenant_are_refused_that_would_wait_too_long() {
        const HEAVY: usize = 500;
        let door = LaneQueue::new(MAX_COMMANDS);
        let enters = |n, lines: usize| door.queue_command(tenant(n), lines, |lines| *lines).is_ok();
        // A command of 500 lines was written in a quarter of the time that one may wait.
        door.lock().waiting.pace.record_duration(tenant(1), HEAVY, MAX_WAIT / 4);
        assert_eq!((0..10).filter(|_| enters(1, HEAVY)).count(), 4);
        assert!(enters(1, 1), "a small one waits behind these alone");
        assert!(enters(2, HEAVY), "they count for their tenant alone");
        let taken = door.lock().waiting.next_batches(|lines| *lines, 1);
        assert_eq!(taken.heavy.iter().map(|batch| batch.commands.len()).collect::<Vec<_>>(), [1]);
        assert!(enters(1, HEAVY) && !enters(1, HEAVY), "there is room for one more");
    }

    #[test]
    fn a_neighbour_whose_heavy_commands_are_slow_has_no_others_refused() {
        const HEAVY: usize = 500;
        let door = LaneQueue::new(MAX_COMMANDS);
        door.lock().waiting.pace.record_duration(tenant(1), HEAVY, MAX_WAIT / 4);
        door.lock().waiting.pace.record_duration(tenant(2), HEAVY, 9 * MAX_WAIT);
        let entered = |n| (0..10).filter(|_| door.queue_command(tenant(n), HEAVY, |lines| *lines).is_ok()).count();
        assert_eq!([1, 2].map(entered), [4, 2]);
    }

    #[test]
    fn what_several_people_count_at_once_is_no_thousands_of_lines() {
        let door = LaneQueue::new(MAX_COMMANDS);
        // Changes of 500 levels are written in an eighth of the time that one may wait; one that is recorded of a count is decided alone.
        door.lock().waiting.pace.record_duration(tenant(1), 500, MAX_WAIT / 8);
        let counts = (0..20).filter(|_| door.queue_command(tenant(2), EXCLUSIVE_WEIGHT, |lines| *lines).is_ok()).count();
        assert_eq!(counts, 8);
        let taken = door.lock().waiting.next_batches(|lines| *lines, 1);
        assert_eq!(taken.heavy.iter().map(|batch| batch.commands.len()).collect::<Vec<_>>(), [1], "alone all the same");
    }

    #[test]
    fn after_a_slow_moment_large_commands_may_wait_in_twos_again() {
        const LARGE: usize = 600;
        let door = LaneQueue::new(MAX_COMMANDS);
        let entered = || (0..3).filter(|_| door.queue_command(tenant(1), LARGE, |lines| *lines).is_ok()).count();
        door.lock().waiting.pace.record_duration(tenant(1), LARGE, 9 * MAX_WAIT);
        assert_eq!(entered(), 1, "one fills the room");
        assert_eq!(door.lock().waiting.next_batches(|lines| *lines, 1).heavy.len(), 1);
        assert_eq!(entered(), 2, "the second one tells how long a turn takes");
    }

    #[test]
    fn small_commands_do_not_keep_a_heavy_one_out() {
        let door = LaneQueue::new(MAX_COMMANDS);
        let enters = |lines: usize| door.queue_command(tenant(1), lines, |lines| *lines).is_ok();
        door.lock().waiting.pace.record_duration(tenant(1), 500, 9 * MAX_WAIT);
        (0..6).for_each(|_| assert!(enters(100)));
        assert!(enters(500) && !enters(500));
    }
}
