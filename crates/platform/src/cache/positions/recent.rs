//! Positions of writes, each with an expiry.

use std::collections::HashMap;

use tokio::time::Instant;

use crate::storage::replicas::Position;

/// Maximum sessions with a position each. If more of them write within seconds, one position
/// applies to all sessions.
const MAX: usize = 50_000;

type PositionExpiry = (Position, Instant);

#[derive(Default)]
pub(super) struct Recent {
    sessions: HashMap<u128, PositionExpiry>,
    /// For all sessions.
    floor: Option<PositionExpiry>,
}

impl Recent {
    /// Returns the position of the session's last write, unless it has expired.
    pub(super) fn of(&self, session: u128, now: Instant) -> Option<Position> {
        let own_position = self.sessions.get(&session);
        [own_position, self.floor.as_ref()]
            .into_iter()
            .flatten()
            .filter(|(_, expires_at)| *expires_at > now)
            .map(|(position, _)| *position)
            .max()
    }

    pub(super) fn take(&mut self, session: u128, position: Position, expires_at: Instant, now: Instant) {
        if self.sessions.len() >= MAX {
            self.sessions.retain(|_, (_, expires_at)| *expires_at > now);
        }
        if self.sessions.len() >= MAX {
            let positions = self.sessions.drain().map(|(_, position)| position).chain(self.floor);
            self.floor = positions.reduce(|one, other| (one.0.max(other.0), one.1.max(other.1)));
        }
        let last = self.sessions.entry(session).or_insert((position, expires_at));
        // An expired position no longer counts, and a known position includes all earlier commits.
        let is_valid = last.1 > now && last.0 != Position::UNKNOWN;
        *last = (if is_valid { last.0.max(position) } else { position }, expires_at);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(lsn: i64) -> Position {
        Position { timeline: 1, lsn }
    }

    #[test]
    fn a_session_has_its_last_write_until_it_no_longer_matters() {
        let (mut recent, now) = (Recent::default(), Instant::now());
        let after = |seconds| now + Duration::from_secs(seconds);
        recent.take(1, at(200), after(10), now);
        recent.take(1, at(100), after(11), after(1));
        assert_eq!(recent.of(1, after(2)), Some(at(200)), "a write that is told late takes nothing back");
        assert_eq!(recent.of(2, after(2)), None, "another session has written nothing");
        assert_eq!(recent.of(1, after(11)), None);
        recent.take(1, at(150), after(30), after(20));
        assert_eq!(recent.of(1, after(25)), Some(at(150)), "what is over counts no more");
        recent.take(1, Position::UNKNOWN, after(31), after(21));
        assert_eq!(recent.of(1, after(25)), Some(Position::UNKNOWN));
        recent.take(1, at(300), after(32), after(22));
        assert_eq!(recent.of(1, after(25)), Some(at(300)), "a position that is known lies behind one that is not");
    }

    #[test]
    fn more_sessions_than_are_remembered_share_the_last_of_their_writes() {
        let (mut recent, now) = (Recent::default(), Instant::now());
        let until = now + Duration::from_secs(10);
        for session in 0..=MAX as u128 {
            recent.take(session, at(session as i64), until, now);
        }
        assert!(recent.sessions.len() <= MAX);
        assert_eq!(recent.of(3, now), Some(at(MAX as i64 - 1)), "no write is forgotten");
        assert_eq!(recent.of(3, until), None);
    }
}
