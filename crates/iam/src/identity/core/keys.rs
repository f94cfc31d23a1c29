//! The life of a signing key: next → active → retired → gone. Pure.

use entity::prelude::{SigningKeyId, Timestamp};

/// A key is published for so long before it signs, so that whoever keeps a copy of the set has it in time.
pub const LEAD_SECONDS: i64 = 3600;
/// A key signs for so long, then another takes its place.
pub const ROTATE_SECONDS: i64 = 90 * 24 * 3600;
/// A key goes on checking for so long after it stopped signing: longer than any access token may live (24 hours), and clocks may differ.
pub const KEEP_SECONDS: i64 = 25 * 3600;

/// Where a key stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Published, does not sign yet.
    Next,
    /// Signs.
    Active,
    /// Does not sign any more, still checks.
    Retired,
    /// Checks nothing any more: to be removed.
    Gone,
}

/// The states of keys, given in the order in which they begin to sign.
pub fn states(signs_from: &[Timestamp], now: Timestamp) -> Vec<KeyState> {
    let active = signs_from.iter().rposition(|from| *from <= now).unwrap_or_default();
    let state = |(index, _): (usize, &Timestamp)| match index.cmp(&active) {
        std::cmp::Ordering::Greater => KeyState::Next,
        std::cmp::Ordering::Equal => KeyState::Active,
        std::cmp::Ordering::Less if signs_from[index + 1].plus_seconds(KEEP_SECONDS) > now => KeyState::Retired,
        std::cmp::Ordering::Less => KeyState::Gone,
    };
    signs_from.iter().enumerate().map(state).collect()
}

/// What is to be done about the keys now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Upkeep {
    /// A new one is to be made, which signs from then on.
    pub make_for: Option<Timestamp>,
    pub remove: Vec<SigningKeyId>,
}

pub fn upkeep(keys: &[(SigningKeyId, Timestamp)], now: Timestamp) -> Upkeep {
    let times: Vec<Timestamp> = keys.iter().map(|(_, from)| *from).collect();
    let states = states(&times, now);
    let gone = keys.iter().zip(&states).filter(|(_, state)| **state == KeyState::Gone);
    let is_due = match (times.last(), states.last()) {
        (Some(from), Some(KeyState::Active)) => from.plus_seconds(ROTATE_SECONDS - LEAD_SECONDS) <= now,
        _ => false,
    };
    Upkeep { make_for: is_due.then(|| now.plus_seconds(LEAD_SECONDS)), remove: gone.map(|((id, _), _)| *id).collect() }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn key(number: u128, from: i64) -> (SigningKeyId, Timestamp) {
        (SigningKeyId::from_uuid(Uuid::from_u128(number)), Timestamp(0).plus_seconds(from))
    }

    #[test]
    fn a_key_goes_from_next_to_gone() {
        let from = [Timestamp(0), Timestamp(0).plus_seconds(1000)];
        let at = |seconds| states(&from, Timestamp(0).plus_seconds(seconds));
        assert_eq!(at(999), [KeyState::Active, KeyState::Next]);
        assert_eq!(at(1000), [KeyState::Retired, KeyState::Active]);
        assert_eq!(at(999 + KEEP_SECONDS), [KeyState::Retired, KeyState::Active]);
        assert_eq!(at(1000 + KEEP_SECONDS), [KeyState::Gone, KeyState::Active]);
    }

    #[test]
    fn the_next_key_is_made_in_time_and_once() {
        let one = [key(1, 0)];
        let due = ROTATE_SECONDS - LEAD_SECONDS;
        assert_eq!(upkeep(&one, key(0, due - 1).1), Upkeep::default());
        assert_eq!(upkeep(&one, key(0, due).1).make_for, Some(key(0, ROTATE_SECONDS).1));
        let two = [key(1, 0), key(2, ROTATE_SECONDS)];
        assert_eq!(upkeep(&two, key(0, due + 1).1), Upkeep::default());
        assert_eq!(upkeep(&two, key(0, ROTATE_SECONDS + KEEP_SECONDS).1), Upkeep { make_for: None, remove: vec![one[0].0] });
    }
}
