//! Assignment of tenants to lanes: by load, and unchanged as long as the lane is not full.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use entity::prelude::TenantId;
use tokio::time::Instant;

use super::{limits::FULL_LANE_COMMANDS, queue::Load};

/// The lanes of the tenants that were active lately.
#[derive(Default)]
pub(super) struct LaneAssignments(Mutex<HashMap<TenantId, LaneAssignment>>);

#[derive(Clone, Copy)]
struct LaneAssignment {
    lane: usize,
    /// Time of the last command.
    at: Instant,
}

/// Time after which a tenant that sent nothing has no command under way and may move to another
/// lane, which loads its state again.
const REASSIGN_DELAY: Duration = Duration::from_millis(50);
/// Maximum tenants in the map; it is cleared before one more is added.
const MAX_TENANTS: usize = 100_000;

impl LaneAssignments {
    /// Returns the lane of a tenant. A new one gets the first lane that is not full, so that
    /// tenants share transactions while they are few, or the least busy one if all are full. A
    /// tenant moves only if its lane is full and no command of it is on the way there.
    pub(super) fn lane_of(&self, tenant: TenantId, now: Instant, lanes: usize, load: impl Fn(usize) -> Load) -> usize {
        let mut assignments = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(assignment) = assignments.get_mut(&tenant) {
            let was_quiet = now.duration_since(assignment.at) > REASSIGN_DELAY;
            assignment.at = now;
            if !was_quiet {
                return assignment.lane;
            }
            let own_load = load(assignment.lane);
            if !own_load.has_tenant && own_load.commands >= FULL_LANE_COMMANDS {
                assignment.lane = choose(lanes, load);
            }
            return assignment.lane;
        }
        if assignments.len() >= MAX_TENANTS {
            assignments.clear();
        }
        let lane = choose(lanes, load);
        assignments.insert(tenant, LaneAssignment { lane, at: now });
        lane
    }
}

fn choose(lanes: usize, load: impl Fn(usize) -> Load) -> usize {
    let mut least_busy = (0, usize::MAX);
    for lane in 0..lanes {
        let Load { commands, .. } = load(lane);
        if commands < FULL_LANE_COMMANDS {
            return lane;
        }
        if commands < least_busy.1 {
            least_busy = (lane, commands);
        }
    }
    least_busy.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(n: u128) -> TenantId {
        TenantId::from_uuid(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn tenants_share_a_lane_until_it_is_full_and_keep_theirs() {
        let (homes, start) = (LaneAssignments::default(), Instant::now());
        let later = |times: u32| start + 2 * times * REASSIGN_DELAY;
        let loads = |all: [usize; 3]| move |lane: usize| Load { commands: all[lane], has_tenant: false };
        assert_eq!(homes.lane_of(tenant(1), start, 3, loads([0, 0, 0])), 0);
        assert_eq!(homes.lane_of(tenant(2), start, 3, loads([FULL_LANE_COMMANDS - 1, 0, 0])), 0);
        assert_eq!(homes.lane_of(tenant(3), start, 3, loads([FULL_LANE_COMMANDS, 0, 0])), 1);
        assert_eq!(
            homes.lane_of(tenant(4), start, 3, loads([FULL_LANE_COMMANDS + 2, FULL_LANE_COMMANDS + 1, FULL_LANE_COMMANDS + 2])),
            1,
            "the least busy"
        );
        assert_eq!(homes.lane_of(tenant(1), start, 3, loads([FULL_LANE_COMMANDS, 0, 0])), 0, "something of it may be on the way");
        assert_eq!(homes.lane_of(tenant(1), later(1), 3, loads([FULL_LANE_COMMANDS - 1, 0, 0])), 0, "its lane is not full");
        let waits = |lane: usize| Load { commands: [FULL_LANE_COMMANDS, 0, 0][lane], has_tenant: lane == 0 };
        assert_eq!(homes.lane_of(tenant(1), later(2), 3, waits), 0, "something of it waits there");
        assert_eq!(homes.lane_of(tenant(1), later(3), 3, loads([FULL_LANE_COMMANDS, 0, 0])), 1);
    }
}
