//! Filter and sort of audit entries, as inputs of the API.

use async_graphql::{Enum, InputObject};
use entity::prelude::{Id, Timestamp};
use platform::{audit::Outcome, storage::Backend};
use sea_orm::Value;
use uuid::Uuid;

use super::AuditOutcome;
use crate::{
    catalog::Direction,
    graphql::{
        fault::Answer,
        filters::{DateTimeFilter, IdFilter, StringFilter},
        nested::{field_path, read_nested},
        refusal::Path,
    },
};

/// Entries that match all of these; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct AuditFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<AuditFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<AuditFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<AuditFilter>>,
    /// Member or integration that acted.
    pub actor: Option<IdFilter>,
    /// Things that the entry is about, of any kind.
    pub target: Option<IdFilter>,
    /// Condition on the action: the name of the mutation.
    pub action: Option<StringFilter>,
    /// Time at which the entry was written.
    pub at: Option<DateTimeFilter>,
    /// Outcomes to include; an empty list matches nothing.
    pub outcome: Option<Vec<AuditOutcome>>,
}

::graphql::nested_filter!(AuditFilter);
crate::keyed_filter!(AuditFilter, "actor" actor MemberEmail; [] "at" at);

/// Sort order of a list of audit entries.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct AuditEntrySort {
    /// Field by which the entries are sorted.
    pub field: AuditEntrySortField,
    /// Direction of the sort; DESC by default.
    #[graphql(default_with = "Direction::Desc")]
    pub direction: Direction,
}

/// Field by which audit entries can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum AuditEntrySortField {
    /// Number of the entry in the log. Entries get it in the order of their times, to about a second.
    Seq,
}

/// Whether the newest entries come first, which is the default, and the name of that order in
/// cursors.
pub(super) fn parse_sort(sort: Option<AuditEntrySort>) -> (bool, &'static str) {
    match sort.map(|AuditEntrySort { field: AuditEntrySortField::Seq, direction }| direction) {
        None | Some(Direction::Desc) => (true, "audit"),
        Some(Direction::Asc) => (false, "audit:SEQ:ASC"),
    }
}

/// A condition under construction, whose parameters are numbered from `first`.
struct Clause {
    backend: Backend,
    first: usize,
    sql: String,
    values: Vec<Value>,
}

impl Clause {
    fn add_condition(&mut self, value: impl Into<Value>, condition: impl FnOnce(Backend, usize) -> String) {
        let condition = condition(self.backend, self.first + self.values.len());
        self.values.push(value.into());
        self.sql.push_str(&format!(" AND {condition}"));
    }
    fn ids(&mut self, column: &str, ids: &[Uuid]) {
        let ids = self.backend.ids::<()>(ids.iter().copied().map(Id::from_uuid));
        self.add_condition(ids, |backend, n| backend.in_ids(column, n));
    }
    fn texts(&mut self, filter: &StringFilter) {
        if filter.is_null == Some(true) {
            // Every entry has an action.
            self.sql.push_str(" AND FALSE");
        }
        let fold = |text: &String| text.to_lowercase();
        if let Some(list) = &filter.one_of {
            let texts: Vec<String> = list.iter().map(fold).collect();
            let texts = self.backend.texts(texts.iter().map(String::as_str));
            self.add_condition(texts, |backend, n| backend.in_texts("lower(action)", n));
        }
        if let Some(text) = &filter.eq {
            self.add_condition(fold(text), |_, n| format!("lower(action) = ${n}"));
        }
        // Not LIKE: its wildcards would have to be escaped, and SQLite folds case by rules of its
        // own.
        if let Some(text) = &filter.starts_with {
            self.add_condition(fold(text), |_, n| format!("substr(lower(action), 1, length(${n})) = ${n}"));
        }
        if let Some(text) = &filter.contains {
            self.add_condition(fold(text), |backend, n| match backend {
                Backend::Sqlite => format!("instr(lower(action), ${n}) > 0"),
                Backend::Postgres => format!("strpos(lower(action), ${n}) > 0"),
            });
        }
    }
}

/// Checked conditions on entries; None is no condition, and an empty list matches nothing.
struct AuditTests {
    actors: Option<Vec<Uuid>>,
    targets: Option<Vec<Uuid>>,
    action: Option<StringFilter>,
    at: (Option<Timestamp>, Option<Timestamp>),
    outcomes: Option<Vec<AuditOutcome>>,
}

impl AuditTests {
    /// The conditions on the table, each beginning with ` AND `, and their values; parameters are numbered from `first`.
    fn sql(&self, backend: Backend, first: usize) -> (String, Vec<Value>) {
        let mut clause = Clause { backend, first, sql: String::new(), values: Vec::new() };
        for (ids, column) in [(&self.actors, "actor_id"), (&self.targets, "target_id")] {
            if let Some(ids) = ids {
                clause.ids(column, ids);
            }
        }
        if let Some(filter) = &self.action {
            clause.texts(filter);
        }
        let (from, before) = self.at;
        if let Some(from) = from {
            clause.add_condition(from.micros(), |_, n| format!("at >= ${n}"));
        }
        if let Some(before) = before {
            clause.add_condition(before.micros(), |_, n| format!("at < ${n}"));
        }
        if let Some(outcomes) = &self.outcomes {
            let words = outcomes.iter().map(|outcome| Outcome::from(*outcome).as_str());
            clause.add_condition(backend.texts(words), |backend, n| backend.in_texts("outcome", n));
        }
        (clause.sql, clause.values)
    }
}

impl AuditFilter {
    /// The filter as conditions on the table, and their values. Parameters are numbered from `$2`, as `$1` is the tenant.
    pub fn sql(self, backend: Backend) -> Answer<(String, Vec<Value>)> {
        let tests = read_nested(self, &mut Self::tests)?;
        Ok(tests.conditions(2, &|tests: &AuditTests, first| tests.sql(backend, first)))
    }

    /// Returns the conditions of one filter, without nested ones.
    fn tests(self, path: &Path) -> Answer<AuditTests> {
        if let Some(filter) = &self.action {
            filter.check(&field_path(path, "action"))?;
        }
        Ok(AuditTests {
            actors: self.actor.map(|filter| filter.of_any_kind(&field_path(path, "actor"))).transpose()?.flatten(),
            targets: self.target.map(|filter| filter.of_any_kind(&field_path(path, "target"))).transpose()?.flatten(),
            action: self.action,
            at: self.at.as_ref().map(DateTimeFilter::range).unwrap_or_default(),
            outcomes: self.outcome,
        })
    }
}
