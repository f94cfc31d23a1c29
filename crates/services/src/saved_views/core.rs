//! Saved views: links and their secrets, and the events that change a result; the modules of this
//! one have views, readers and schedules.

mod emails;
mod problem;
mod readers;
mod schedule;
mod event_rows;
mod view;

use std::{collections::BTreeSet, fmt};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::prelude::*;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

pub use self::{
    emails::{EmailContent, compose_email, compose_stopped_email},
    event_rows::{MAX_SHOWN_BYTES, MAX_SHOWN_ROWS, first_rows},
    problem::Problem,
    readers::{MAX_READERS, Readers, Sharing, ViewReader},
    schedule::{
        CalendarDay, MAX_FAILED_RUNS, MAX_MAIL_BYTES, MAX_RECIPIENTS, MAX_SCHEDULES, MAX_SCHEDULES_OF_A_VIEW, Run, RunEnd,
        Schedule, ScheduleFields, ScheduleRule, file_extension, media_type,
    },
    view::{
        Change, Fields, MAX_BYTES, MAX_COST, MAX_LIVE_BYTES, MAX_LIVE_COST, MAX_VIEWS, Variables, View, ViewRef, merge_variables,
        variables_problem,
    },
};

/// Maximum links of a view.
pub const MAX_LINKS: usize = 20;
/// Maximum days for which a link is valid.
pub const MAX_DAYS: i32 = 365;

/// A link through which a view is read without an API key.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    pub id: SavedViewLinkId,
    pub view: SavedViewId,
    /// Values of the view's variables, which readers of the link cannot set.
    pub variables: Variables,
    /// Actor whose rights each reading has.
    pub maker: Actor,
    /// API key with which a program created it: the link ends when the key is removed.
    pub key: Option<ApiKeyId>,
    pub expires_at: Timestamp,
    pub created_at: Timestamp,
    /// To the minute.
    pub last_used_at: Option<Timestamp>,
}

/// The secret of a link: `evl_` and, in base 64, the tenant, the link and 32 random bytes. Tenant
/// and link locate the row with its hash.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkToken {
    pub tenant: TenantId,
    pub link: SavedViewLinkId,
    text: String,
}

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkToken({})", self.link)
    }
}

const TOKEN_PREFIX: &str = "evl_";
const UUID_BYTES: usize = 16;
const TOKEN_BYTES: usize = 2 * UUID_BYTES + 32;

impl LinkToken {
    #[must_use]
    pub fn new(tenant: TenantId, link: SavedViewLinkId, random: [u8; 32]) -> Self {
        let bytes = [&tenant.uuid().as_bytes()[..], link.uuid().as_bytes(), &random].concat();
        Self { tenant, link, text: format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)) }
    }

    /// Returns `None` if the text is no such secret.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(TOKEN_PREFIX)?).ok().filter(|bytes| bytes.len() == TOKEN_BYTES)?;
        let uuid = |at: usize| Uuid::from_slice(&bytes[at..at + UUID_BYTES]).ok();
        let (tenant, link) = (TenantId::from_uuid(uuid(0)?), SavedViewLinkId::from_uuid(uuid(UUID_BYTES)?));
        Some(Self { tenant, link, text: text.to_owned() })
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the SHA-256 of the secret, in hexadecimal digits: the stored form.
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(self.text.as_bytes()))
    }
}

/// The events after which the result of a view may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidatedBy {
    Everything,
    /// Events of these types, by the part of the type before the point.
    Nouns(BTreeSet<&'static str>),
}

impl InvalidatedBy {
    pub fn includes(&self, event_type: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Nouns(nouns) => nouns.contains(noun(event_type)),
        }
    }
}

/// Returns the part before the point of an event's type.
#[must_use]
pub fn noun(event_type: &str) -> &str {
    event_type.split_once('.').map_or(event_type, |(noun, _)| noun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_of_a_link_says_where_it_is_kept_and_is_not_written_down() {
        let (tenant, link) = (TenantId::from_uuid(Uuid::from_u128(7)), SavedViewLinkId::from_uuid(Uuid::from_u128(9)));
        let token = LinkToken::new(tenant, link, [5; 32]);
        assert_eq!(LinkToken::parse(token.text()), Some(token.clone()));
        assert_eq!((token.hash().len(), token.hash() == LinkToken::new(tenant, link, [6; 32]).hash()), (64, false));
        assert!(!format!("{token:?}").contains(token.text()));
        for other in ["", "evl_", "evl_AAAA", "epk_live_0", &token.text()[..token.text().len() - 2]] {
            assert_eq!(LinkToken::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_view_is_moved_by_all_events_of_its_nouns() {
        let moved_by = InvalidatedBy::Nouns(BTreeSet::from(["stock", "order"]));
        let types = ["stock.changed", "order.packed", "stock_policy.set", "store.created"];
        assert_eq!(types.map(|event_type| moved_by.includes(event_type)), [true, true, false, false]);
        assert!(InvalidatedBy::Everything.includes("payroll.changed"));
    }
}
