//! State of a replica at its last sample, and whether a read may go there.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use tokio::time::Instant;

use super::freshness::Freshness;

/// A replica by its last sample.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ReplicaState {
    /// True if the server answers and is a replica.
    pub is_up: bool,
    pub timeline: i64,
    /// Position up to which it has replayed.
    pub replayed: i64,
    /// Last time whose writes it has all replayed; None if unknown, or long ago.
    pub as_of: Option<Instant>,
}

/// Reason that a read does not go to a replica. The later ones are nearer to being used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PrimaryReason {
    /// The replica does not answer.
    Down,
    /// The replica is further behind than reads may be.
    Stale,
    /// The replica has yet to replay the caller's own writes.
    Behind,
}

impl PrimaryReason {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Stale => "stale",
            Self::Behind => "behind",
        }
    }
}

impl ReplicaState {
    /// Whether its rows are fresh enough, where none may be older than `staleness`.
    pub(super) fn fits(&self, freshness: Freshness, staleness: Duration, now: Instant) -> Result<(), PrimaryReason> {
        if !self.is_up {
            return Err(PrimaryReason::Down);
        }
        let (position, max_staleness) = match freshness {
            Freshness::Primary => return Err(PrimaryReason::Behind),
            Freshness::After(position) => (Some(position), staleness),
            Freshness::Bounded(max_staleness) => (None, max_staleness.min(staleness)),
        };
        if self.as_of.is_none_or(|as_of| now.duration_since(as_of) > max_staleness) {
            return Err(PrimaryReason::Stale);
        }
        // On an older timeline the same number may be that of a history which was given up.
        match position {
            Some(position) if self.timeline < position.timeline || self.replayed < position.lsn => Err(PrimaryReason::Behind),
            _ => Ok(()),
        }
    }
}

/// Returns the rank of a replica for a session: the same on all nodes, and a replica that goes away
/// changes nothing for the sessions of the others.
pub(super) fn rank(name: &str, session: u128) -> u64 {
    let mut hasher = DefaultHasher::new();
    (name, session).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::replicas::freshness::Position;

    const BOUND: Duration = Duration::from_secs(5);

    fn state(now: Instant) -> ReplicaState {
        ReplicaState { is_up: true, timeline: 2, replayed: 1_000, as_of: now.checked_sub(Duration::from_secs(2)) }
    }

    #[test]
    fn a_replica_that_is_fresh_enough_is_read() {
        let now = Instant::now();
        let fits = |freshness| state(now).fits(freshness, BOUND, now);
        assert_eq!(fits(Freshness::Bounded(BOUND)), Ok(()));
        assert_eq!(fits(Freshness::After(Position { timeline: 2, lsn: 1_000 })), Ok(()));
        assert_eq!(fits(Freshness::After(Position { timeline: 1, lsn: 900 })), Ok(()), "a timeline goes on where another ended");
    }

    #[test]
    fn one_that_is_down_stale_or_behind_is_not() {
        let now = Instant::now();
        let fits = |freshness| state(now).fits(freshness, BOUND, now);
        assert_eq!(fits(Freshness::Primary), Err(PrimaryReason::Behind));
        assert_eq!(fits(Freshness::Bounded(Duration::from_secs(1))), Err(PrimaryReason::Stale));
        assert_eq!(fits(Freshness::After(Position { timeline: 2, lsn: 1_001 })), Err(PrimaryReason::Behind));
        assert_eq!(fits(Freshness::After(Position { timeline: 3, lsn: 1 })), Err(PrimaryReason::Behind), "an older timeline");
        assert_eq!(fits(Freshness::After(Position::UNKNOWN)), Err(PrimaryReason::Behind));
        let old = now + Duration::from_secs(10);
        assert_eq!(
            state(now).fits(Freshness::Bounded(Duration::from_mins(1)), BOUND, old),
            Err(PrimaryReason::Stale),
            "of the two bounds the nearer"
        );
        assert_eq!(state(now).fits(Freshness::After(Position { timeline: 1, lsn: 1 }), BOUND, old), Err(PrimaryReason::Stale));
        let unknown = ReplicaState { as_of: None, ..state(now) };
        assert_eq!(unknown.fits(Freshness::Bounded(BOUND), BOUND, now), Err(PrimaryReason::Stale));
        let down = ReplicaState { is_up: false, ..state(now) };
        assert_eq!(down.fits(Freshness::Bounded(BOUND), BOUND, now), Err(PrimaryReason::Down));
    }

    #[test]
    fn sessions_are_spread_and_each_keeps_its_own() {
        let prefers_a = |session| rank("a", session) > rank("b", session);
        let many = (0..1_000_u128).filter(|session| prefers_a(*session)).count();
        assert!((300..700).contains(&many), "{many} of 1,000 lean to the one");
        assert_eq!(prefers_a(7), prefers_a(7));
    }
}
