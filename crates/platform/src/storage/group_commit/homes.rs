//! Which lane a tenant's commands go to: by load, and the same one for as long as that is well.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use entity::prelude::TenantId;
use tokio::time::Instant;

use super::{FULL, queue::Load};

/// The lanes of the tenants that were active lately.
#[derive(Default)]
pub(super) struct Homes(Mutex<HashMap<TenantId, Home>>);

#[derive(Clone, Copy)]
struct Home {
    lane: usize,
    /// When its last command came.
    at: Instant,
}

/// A tenant that sent nothing for so long has nothing under way any more: it may be given another lane, which reads anew what the old one knew.
const QUIET: Duration = Duration::from_millis(50);
/// Beyond so many tenants the map begins anew.
const MOST_TENANTS: usize = 100_000;

impl Homes {
    /// The lane of a tenant. A new one goes to the first lane that is not full, so that tenants share transactions while they are few, and to the
    /// least busy one where all are. A tenant moves only where its lane is full, and not while something of it is on the way there.
    pub(super) fn lane_of(&self, tenant: TenantId, now: Instant, lanes: usize, load: impl Fn(usize) -> Load) -> usize {
        let mut homes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(home) = homes.get_mut(&tenant) {
            let was_quiet = now.duration_since(home.at) > QUIET;
            home.at = now;
            if !was_quiet {
                return home.lane;
            }
            let own = load(home.lane);
            if !own.has_tenant && own.commands >= FULL {
                home.lane = choose(lanes, load);
            }
            return home.lane;
        }
        if homes.len() >= MOST_TENANTS {
            homes.clear();
        }
        let lane = choose(lanes, load);
        homes.insert(tenant, Home { lane, at: now });
        lane
    }
}

fn choose(lanes: usize, load: impl Fn(usize) -> Load) -> usize {
    let mut least = (0, usize::MAX);
    for lane in 0..lanes {
        let Load { commands, .. } = load(lane);
        if commands < FULL {
            return lane;
        }
        if commands < least.1 {
            least = (lane, commands);
        }
    }
    least.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(n: u128) -> TenantId {
        TenantId::from_uuid(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn tenants_share_a_lane_until_it_is_full_and_keep_theirs() {
        let (homes, start) = (Homes::default(), Instant::now());
        let later = |times: u32| start + 2 * times * QUIET;
        let loads = |all: [usize; 3]| move |lane: usize| Load { commands: all[lane], has_tenant: false };
        assert_eq!(homes.lane_of(tenant(1), start, 3, loads([0, 0, 0])), 0);
        assert_eq!(homes.lane_of(tenant(2), start, 3, loads([FULL - 1, 0, 0])), 0);
        assert_eq!(homes.lane_of(tenant(3), start, 3, loads([FULL, 0, 0])), 1);
        assert_eq!(homes.lane_of(tenant(4), start, 3, loads([FULL + 2, FULL + 1, FULL + 2])), 1, "the least busy");
        assert_eq!(homes.lane_of(tenant(1), start, 3, loads([FULL, 0, 0])), 0, "something of it may be on the way");
        assert_eq!(homes.lane_of(tenant(1), later(1), 3, loads([FULL - 1, 0, 0])), 0, "its lane is not full");
        let waits = |lane: usize| Load { commands: [FULL, 0, 0][lane], has_tenant: lane == 0 };
        assert_eq!(homes.lane_of(tenant(1), later(2), 3, waits), 0, "something of it waits there");
        assert_eq!(homes.lane_of(tenant(1), later(3), 3, loads([FULL, 0, 0])), 1);
    }
}
