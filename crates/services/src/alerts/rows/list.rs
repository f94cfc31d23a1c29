//! Lists of alerts.

use entity::{prelude::*, record::Selected};
use platform::{
    paging::{Key, ListSource, PageRequest, SortBy, Sorted},
    storage::{Backend, Fault, Finds, Nested, Reads},
};
use sea_orm::Value;

use super::alert::AlertRow;
use crate::alerts::core::Alert;

/// A condition on alerts; all of a list's must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    Kind(Vec<AlertKind>),
    NotKind(AlertKind),
    State(Vec<AlertState>),
    /// Alerts of these stores; an alert without a store does not match.
    Store(Vec<StoreId>),
    Product(Vec<ProductId>),
    Assignee(Vec<MemberId>),
    /// True for alerts that have an assignee.
    IsAssigned(bool),
    Opened {
        from: Option<Timestamp>,
        before: Option<Timestamp>,
    },
    Updated {
        from: Option<Timestamp>,
        before: Option<Timestamp>,
    },
    /// Nested conditions; all tests of one must hold.
    Nested(Box<Nested<Vec<Self>>>),
}

impl Test {
    /// Whether an alert that does not pass may pass later, or the other way round.
    pub fn may_change(&self) -> bool {
        match self {
            Self::State(_) | Self::Assignee(_) | Self::IsAssigned(_) => true,
            Self::Nested(nested) => any_may_change(nested),
            _ => false,
        }
    }

    /// Whether an alert passes.
    pub fn matches(&self, alert: &Alert) -> bool {
        match self {
            Self::Kind(kinds) => kinds.contains(&alert.kind),
            Self::NotKind(kind) => alert.kind != *kind,
            Self::State(states) => states.contains(&alert.state()),
            Self::Store(stores) => alert.subject.store().is_some_and(|store| stores.contains(&store)),
            Self::Product(products) => alert.subject.product().is_some_and(|product| products.contains(&product)),
            Self::Assignee(members) => alert.assignee.is_some_and(|member| members.contains(&member)),
            Self::IsAssigned(is_assigned) => alert.assignee.is_some() == *is_assigned,
            Self::Opened { from, before } => {
                from.is_none_or(|from| alert.opened_at >= from) && before.is_none_or(|before| alert.opened_at < before)
            }
            Self::Updated { from, before } => {
                from.is_none_or(|from| alert.updated_at >= from) && before.is_none_or(|before| alert.updated_at < before)
            }
            Self::Nested(nested) => nested.holds(&|tests: &Vec<Self>| tests.iter().all(|test| test.matches(alert))),
        }
    }
}

fn any_may_change(nested: &Nested<Vec<Test>>) -> bool {
    let mut inside = nested.and.iter().chain(nested.or.iter().flatten()).chain(nested.not.as_deref());
    nested.own.iter().any(Test::may_change) || inside.any(any_may_change)
}

/// Sort field of a list of alerts; the ID breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertSort {
    OpenedAt,
    UpdatedAt,
}

/// A sort and its direction.
pub type AlertsSorted = Sorted<AlertSort>;

impl SortBy for AlertSort {
    type Row = Alert;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::OpenedAt, descending: true };

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::OpenedAt => ("OPENED_AT", &["a.opened_at", "a.id"]),
            Self::UpdatedAt => ("UPDATED_AT", &["a.updated_at", "a.id"]),
        }
    }
    fn keys(self, alert: &Alert) -> Vec<Key> {
        let at = match self {
            Self::OpenedAt => alert.opened_at,
            Self::UpdatedAt => alert.updated_at,
        };
        vec![Key::Int(at.micros()), alert.id.into()]
    }
}

/// The alerts that pass all tests.
pub fn source(backend: Backend, tests: &[Test]) -> ListSource {
    let (conditions, values) = conditions(tests, backend, 2);
    ListSource { from: format!("FROM alert a WHERE a.tenant_id = $1{conditions}"), values }
}

/// A page of alerts in this order.
pub async fn page(reads: &impl Reads, tests: &[Test], sorted: AlertsSorted, request: &PageRequest) -> Result<Vec<Alert>, Fault> {
    let (sql, values) = sorted.page(source(reads.backend(), tests), AlertRow::SELECT, request);
    reads.records::<AlertRow>(&sql, values).await?.into_iter().map(Alert::try_from).collect()
}

/// The conditions of all tests, each beginning with ` AND `, and their values; parameters are numbered from `first`.
fn conditions(tests: &[Test], backend: Backend, first: usize) -> (String, Vec<Value>) {
    let (mut sql, mut values) = (String::new(), Vec::new());
    for test in tests {
        condition(test, (backend, first), &mut sql, &mut values);
    }
    (sql, values)
}

fn condition(test: &Test, (backend, first): (Backend, usize), sql: &mut String, values: &mut Vec<Value>) {
    let next = first + values.len();
    let (part, value) = match test {
        Test::Opened { from, before } => {
            for (bound, operator) in [(from, ">="), (before, "<")] {
                if let Some(bound) = bound {
                    values.push(bound.micros().into());
                    sql.push_str(&format!(" AND a.opened_at {operator} ${}", first + values.len() - 1));
                }
            }
            return;
        }
        Test::Updated { from, before } => {
            for (bound, operator) in [(from, ">="), (before, "<")] {
                if let Some(bound) = bound {
                    values.push(bound.micros().into());
                    let part = backend.rarely_matches(&format!("a.updated_at {operator} ${}", first + values.len() - 1));
                    sql.push_str(&format!(" AND {part}"));
                }
            }
            return;
        }
        Test::Nested(nested) => {
            let (part, nested_values) = nested.conditions(next, &|tests: &Vec<Test>, first| conditions(tests, backend, first));
            sql.push_str(&part);
            values.extend(nested_values);
            return;
        }
        Test::IsAssigned(is_assigned) => {
            sql.push_str(if *is_assigned { " AND a.assignee_id IS NOT NULL" } else { " AND a.assignee_id IS NULL" });
            return;
        }
        Test::NotKind(kind) => (format!("a.kind <> ${next}"), kind.as_str().into()),
        Test::Kind(kinds) => (backend.in_texts("a.kind", next), backend.texts(kinds.iter().map(|kind| kind.as_str()))),
        Test::State(states) => (backend.in_texts("a.state", next), backend.texts(states.iter().map(|state| state.as_str()))),
        Test::Store(stores) => (backend.in_ids("a.store_id", next), backend.ids(stores.iter().copied())),
        Test::Product(products) => (backend.in_ids("a.product_id", next), backend.ids(products.iter().copied())),
        Test::Assignee(members) => (backend.in_ids("a.assignee_id", next), backend.ids(members.iter().copied())),
    };
    values.push(value);
    sql.push_str(" AND ");
    sql.push_str(&part);
}
