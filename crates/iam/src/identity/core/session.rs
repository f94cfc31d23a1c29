//! Rules for a refresh token that is presented again. Pure.
//!
//! A token is rotated each time it is used, and the chain of a session's tokens is its family. A
//! rotated token that is presented again comes from another page of the same browser, from a lost
//! response, or from a thief's copy. Within seconds it is a page, and gets the same successor
//! again: so exactly one token continues the session, for every page and however often it is
//! presented. Later it counts as a lost response as long as its successor has not been used. If the
//! successor was already rotated, or was used and the seconds are over, it is a copy.

use entity::prelude::Timestamp;

/// Seconds without use after which a session ends.
pub const IDLE_SECONDS: i64 = 12 * 3600;
/// Seconds after which a session ends even if it is used.
pub const ABSOLUTE_SECONDS: i64 = 14 * 24 * 3600;
/// Seconds during which the same successor is returned again.
pub const REUSE_GRACE_SECONDS: i64 = 10;
/// Seconds during which a response may count as lost.
pub const LOST_REPLY_SECONDS: i64 = 60;
/// Maximum clock difference of two nodes: a successor may seem to be issued this many seconds after
/// the call that presents its predecessor.
const SKEW_SECONDS: i64 = 60;

/// Stored state of a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenState {
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    /// First use of the access token that was issued with it.
    pub used_at: Option<Timestamp>,
    pub rotated_at: Option<Timestamp>,
    /// Time at which it was revoked because the response with it was lost.
    pub dead_at: Option<Timestamp>,
}

/// A refresh token as presented by the client.
#[derive(Debug, Clone, Copy)]
pub struct PresentedToken {
    pub token: TokenState,
    /// The token that replaced it, if it was rotated.
    pub successor: Option<TokenState>,
    /// Arrival time of the call, before anything was locked.
    pub arrived_at: Timestamp,
    pub now: Timestamp,
}

/// Response to a presented token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshDecision {
    /// Give the next one.
    Rotate,
    /// Another page has just received the next token: return the same.
    Again,
    /// The response was lost: withdraw the successor and issue another.
    Replace,
    /// The token was stolen: end the whole family.
    EndFamily,
    /// The token has expired.
    Expired,
}

pub fn step(presented: PresentedToken) -> RefreshDecision {
    let PresentedToken { token, successor, arrived_at, now } = presented;
    if token.dead_at.is_some() {
        return RefreshDecision::EndFamily;
    }
    let Some(rotated_at) = token.rotated_at else {
        return if token.expires_at > now { RefreshDecision::Rotate } else { RefreshDecision::Expired };
    };
    let Some(next) = successor.filter(|next| next.rotated_at.is_none() && next.dead_at.is_none()) else {
        return RefreshDecision::EndFamily;
    };
    // The arrival time counts, since a call may have waited behind others. A replaced successor
    // counts from its own issue, so that one of several clients that missed a response stays signed
    // in.
    let since = arrived_at.micros() - next.issued_at.micros();
    if (-SKEW_SECONDS * 1_000_000..=REUSE_GRACE_SECONDS * 1_000_000).contains(&since) {
        return RefreshDecision::Again;
    }
    if next.used_at.is_none() && rotated_at.plus_seconds(LOST_REPLY_SECONDS) >= now {
        RefreshDecision::Replace
    } else {
        RefreshDecision::EndFamily
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_000_000_000);
    const FRESH: TokenState = TokenState {
        issued_at: START,
        expires_at: Timestamp(START.0 + IDLE_SECONDS * 1_000_000),
        used_at: None,
        rotated_at: None,
        dead_at: None,
    };
    const ROTATED: TokenState = TokenState { rotated_at: Some(START), ..FRESH };
    const USED: TokenState = TokenState { used_at: Some(START), ..FRESH };

    fn shown(token: TokenState, successor: Option<TokenState>, after: i64) -> RefreshDecision {
        let now = START.plus_seconds(after);
        step(PresentedToken { token, successor, arrived_at: now, now })
    }

    #[test]
    fn a_token_is_good_once_until_it_expires() {
        assert_eq!(shown(FRESH, None, 0), RefreshDecision::Rotate);
        assert_eq!(shown(USED, None, 600), RefreshDecision::Rotate);
        assert_eq!(shown(FRESH, None, IDLE_SECONDS - 1), RefreshDecision::Rotate);
        assert_eq!(shown(FRESH, None, IDLE_SECONDS), RefreshDecision::Expired);
    }

    #[test]
    fn a_rotated_token_is_another_page_or_a_lost_reply_or_a_theft() {
        for next in [FRESH, USED] {
            assert_eq!(shown(ROTATED, Some(next), 0), RefreshDecision::Again);
            assert_eq!(shown(ROTATED, Some(next), 10), RefreshDecision::Again);
        }
        assert_eq!(shown(ROTATED, Some(FRESH), 11), RefreshDecision::Replace);
        assert_eq!(shown(ROTATED, Some(FRESH), 60), RefreshDecision::Replace);
        assert_eq!(shown(ROTATED, Some(FRESH), 61), RefreshDecision::EndFamily);
        assert_eq!(shown(ROTATED, Some(USED), 11), RefreshDecision::EndFamily);
        for gone in [ROTATED, TokenState { dead_at: Some(START), ..FRESH }] {
            assert_eq!(shown(ROTATED, Some(gone), 1), RefreshDecision::EndFamily, "no page is two tokens behind");
            assert_eq!(shown(TokenState { dead_at: Some(START), ..FRESH }, Some(gone), 1), RefreshDecision::EndFamily);
        }
        assert_eq!(shown(TokenState { dead_at: Some(START), ..FRESH }, None, 1), RefreshDecision::EndFamily);
        assert_eq!(shown(ROTATED, None, 1), RefreshDecision::EndFamily);
    }

    #[test]
    fn of_many_who_missed_a_reply_all_get_the_same_other_one() {
        let replaced = TokenState { issued_at: START.plus_seconds(50), ..FRESH };
        assert_eq!(shown(ROTATED, Some(replaced), 51), RefreshDecision::Again);
        assert_eq!(shown(ROTATED, Some(replaced), 60), RefreshDecision::Again);
        assert_eq!(shown(ROTATED, Some(replaced), 61), RefreshDecision::EndFamily, "the first rotation began the minute");
    }

    #[test]
    fn a_call_that_waited_behind_another_gets_the_same() {
        let call = PresentedToken {
            token: ROTATED,
            successor: Some(USED),
            arrived_at: Timestamp(START.0 - 1),
            now: START.plus_seconds(30),
        };
        assert_eq!(step(call), RefreshDecision::Again);
    }

    #[test]
    fn a_clock_that_was_set_back_makes_a_lost_reply_of_what_nobody_used_and_a_theft_of_the_rest() {
        assert_eq!(shown(ROTATED, Some(FRESH), -30), RefreshDecision::Again, "two nodes' clocks");
        assert_eq!(shown(ROTATED, Some(FRESH), -3_600), RefreshDecision::Replace);
        assert_eq!(shown(ROTATED, Some(USED), -3_600), RefreshDecision::EndFamily);
    }
}
