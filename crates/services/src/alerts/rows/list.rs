//! Lists of alerts.

use entity::{prelude::*, record::Selected};
use platform::{
    paging::{Key, ListSource, PageRequest, SortBy, Sorted},
    storage::{Backend, Fault, Finds, Reads},
};

use super::alert::AlertRow;
use crate::alerts::core::Alert;

/// A condition on alerts; all of a list's must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    Kind(Vec<AlertKind>),
    NotKind(AlertKind),
    State(Vec<AlertState>),
    /// Of these stores, and of no store that is not named.
    Store(Vec<StoreId>),
    Product(Vec<ProductId>),
    Assignee(Vec<MemberId>),
    Opened {
        from: Option<Timestamp>,
        before: Option<Timestamp>,
    },
    Updated {
        from: Option<Timestamp>,
        before: Option<Timestamp>,
    },
}

impl Test {
    /// Whether an alert passes.
    pub fn matches(&self, alert: &Alert) -> bool {
        match self {
            Self::Kind(kinds) => kinds.contains(&alert.kind),
            Self::NotKind(kind) => alert.kind != *kind,
            Self::State(states) => states.contains(&alert.state()),
            Self::Store(stores) => alert.subject.store().is_some_and(|store| stores.contains(&store)),
            Self::Product(products) => alert.subject.product().is_some_and(|product| products.contains(&product)),
            Self::Assignee(members) => alert.assignee.is_some_and(|member| members.contains(&member)),
            Self::Opened { from, before } => {
                from.is_none_or(|from| alert.opened_at >= from) && before.is_none_or(|before| alert.opened_at < before)
            }
            Self::Updated { from, before } => {
                from.is_none_or(|from| alert.updated_at >= from) && before.is_none_or(|before| alert.updated_at < before)
            }
        }
    }
}

/// What a list of alerts is sorted by; the id breaks ties.
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
    let (mut from, mut values) = ("FROM alert a WHERE a.tenant_id = $1".to_owned(), Vec::new());
    for test in tests {
        condition(test, backend, &mut from, &mut values);
    }
    ListSource { from, values }
}

/// A page of alerts in this order.
pub async fn page(reads: &impl Reads, tests: &[Test], sorted: AlertsSorted, request: &PageRequest) -> Result<Vec<Alert>, Fault> {
    let (sql, values) = sorted.page(source(reads.backend(), tests), AlertRow::SELECT, request);
    reads.records::<AlertRow>(&sql, values).await?.into_iter().map(Alert::try_from).collect()
}

fn condition(test: &Test, backend: Backend, sql: &mut String, values: &mut Vec<sea_orm::Value>) {
    let next = values.len() + 2;
    let (part, value) = match test {
        Test::Opened { from, before } => {
            for (bound, operator) in [(from, ">="), (before, "<")] {
                if let Some(bound) = bound {
                    values.push(bound.micros().into());
                    sql.push_str(&format!(" AND a.opened_at {operator} ${}", values.len() + 1));
                }
            }
            return;
        }
        Test::Updated { from, before } => {
            for (bound, operator) in [(from, ">="), (before, "<")] {
                if let Some(bound) = bound {
                    values.push(bound.micros().into());
                    let part = backend.rarely(&format!("a.updated_at {operator} ${}", values.len() + 1));
                    sql.push_str(&format!(" AND {part}"));
                }
            }
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
