//! The life cycle of a signing key: next → active → retired → removed. Pure.

use entity::prelude::{SigningKeyId, Timestamp};

/// Seconds for which a key is published before it signs, so that clients that cache the key set
/// have it in time.
pub const LEAD_SECONDS: i64 = 3600;
/// Seconds for which a key signs until the next one replaces it.
pub const ROTATE_SECONDS: i64 = 90 * 24 * 3600;
/// Seconds for which a key verifies after it stopped signing: longer than the maximum lifetime of
/// an access token (24 hours), plus clock skew.
pub const RETIRED_KEY_SECONDS: i64 = 25 * 3600;

/// State of a signing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Published, does not sign yet.
    Next,
    /// Signs.
    Active,
    /// Does not sign any more, still checks.
    Retired,
    /// No longer verifies tokens; to be removed.
    Gone,
}

/// The states of keys, given in the order in which they begin to sign.
pub fn states(signs_from: &[Timestamp], now: Timestamp) -> Vec<KeyState> {
    let active = signs_from.iter().rposition(|from| *from <= now).unwrap_or_default();
    let state = |(index, _): (usize, &Timestamp)| match index.cmp(&active) {
        std::cmp::Ordering::Greater => KeyState::Next,
        std::cmp::Ordering::Equal => KeyState::Active,
        std::cmp::Ordering::Less if signs_from[index + 1].plus_seconds(RETIRED_KEY_SECONDS) > now => KeyState::Retired,
        std::cmp::Ordering::Less => KeyState::Gone,
    };
    signs_from.iter().enumerate().map(state).collect()
}

/// Changes of the signing keys that are due now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RotationPlan {
    /// Time from which a new key has to sign, if one has to be created.
    pub make_for: Option<Timestamp>,
    pub remove: Vec<SigningKeyId>,
}

pub fn plan_rotation(keys: &[(SigningKeyId, Timestamp)], now: Timestamp) -> RotationPlan {
    let times: Vec<Timestamp> = keys.iter().map(|(_, from)| *from).collect();
    let states = states(&times, now);
    let expired_keys = keys.iter().zip(&states).filter(|(_, state)| **state == KeyState::Gone);
    let is_due = match (times.last(), states.last()) {
        (Some(from), Some(KeyState::Active)) => from.plus_seconds(ROTATE_SECONDS - LEAD_SECONDS) <= now,
        _ => false,
    };
    RotationPlan {
        make_for: is_due.then(|| now.plus_seconds(LEAD_SECONDS)),
        remove: expired_keys.map(|((id, _), _)| *id).collect(),
    }
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
        assert_eq!(at(999 + RETIRED_KEY_SECONDS), [KeyState::Retired, KeyState::Active]);
        assert_eq!(at(1000 + RETIRED_KEY_SECONDS), [KeyState::Gone, KeyState::Active]);
    }

    #[test]
    fn the_next_key_is_made_in_time_and_once() {
        let one = [key(1, 0)];
        let due = ROTATE_SECONDS - LEAD_SECONDS;
        assert_eq!(plan_rotation(&one, key(0, due - 1).1), RotationPlan::default());
        assert_eq!(plan_rotation(&one, key(0, due).1).make_for, Some(key(0, ROTATE_SECONDS).1));
        let two = [key(1, 0), key(2, ROTATE_SECONDS)];
        assert_eq!(plan_rotation(&two, key(0, due + 1).1), RotationPlan::default());
        assert_eq!(
            plan_rotation(&two, key(0, ROTATE_SECONDS + RETIRED_KEY_SECONDS).1),
            RotationPlan { make_for: None, remove: vec![one[0].0] }
        );
    }
}
