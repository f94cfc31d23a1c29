//! The filter of the list of data jobs, as clients write it.

use async_graphql::{Enum, InputObject};
use entity::prelude::Timestamp;
use inventory::catalog::rows::Clause;
use platform::storage::Nested;
use services::exchange::core;
use uuid::Uuid;

use super::types::{DataJobEntity, DataJobKind, DataJobStatus};
use crate::{
    catalog::Direction,
    graphql::{
        fault::Answer,
        filters::{DateTimeFilter, IdFilter},
        nested::{field_path, read_nested},
        refusal::Path,
    },
};

/// Data jobs that match all of these; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct DataJobFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<DataJobFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<DataJobFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<DataJobFilter>>,
    /// States to include; an empty list matches nothing.
    pub status: Option<Vec<DataJobStatus>>,
    /// Kinds to include; an empty list matches nothing.
    pub kind: Option<Vec<DataJobKind>>,
    /// Types of rows to include; an empty list matches nothing. Bulk mutations have no type of rows and do not match.
    pub entity: Option<Vec<DataJobEntity>>,
    /// Members and integrations that requested the data job.
    pub created_by: Option<IdFilter>,
    /// Time at which the data job was requested.
    pub created_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(DataJobFilter);
crate::keyed_filter!(DataJobFilter, "createdBy" created_by MemberEmail; [] "createdAt" created_at);

/// Sort order of a list of data jobs; data jobs with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct DataJobSort {
    /// Field by which the data jobs are sorted.
    pub field: DataJobSortField,
    /// Direction of the sort; DESC by default.
    #[graphql(default_with = "Direction::Desc")]
    pub direction: Direction,
}

/// Field by which data jobs can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum DataJobSortField {
    /// Time at which the data job was requested.
    CreatedAt,
}

/// Whether the newest data jobs come first, which is the default, and the name of that order in
/// cursors.
pub(super) fn parse_sort(sort: Option<DataJobSort>) -> (bool, &'static str) {
    match sort.map(|DataJobSort { field: DataJobSortField::CreatedAt, direction }| direction) {
        None | Some(Direction::Desc) => (true, "exchanges"),
        Some(Direction::Asc) => (false, "exchanges:CREATED_AT:ASC"),
    }
}

/// Checked conditions on data jobs; None is no condition, and an empty list matches nothing.
pub(super) struct DataJobTests {
    states: Option<Vec<core::State>>,
    kinds: Option<Vec<core::Kind>>,
    nouns: Option<Vec<core::Noun>>,
    makers: Option<Vec<Uuid>>,
    created: (Option<Timestamp>, Option<Timestamp>),
}

impl DataJobTests {
    /// Adds the conditions on `exchange x`, each beginning with ` AND `.
    pub(super) fn push_to(&self, clause: &mut Clause) {
        if let Some(list) = &self.states {
            push_in_condition(clause, "x.state", list.iter().map(|state| state.as_str()));
        }
        if let Some(list) = &self.kinds {
            push_in_condition(clause, "x.kind", list.iter().map(|kind| kind.as_str()));
        }
        if let Some(list) = &self.nouns {
            clause.push(" AND x.noun IS NOT NULL");
            push_in_condition(clause, "x.noun", list.iter().map(|noun| noun.as_str()));
        }
        if let Some(makers) = &self.makers {
            // With equalities the list can use the index on the requester.
            let marks: Vec<String> = makers.iter().map(|id| format!("x.maker_id = {}", clause.bind(*id))).collect();
            let any = if marks.is_empty() { "FALSE".to_owned() } else { marks.join(" OR ") };
            clause.push(&format!(" AND ({any})"));
        }
        let (from, before) = self.created;
        for (bound, operator) in [(from, ">="), (before, "<")] {
            if let Some(instant) = bound {
                let mark = clause.bind(instant.micros());
                clause.push(&format!(" AND x.created_at {operator} {mark}"));
            }
        }
    }
}

impl DataJobFilter {
    /// The filter as nested conditions.
    pub(super) fn read(self) -> Answer<Nested<DataJobTests>> {
        read_nested(self, &mut Self::tests)
    }

    /// Returns the conditions of one filter, without nested ones.
    fn tests(self, path: &Path) -> Answer<DataJobTests> {
        Ok(DataJobTests {
            states: self.status.map(|list| list.into_iter().map(Into::into).collect()),
            kinds: self.kind.map(|list| list.into_iter().map(Into::into).collect()),
            nouns: self.entity.map(|list| list.into_iter().map(Into::into).collect()),
            makers: self.created_by.map(|filter| filter.of_any_kind(&field_path(path, "createdBy"))).transpose()?.flatten(),
            created: self.created_at.as_ref().map(DateTimeFilter::range).unwrap_or_default(),
        })
    }
}

/// Returns the condition that the column equals one of these words.
pub(super) fn push_in_condition(clause: &mut Clause, column: &str, words: impl Iterator<Item = &'static str>) {
    let backend = clause.backend();
    let number = clause.number(backend.texts(words));
    clause.push(&format!(" AND {}", backend.in_texts(column, number)));
}
