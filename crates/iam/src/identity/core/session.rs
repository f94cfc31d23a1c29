//! What a refresh token that is shown again means. Pure.
//!
//! A token is rotated each time it is used, and the chain of a session's tokens is its family. A rotated token that comes back is another page of the
//! same browser, a reply that was lost, or a thief's copy. Within seconds it is a page, and gets the same successor again: so there is one token that
//! goes on, whoever asks for it and however often. Later it is taken for a lost reply as long as nobody has used what came in its place. Once that was
//! used to refresh, or seconds later at all, it is a copy.

use entity::prelude::Timestamp;

/// A session ends when it was not used for so long.
pub const IDLE_SECONDS: i64 = 12 * 3600;
/// And however much it is used, after so long.
pub const ABSOLUTE_SECONDS: i64 = 14 * 24 * 3600;
/// How long the same successor is handed out again.
pub const RACE_SECONDS: i64 = 10;
/// How long a reply may be taken for lost.
pub const LOST_REPLY_SECONDS: i64 = 60;
/// How far the clocks of two nodes may differ: a successor may seem to be issued so much after the call that asks for it.
const SKEW_SECONDS: i64 = 60;

/// What is kept of a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    pub issued_at: Timestamp,
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
    /// Another page has just got the next one: give the same.
    Again,
    /// The reply was lost: withdraw the successor and give another.
    Replace,
    /// It was stolen: end the whole family.
    EndFamily,
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
    let Some(next) = successor.filter(|next| next.rotated_at.is_none() && next.dead_at.is_none()) else {
        return Step::EndFamily;
    };
    // By when it came in: a call may have waited behind others. A replaced successor counts from its own beginning, so that of many who missed a reply one
    // goes on too.
    let since = arrived_at.micros() - next.issued_at.micros();
    if (-SKEW_SECONDS * 1_000_000..=RACE_SECONDS * 1_000_000).contains(&since) {
        return Step::Again;
    }
    if next.used_at.is_none() && rotated_at.plus_seconds(LOST_REPLY_SECONDS) >= now { Step::Replace } else { Step::EndFamily }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_000_000_000);
    const FRESH: Kept = Kept {
        issued_at: START,
        expires_at: Timestamp(START.0 + IDLE_SECONDS * 1_000_000),
        used_at: None,
        rotated_at: None,
        dead_at: None,
    };
    const ROTATED: Kept = Kept { rotated_at: Some(START), ..FRESH };
    const USED: Kept = Kept { used_at: Some(START), ..FRESH };

    fn shown(token: Kept, successor: Option<Kept>, after: i64) -> Step {
        let now = START.plus_seconds(after);
        step(Shown { token, successor, arrived_at: now, now })
    }

    #[test]
    fn a_token_is_good_once_until_it_expires() {
        assert_eq!(shown(FRESH, None, 0), Step::Rotate);
        assert_eq!(shown(USED, None, 600), Step::Rotate);
        assert_eq!(shown(FRESH, None, IDLE_SECONDS - 1), Step::Rotate);
        assert_eq!(shown(FRESH, None, IDLE_SECONDS), Step::Expired);
    }

    #[test]
    fn a_rotated_token_is_another_page_or_a_lost_reply_or_a_theft() {
        for next in [FRESH, USED] {
            assert_eq!(shown(ROTATED, Some(next), 0), Step::Again);
            assert_eq!(shown(ROTATED, Some(next), 10), Step::Again);
        }
        assert_eq!(shown(ROTATED, Some(FRESH), 11), Step::Replace);
        assert_eq!(shown(ROTATED, Some(FRESH), 60), Step::Replace);
        assert_eq!(shown(ROTATED, Some(FRESH), 61), Step::EndFamily);
        assert_eq!(shown(ROTATED, Some(USED), 11), Step::EndFamily);
        for gone in [ROTATED, Kept { dead_at: Some(START), ..FRESH }] {
            assert_eq!(shown(ROTATED, Some(gone), 1), Step::EndFamily, "no page is two tokens behind");
            assert_eq!(shown(Kept { dead_at: Some(START), ..FRESH }, Some(gone), 1), Step::EndFamily);
        }
        assert_eq!(shown(Kept { dead_at: Some(START), ..FRESH }, None, 1), Step::EndFamily);
        assert_eq!(shown(ROTATED, None, 1), Step::EndFamily);
    }

    #[test]
    fn of_many_who_missed_a_reply_all_get_the_same_other_one() {
        let replaced = Kept { issued_at: START.plus_seconds(50), ..FRESH };
        assert_eq!(shown(ROTATED, Some(replaced), 51), Step::Again);
        assert_eq!(shown(ROTATED, Some(replaced), 60), Step::Again);
        assert_eq!(shown(ROTATED, Some(replaced), 61), Step::EndFamily, "the first rotation began the minute");
    }

    #[test]
    fn a_call_that_waited_behind_another_gets_the_same() {
        let call =
            Shown { token: ROTATED, successor: Some(USED), arrived_at: Timestamp(START.0 - 1), now: START.plus_seconds(30) };
        assert_eq!(step(call), Step::Again);
    }

    #[test]
    fn a_clock_that_was_set_back_makes_a_lost_reply_of_what_nobody_used_and_a_theft_of_the_rest() {
        assert_eq!(shown(ROTATED, Some(FRESH), -30), Step::Again, "two nodes' clocks");
        assert_eq!(shown(ROTATED, Some(FRESH), -3_600), Step::Replace);
        assert_eq!(shown(ROTATED, Some(USED), -3_600), Step::EndFamily);
    }
}
