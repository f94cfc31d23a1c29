//! What a refresh token that is shown again means. Pure.
//!
//! A token is rotated each time it is used, and the chain of a session's tokens is its family. A rotated token that comes back is either a reply
//! that was lost, or a thief's copy: it is taken for a lost reply only as long as nobody has used what came in its place.

use entity::prelude::Timestamp;

/// A session ends when it was not used for so long.
pub const IDLE_SECONDS: i64 = 12 * 3600;
/// And however much it is used, after so long.
pub const ABSOLUTE_SECONDS: i64 = 14 * 24 * 3600;
/// How long a reply may be taken for lost.
pub const LOST_REPLY_SECONDS: i64 = 60;

/// What is kept of a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    pub expires_at: Timestamp,
    /// When the access token that came with it was first seen.
    pub used_at: Option<Timestamp>,
    pub rotated_at: Option<Timestamp>,
    /// When it was withdrawn because the reply that carried it was lost.
    pub dead_at: Option<Timestamp>,
}

/// A refresh token as it is shown.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    pub token: Kept,
    /// What came in its place, if it was rotated.
    pub successor: Option<Kept>,
    /// When the call came in, before anything was locked.
    pub arrived_at: Timestamp,
    pub now: Timestamp,
}

/// What to do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Give the next one.
    Rotate,
    /// The reply was lost: withdraw the successor and give another.
    Replace,
    /// It was stolen: end the whole family.
    EndFamily,
    /// Another call with the same token was answered while this one waited.
    Raced,
    /// It is too old.
    Expired,
}

pub fn step(shown: Shown) -> Step {
    let Shown { token, successor, arrived_at, now } = shown;
    if token.dead_at.is_some() {
        return Step::EndFamily;
    }
    let Some(rotated_at) = token.rotated_at else {
        return if token.expires_at > now { Step::Rotate } else { Step::Expired };
    };
    let untouched = successor.is_some_and(|next| next.used_at.is_none() && next.rotated_at.is_none());
    if !untouched {
        return Step::EndFamily;
    }
    if arrived_at < rotated_at {
        return Step::Raced;
    }
    if rotated_at.plus_seconds(LOST_REPLY_SECONDS) >= now { Step::Replace } else { Step::EndFamily }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_000_000_000);
    const FRESH: Kept =
        Kept { expires_at: Timestamp(START.0 + IDLE_SECONDS * 1_000_000), used_at: None, rotated_at: None, dead_at: None };

    fn shown(token: Kept, successor: Option<Kept>, after: i64) -> Step {
        let now = START.plus_seconds(after);
        step(Shown { token, successor, arrived_at: now, now })
    }

    #[test]
    fn a_token_is_good_once_until_it_expires() {
        assert_eq!(shown(FRESH, None, 0), Step::Rotate);
        assert_eq!(shown(Kept { used_at: Some(START), ..FRESH }, None, 600), Step::Rotate);
        assert_eq!(shown(FRESH, None, IDLE_SECONDS - 1), Step::Rotate);
        assert_eq!(shown(FRESH, None, IDLE_SECONDS), Step::Expired);
    }

    #[test]
    fn a_rotated_token_is_a_lost_reply_or_a_theft() {
        let rotated = Kept { rotated_at: Some(START), ..FRESH };
        assert_eq!(shown(rotated, Some(FRESH), 60), Step::Replace);
        assert_eq!(shown(rotated, Some(FRESH), 61), Step::EndFamily);
        assert_eq!(shown(rotated, Some(Kept { used_at: Some(START), ..FRESH }), 1), Step::EndFamily);
        assert_eq!(shown(rotated, Some(Kept { rotated_at: Some(START), ..FRESH }), 1), Step::EndFamily);
        assert_eq!(shown(Kept { dead_at: Some(START), ..FRESH }, None, 1), Step::EndFamily);
    }

    #[test]
    fn a_call_that_waited_behind_another_has_lost_no_reply() {
        let token = Kept { rotated_at: Some(START), ..FRESH };
        let arrived_at = Timestamp(START.0 - 1);
        assert_eq!(step(Shown { token, successor: Some(FRESH), arrived_at, now: START.plus_seconds(1) }), Step::Raced);
    }
}
