//! Filters of the lists of jobs, as clients write them.

use async_graphql::InputObject;
use entity::prelude::{JobId, Timestamp};
use inventory::catalog::rows::Clause;
use platform::{
    jobs::core,
    storage::{Backend, Nested},
};

use super::status::BackgroundJobStatus;
use crate::{
    graphql::{
        fault::Answer,
        filters::{DateTimeFilter, IdFilter, searchable},
        nested::{field_path, read_nested},
        refusal::Path,
    },
    orders::filters::below,
    short_lists::{SearchText, is_within},
};

/// Filter of queued jobs. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct BackgroundJobFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<BackgroundJobFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<BackgroundJobFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<BackgroundJobFilter>>,
    /// Condition on the ID of the job.
    pub id: Option<IdFilter>,
    /// Part of the kind, in any spelling of the letters A to Z; at most 255 characters. An empty text matches all.
    pub search: Option<String>,
    /// States to include; an empty list matches nothing.
    pub status: Option<Vec<BackgroundJobStatus>>,
    /// Time at which the job was created.
    pub created_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(BackgroundJobFilter);
crate::dated_filter!(BackgroundJobFilter, [] "createdAt" created_at);

/// Checked conditions on queued jobs; None is no condition, and an empty list matches nothing.
pub(super) struct JobTests {
    ids: Option<Vec<JobId>>,
    search: Option<String>,
    statuses: Option<Vec<BackgroundJobStatus>>,
    created: (Option<Timestamp>, Option<Timestamp>),
}

impl BackgroundJobFilter {
    /// The filter as nested conditions.
    pub(super) fn read(self) -> Answer<Nested<JobTests>> {
        read_nested(self, &mut Self::tests)
    }

    /// Compiles the tests of one filter, without its nested filters.
    fn tests(self, at: &Path) -> Answer<JobTests> {
        if let Some(text) = &self.search {
            searchable(text, || below(at, "search"))?;
        }
        Ok(JobTests {
            ids: self.id.map(|filter| filter.ids(&field_path(at, "id"))).transpose()?.flatten(),
            search: self.search,
            statuses: self.status,
            created: self.created_at.as_ref().map(DateTimeFilter::range).unwrap_or_default(),
        })
    }
}

impl JobTests {
    /// Adds the conditions on `job`, each beginning with ` AND `.
    pub(super) fn push_to(&self, clause: &mut Clause) {
        let backend = clause.backend();
        if let Some(ids) = &self.ids {
            let number = clause.number(backend.ids(ids.iter().copied()));
            clause.push(&format!(" AND {}", backend.in_ids("id", number)));
        }
        if let Some(text) = &self.search {
            let placeholder = clause.bind(text.to_ascii_lowercase());
            let comparison = match backend {
                Backend::Postgres => "strpos",
                Backend::Sqlite => "instr",
            };
            clause.push(&format!(" AND {comparison}(kind, {placeholder}) > 0"));
        }
        if let Some(statuses) = &self.statuses {
            push_statuses(clause, statuses);
        }
        let (from, before) = self.created;
        for (bound, operator) in [(from, ">="), (before, "<")] {
            if let Some(at) = bound {
                let placeholder = clause.bind(at.micros());
                clause.push(&format!(" AND created_at {operator} {placeholder}"));
            }
        }
    }
}

/// Adds the condition that a job has one of these statuses.
pub(super) fn push_statuses(clause: &mut Clause, statuses: &[BackgroundJobStatus]) {
    let backend = clause.backend();
    let number = clause.number(backend.texts(statuses.iter().map(|status| core::State::from(*status).as_str())));
    clause.push(&format!(" AND {}", backend.in_texts("state", number)));
}

/// Filter of recurring jobs. All conditions that are given must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct RecurringJobFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<RecurringJobFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<RecurringJobFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<RecurringJobFilter>>,
    /// Part of the kind, in any spelling of the letters A to Z; at most 255 characters. An empty text matches all.
    pub search: Option<String>,
    /// States to include; an empty list matches nothing.
    pub status: Option<Vec<BackgroundJobStatus>>,
    /// Time at which the job was created.
    pub created_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(RecurringJobFilter);
crate::dated_filter!(RecurringJobFilter, [] "createdAt" created_at);

/// Checked conditions on recurring jobs.
pub(super) struct RecurringJobTests {
    search: SearchText,
    statuses: Option<Vec<BackgroundJobStatus>>,
    created: Option<DateTimeFilter>,
}

impl RecurringJobFilter {
    /// The filter as nested conditions.
    pub(super) fn read(self) -> Answer<Nested<RecurringJobTests>> {
        read_nested(self, &mut |filter: Self, at| {
            let search = SearchText::read_at(filter.search, at)?;
            Ok(RecurringJobTests { search, statuses: filter.status, created: filter.created_at })
        })
    }
}

impl RecurringJobTests {
    /// Whether a job passes.
    pub(super) fn holds(&self, job: &core::Job) -> bool {
        self.search.matches_row(&[&job.kind])
            && self.statuses.as_ref().is_none_or(|list| list.contains(&job.state.into()))
            && is_within(self.created.as_ref(), job.created_at)
    }
}
