//! An endpoint, and the checks of its input.

use entity::prelude::{EndpointId, MemberId, TenantId, Timestamp};
use platform::stages::{Stage, Staged};

use super::{
    disabled_reason::DisabledReason,
    event::{NO_SUCH_EVENT, unmatched_patterns},
    schedule::Health,
};
use crate::webhooks::events::Registry;

/// Receiver of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub tenant: TenantId,
    pub id: EndpointId,
    pub url: String,
    pub description: String,
    /// Names of events, `resource.*`, or `*`.
    pub patterns: Vec<String>,
    /// Member whose rights decide what is sent: the one who created the endpoint, last changed its
    /// URL or patterns, or enabled it again.
    pub maker: MemberId,
    /// The last event that was processed for the endpoint.
    pub journal_seq: i64,
    /// Events up to this one were removed before they were processed.
    pub skipped_through: Option<i64>,
    pub health: Health,
    pub disabled: Option<(Timestamp, DisabledReason)>,
    /// Time until which the previous secret signs too.
    pub old_secret_until: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Maximum endpoints of a tenant.
pub const MAX_ENDPOINTS: i64 = 50;
/// Maximum time for which the previous secret signs in addition to a new one: seven days.
pub const MAX_OVERLAP_SECONDS: i64 = 7 * 24 * 3600;
/// Maximum messages that one call names.
pub const MAX_REPLAYED_MESSAGES: usize = 100;
/// Maximum events of a range.
pub const MAX_REPLAYED_SEQS: i64 = 100_000;
/// Number of jobs that the endpoints are spread over, which workers share.
pub const SHARDS: i32 = 4;
const MAX_DESCRIPTION: usize = 500;
const MAX_PATTERNS: usize = 50;
const MAX_URL: usize = 2_048;

/// Reason to reject a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    Required { message: String, field: Vec<String> },
    Invalid { message: String, field: Vec<String> },
    TooLong { most: usize, field: Vec<String> },
    LimitExceeded { message: String, field: Vec<String> },
    OutOfRange { message: String, field: Vec<String> },
    InvalidState { message: String, field: Vec<String> },
    NotFound { field: Vec<String> },
    Stale { actual: i64 },
}

impl Staged for Rejection {
    fn stage(&self) -> Stage {
        match self {
            Self::Required { .. }
            | Self::Invalid { .. }
            | Self::TooLong { .. }
            | Self::LimitExceeded { .. }
            | Self::OutOfRange { .. } => Stage::Shape,
            Self::NotFound { .. } => Stage::Reference,
            Self::InvalidState { .. } | Self::Stale { .. } => Stage::State,
        }
    }
}

fn input(name: &str) -> Vec<String> {
    vec!["input".to_owned(), name.to_owned()]
}

pub fn shard_of(id: EndpointId) -> i32 {
    (id.uuid().as_u128() % SHARDS as u128) as i32
}

pub fn check_url_length(url: &str) -> Result<(), Rejection> {
    if url.trim().is_empty() {
        return Err(Rejection::Required { message: "a URL is needed".to_owned(), field: input("url") });
    }
    if url.len() > MAX_URL { Err(Rejection::TooLong { most: MAX_URL, field: input("url") }) } else { Ok(()) }
}

pub fn check_description(text: &str) -> Result<(), Rejection> {
    if text.chars().count() > MAX_DESCRIPTION {
        return Err(Rejection::TooLong { most: MAX_DESCRIPTION, field: input("description") });
    }
    if text.contains('\0') {
        let message = "a text without NUL characters is expected".to_owned();
        return Err(Rejection::Invalid { message, field: input("description") });
    }
    Ok(())
}

/// Rejects each pattern that matches no existing event.
pub fn check_patterns(patterns: &[String], registry: &Registry) -> Vec<Rejection> {
    if patterns.is_empty() {
        let message = "name at least one event, as in stock.changed, order.* or *".to_owned();
        return vec![Rejection::Invalid { message, field: input("eventTypes") }];
    }
    if patterns.len() > MAX_PATTERNS {
        let message = format!("at most {MAX_PATTERNS} are taken");
        return vec![Rejection::LimitExceeded { message, field: input("eventTypes") }];
    }
    let unknown = unmatched_patterns(patterns, registry).into_iter().map(|index| {
        let mut field = input("eventTypes");
        field.push(index.to_string());
        Rejection::Invalid { message: NO_SUCH_EVENT.to_owned(), field }
    });
    unknown.collect()
}

/// Checks a range of events to send again; both ends are inclusive. `low` is the last removed
/// event.
pub fn check_range(from: i64, to: i64, low: i64, journal_seq: i64) -> Result<(), Rejection> {
    if from <= low || from > journal_seq {
        let message = format!("events {} to {journal_seq} are kept and were processed for this endpoint", low + 1);
        return Err(Rejection::OutOfRange { message, field: input("fromSeq") });
    }
    if to < from || to > journal_seq {
        let message = format!("a number from fromSeq to {journal_seq} is expected");
        return Err(Rejection::OutOfRange { message, field: input("toSeq") });
    }
    if to - from >= MAX_REPLAYED_SEQS {
        let message = format!("a range covers at most {MAX_REPLAYED_SEQS} events");
        return Err(Rejection::LimitExceeded { message, field: input("toSeq") });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the position of a type of event that is refused.
    fn place(rejection: &Rejection) -> Option<&str> {
        match rejection {
            Rejection::Invalid { field, .. } => field.last().map(String::as_str),
            _ => None,
        }
    }

    #[test]
    fn patterns_that_would_be_silence_are_refused() {
        let registry = Registry::of(&[inventory::stock::events::STOCK.events(), inventory::orders::events::ORDER.events()]);
        let check = |patterns: &[&str]| check_patterns(&patterns.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>(), &registry);
        assert!(check(&["stock.changed", "order.*", "*"]).is_empty());
        let refused = check(&["order.*", "stock.change", "stock.changed", "orders.*"]);
        let places: Vec<Option<&str>> = refused.iter().map(place).collect();
        assert_eq!(places, [Some("1"), Some("3")]);
        for idle in ["", "stock", "stock.", ".*", "**", "order.*.*", "Stock.changed"] {
            assert_eq!(check(&[idle]).len(), 1, "{idle}");
        }
        assert_eq!(check(&[]).len(), 1);
    }

    #[test]
    fn a_range_lies_within_what_is_kept_and_was_looked_at() {
        assert_eq!(check_range(5, 9, 4, 9), Ok(()));
        for (from, to) in [(4, 9), (10, 10), (6, 5), (5, 10), (i64::MIN, 9), (5, i64::MAX)] {
            assert!(check_range(from, to, 4, 9).is_err(), "{from}..{to}");
        }
        assert!(matches!(check_range(1, 100_001, 0, 200_000), Err(Rejection::LimitExceeded { .. })));
    }
}
