//! The list of members: its filter and its pages; and how a member is named.

use async_graphql::{Enum, ID, InputObject, OneofObject};
use entity::prelude::Timestamp;
use iam::identity::{MemberFilter as Tests, MemberSort as By, MembersSorted};
use platform::storage::Nested;

use super::{Member, MemberStatus};
use crate::{
    catalog::Direction,
    connection,
    graphql::{
        fault::Answer,
        filters::{DateTimeFilter, IdFilter, intersect_values, searchable},
        nested::{field_path, read_nested},
        refusal::Path,
    },
    orders::filters::below,
};

/// Reference to a member: exactly one field.
#[derive(Debug, Clone, OneofObject)]
pub enum MemberRef {
    /// ID of the member.
    Id(ID),
    /// E-mail address of the member, as `Member.email` shows it; case is ignored. Needs member.read.
    Email(String),
}

/// Members that match all of these; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct MemberFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<MemberFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<MemberFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<MemberFilter>>,
    /// The member itself.
    pub id: Option<IdFilter>,
    /// Statuses to include; INVITED has the pending invitations. An empty list matches nothing.
    pub status: Option<Vec<MemberStatus>>,
    /// Part of the name or the e-mail address, in any spelling of the letters A to Z; at most 255 characters. An empty text matches all.
    pub search: Option<String>,
    /// True for members with a second factor, false for those without one, null for both.
    pub is_mfa_enabled: Option<bool>,
    /// Time at which the member was created.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the member last changed.
    pub updated_at: Option<DateTimeFilter>,
    /// Time at which the member was last seen. Invited members were not seen yet: they match `isNull: true` alone.
    pub last_seen_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(MemberFilter);
crate::dated_filter!(MemberFilter, [] "createdAt" created_at, "updatedAt" updated_at, "lastSeenAt" last_seen_at);

/// Sort order of a list of members; members with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct MemberSort {
    /// Field by which the members are sorted.
    pub field: MemberSortField,
    /// Direction of the sort; ASC by default.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field by which members can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "By", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum MemberSortField {
    /// E-mail address of the member.
    Email,
    /// Name of the member; the case of the letters A to Z is ignored.
    DisplayName,
    /// Time at which the member was created.
    CreatedAt,
    /// Time at which the member was last seen. A member who was not seen yet counts as the earliest.
    LastSeenAt,
}

crate::sorts::rows_sorted!(from MemberSort => MembersSorted);

impl MemberFilter {
    /// Compiles the filter for the rows, combined with the statuses of a separate argument; an
    /// empty list of these means all.
    pub fn read(self, extra_statuses: Vec<MemberStatus>) -> Answer<Nested<Tests>> {
        let mut filter = read_nested(self, &mut Self::tests)?;
        let extra_statuses: Option<Vec<_>> =
            (!extra_statuses.is_empty()).then(|| extra_statuses.into_iter().map(Into::into).collect());
        filter.own.statuses = intersect_values(filter.own.statuses, extra_statuses);
        Ok(filter)
    }

    /// Compiles the tests of one filter, without its nested filters.
    fn tests(mut self, at: &Path) -> Answer<Tests> {
        let is_null = self.last_seen_at.as_mut().and_then(|filter| filter.is_null.take());
        if let Some(text) = &self.search {
            searchable(text, || below(at, "search"))?;
        }
        Ok(Tests {
            statuses: self.status.map(|list| list.into_iter().map(Into::into).collect()),
            ids: self.id.map(|filter| filter.ids(&field_path(at, "id"))).transpose()?.flatten(),
            search: self.search,
            mfa_enabled: self.is_mfa_enabled,
            created: moments(self.created_at.as_ref()),
            updated: moments(self.updated_at.as_ref()),
            last_seen: moments(self.last_seen_at.as_ref()),
            is_seen: is_null.map(|is_null| !is_null),
        })
    }
}

/// The span of a range of time that may be left out.
fn moments(filter: Option<&DateTimeFilter>) -> [Option<Timestamp>; 2] {
    let (from, before) = filter.map(DateTimeFilter::range).unwrap_or_default();
    [from, before]
}

connection!(counted MemberConnection, MemberEdge, Member, "members");
