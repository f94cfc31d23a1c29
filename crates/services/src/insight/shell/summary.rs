//! Summaries: a total, and its rows in pages of any number. The rows of all pages sum to the total,
//! in money and in units.

use std::cmp::Reverse;

use entity::prelude::*;
use iam::access::{Permit, kind};
use inventory::catalog::rows::page::ProductCondition;
use platform::{
    clock::parse_day,
    paging::Key,
    storage::{Database, TenantScope},
};

use super::{
    book_currency::sales_in_books,
    error::ReportError,
    sales_row::{SalesRow, build_row, by_month},
};
use crate::insight::{
    core::{Group, GroupKey, Measure, Sums, Tally},
    rows::{self, GroupSpan, SalesFilter, SalesQuery},
};

/// The days of the longest month.
const MAX_MONTH_DAYS: usize = 31;

/// The documents and lines that a summary of sales is of.
#[derive(Debug, Clone)]
pub struct SalesSpec {
    /// Inclusive.
    pub from: Option<Timestamp>,
    /// Exclusive.
    pub to: Option<Timestamp>,
    pub filter: SalesFilter,
    pub products: ProductCondition,
    /// None for the tenant's own currency.
    pub currency: Option<Currency>,
    /// Whether documents in other currencies count too, each by its own rate. `currency` is that of
    /// the books then.
    pub is_in_books: bool,
}

/// Sort order of the rows of a summary of sales: by key, or by a measure in descending order and
/// then by key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SalesSort {
    pub group: Group,
    pub top_by: Option<Measure>,
}

/// Rows with their keys in cursors.
#[derive(Debug, Clone)]
pub struct RowPage<R> {
    pub rows: Vec<(R, Vec<Key>)>,
    pub has_next: bool,
}

impl<R> RowPage<R> {
    /// A page from the first `first` rows; an extra row means that there are more.
    pub(super) fn from_rows(mut rows: Vec<(R, Vec<Key>)>, first: usize) -> Self {
        let has_next = rows.len() > first;
        rows.truncate(first);
        Self { rows, has_next }
    }
}

impl SalesSpec {
    pub(super) async fn query(
        self,
        scope: &TenantScope,
        group: Group,
        span: Option<GroupSpan>,
    ) -> Result<SalesQuery, ReportError> {
        let currency = match self.currency {
            Some(currency) => currency,
            None => rows::default_currency(scope).await?,
        };
        let Self { from, to, filter, products, .. } = self;
        let (with_charges, part, counts_documents) = (true, None, false);
        Ok(SalesQuery { from, to, group, currency, filter, products, with_charges, span, part, counts_documents })
    }
}

async fn tally_of(scope: &TenantScope, query: &SalesQuery, is_in_books: bool) -> Result<Tally, ReportError> {
    if is_in_books { sales_in_books(scope, query).await } else { Ok(rows::sales(scope, query).await?.groups) }
}

/// The sums over all documents and lines.
///
/// # Errors
/// A sum passes 2^53 − 1.
pub async fn sales_total(permit: Permit<kind::ReportRead>, db: &Database, spec: SalesSpec) -> Result<SalesRow, ReportError> {
    let scope = permit.scope(db).long();
    let is_in_books = spec.is_in_books;
    let query = spec.query(&scope, Group::None, None).await?;
    let sums = tally_of(&scope, &query, is_in_books).await?.into_values().next().unwrap_or_default();
    build_row(Group::None, &GroupKey::Nothing, &sums, query.currency).ok_or(ReportError::TooLarge)
}

/// At most `first` rows after `after`, which has the keys of a row's cursor in this order.
///
/// # Errors
/// A sum exceeds 2^53 − 1.
pub async fn sales_rows(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    spec: SalesSpec,
    sorted: SalesSort,
    (after, first): (Option<Vec<Key>>, usize),
) -> Result<RowPage<SalesRow>, ReportError> {
    let scope = permit.scope(db).long();
    let after = after.and_then(|keys| RowCursor::read(sorted, &keys));
    if sorted.top_by.is_none() && after.as_ref().is_some_and(|cursor| cursor.key == GroupKey::Nothing) {
        return Ok(RowPage { rows: Vec::new(), has_next: false });
    }
    let span = sorted.top_by.is_none().then(|| sorted.span(after.as_ref(), first));
    let is_in_books = spec.is_in_books;
    let query = spec.query(&scope, sorted.group, span).await?;
    let mut tally = tally_of(&scope, &query, is_in_books).await?;
    match sorted.group {
        Group::Month => tally = by_month(&tally),
        Group::None if after.is_none() => {
            tally.entry(GroupKey::Nothing).or_default();
        }
        _ => {}
    }
    page_of(tally.into_iter().collect(), sorted, (after, first), query.currency)
}

/// The page of groups after a place, in the order of their keys.
pub(super) fn page_of(
    mut groups: Vec<(GroupKey, Sums)>,
    sorted: SalesSort,
    (after, first): (Option<RowCursor>, usize),
    currency: Currency,
) -> Result<RowPage<SalesRow>, ReportError> {
    // Without a measure all are equal, and in the order of their keys.
    let measure = |sums: &Sums| sorted.top_by.map_or(0, |top_measure| sums.measure(top_measure));
    // The sort is stable, so equal rows stay in the order of their keys.
    groups.sort_by_key(|(_, sums)| Reverse(measure(sums)));
    if let Some(after) = &after {
        groups.retain(|(key, sums)| (Reverse(measure(sums)), key) > (Reverse(after.measure), &after.key));
    }
    groups.truncate(first + 1);
    let row = |(key, sums): (GroupKey, Sums)| {
        let row = build_row(sorted.group, &key, &sums, currency).ok_or(ReportError::TooLarge)?;
        Ok::<_, ReportError>((row, sorted.keys(&key, &sums)))
    };
    Ok(RowPage::from_rows(groups.into_iter().map(row).collect::<Result<_, _>>()?, first))
}

/// Number of rows on all pages, counted up to `max_rows`.
///
/// # Errors
/// Errors of reading the documents.
pub async fn sales_row_count(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    spec: SalesSpec,
    sorted: SalesSort,
    max_rows: usize,
) -> Result<usize, ReportError> {
    if sorted.group == Group::None {
        return Ok(1);
    }
    let scope = permit.scope(db).long();
    let span = sorted.top_by.is_none().then(|| sorted.span(None, max_rows));
    let is_in_books = spec.is_in_books;
    let query = spec.query(&scope, sorted.group, span).await?;
    let tally = tally_of(&scope, &query, is_in_books).await?;
    let count = if sorted.group == Group::Month { by_month(&tally).len() } else { tally.len() };
    Ok(count.min(max_rows))
}

/// A row's place in the order of a summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowCursor {
    measure: i128,
    key: GroupKey,
}

impl RowCursor {
    /// None for keys that no row of this sort order can have.
    pub(super) fn read(sorted: SalesSort, keys: &[Key]) -> Option<Self> {
        let (measure, key) = match (sorted.top_by, keys) {
            (None, [key]) => (0, key),
            (Some(_), [Key::Int(measure), key]) => (i128::from(*measure), key),
            _ => return None,
        };
        Some(Self { measure, key: group_key(key)? })
    }
}

impl SalesSort {
    /// Names the order in cursors: one of another order does not open.
    pub fn kind(self) -> String {
        let group = match self.group {
            Group::None => "NONE",
            Group::Day => "DAY",
            Group::Month => "MONTH",
            Group::Product => "PRODUCT",
            Group::Category => "CATEGORY",
            Group::Store => "STORE",
            Group::Channel => "CHANNEL",
            Group::Country => "COUNTRY",
            Group::Customer => "CUSTOMER",
        };
        let by = match self.top_by {
            None => "KEY",
            Some(Measure::UnitsSold) => "UNITS_SOLD",
            Some(Measure::GrossRevenue) => "GROSS_REVENUE",
            Some(Measure::NetRevenue) => "NET_REVENUE",
            Some(Measure::Orders) => "ORDERS",
        };
        format!("salesSummary:{group}:{by}")
    }

    fn keys(self, key: &GroupKey, sums: &Sums) -> Vec<Key> {
        let measure = self.top_by.map(|top_measure| Key::Int(i64::try_from(sums.measure(top_measure)).unwrap_or(i64::MAX)));
        measure.into_iter().chain([cursor_key(key)]).collect()
    }

    /// The span of groups to read for the requested rows: months are read as days.
    fn span(self, after: Option<&RowCursor>, first: usize) -> GroupSpan {
        let after = after.map(|cursor| &cursor.key);
        if self.group != Group::Month {
            return GroupSpan { after: after.cloned(), limit: first + 1 };
        }
        let last_day = |month: &str| {
            let first = parse_day(&format!("{month}-01"))?;
            // The last day of its month is the one before the next first.
            (first..first + MAX_MONTH_DAYS as i32).rev().find(|day| platform::clock::day_text(*day).starts_with(month))
        };
        let after = after.and_then(|key| match key {
            GroupKey::Text(month) => last_day(month).map(GroupKey::Day),
            _ => None,
        });
        GroupSpan { after, limit: (first + 1) * MAX_MONTH_DAYS }
    }
}

/// Returns a group's key for a cursor. `GroupKey::Nothing` is the empty text, which is no other
/// group's key.
pub(super) fn cursor_key(key: &GroupKey) -> Key {
    match key {
        GroupKey::Day(day) => Key::Int((*day).into()),
        GroupKey::Text(text) => Key::Text(text.clone()),
        GroupKey::Id(id) => Key::Id(*id),
        GroupKey::Nothing => Key::Text(String::new()),
    }
}

pub(super) fn group_key(key: &Key) -> Option<GroupKey> {
    Some(match key {
        Key::Int(day) => GroupKey::Day(i32::try_from(*day).ok()?),
        Key::Id(id) => GroupKey::Id(*id),
        Key::Text(text) if text.is_empty() => GroupKey::Nothing,
        Key::Text(text) => GroupKey::Text(text.clone()),
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_month_is_asked_for_by_the_days_behind_the_one_before() {
        let sorted = SalesSort { group: Group::Month, top_by: None };
        for (month, last) in
            [("2024-02", "2024-02-29"), ("2026-02", "2026-02-28"), ("2026-12", "2026-12-31"), ("2026-04", "2026-04-30")]
        {
            let place = RowCursor { measure: 0, key: GroupKey::Text(month.to_owned()) };
            let span = sorted.span(Some(&place), 2);
            assert_eq!(span, GroupSpan { after: parse_day(last).map(GroupKey::Day), limit: 93 }, "{month}");
        }
    }

    #[test]
    fn a_place_is_read_from_the_keys_that_it_was_written_as() {
        let sums = Sums { orders: 7, ..Sums::default() };
        let keys = [GroupKey::Day(-3), GroupKey::Text("GB".to_owned()), GroupKey::Id(Uuid::from_u128(5)), GroupKey::Nothing];
        for key in keys {
            for (top_by, measure) in [(None, 0), (Some(Measure::Orders), 7)] {
                let sorted = SalesSort { group: Group::Day, top_by };
                let place = RowCursor::read(sorted, &sorted.keys(&key, &sums));
                assert_eq!(place, Some(RowCursor { measure, key: key.clone() }));
            }
        }
        assert_eq!(RowCursor::read(SalesSort { group: Group::Day, top_by: None }, &[]), None);
    }
}
