//! Summaries of movements: a total, and its rows in pages of any number, or all rows of one
//! reading.

use std::collections::BTreeMap;

use entity::prelude::*;
use iam::access::{Permit, kind};
use inventory::{catalog::rows::page::ProductCondition, stock::rows::MovementFilterSpec};
use platform::{clock::day_text, paging::Key, storage::Database};
use uuid::Uuid;

use super::{
    error::{ReportError, to_safe_integer},
    sheet::MAX_GROUPS,
    summary::{RowPage, cursor_key, group_key},
};
use crate::insight::{
    core::{Group, GroupKey},
    rows::{self, GroupSpan, MovementGroup, MovementSums, MovementsQuery},
};

/// More rows than any grouping has that is read whole.
const UNLIMITED: usize = 1_000_000_000;

/// The entries that a summary of movements is of.
#[derive(Debug, Clone, Default)]
pub struct MovementsRequest {
    pub spec: MovementFilterSpec,
    pub products: ProductCondition,
}

/// A row of a summary of movements. Units are the products' smallest ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovementSummaryRow {
    pub group: MovementGroup,
    pub key: GroupKey,
    pub sums: MovementSums,
    pub currency: Currency,
}

impl MovementSummaryRow {
    /// None if a sum exceeds 2^53 − 1.
    fn check_bounds(self) -> Option<Self> {
        let sums = [self.sums.units_in, self.sums.units_out, self.sums.value];
        sums.into_iter().all(|sum| to_safe_integer(sum.into()).is_some()).then_some(self)
    }
    /// The kind, if rows are grouped by kind.
    pub fn kind(&self) -> Option<MovementKind> {
        match (&self.key, self.group) {
            (GroupKey::Text(kind), MovementGroup::Kind) => MovementKind::parse(kind),
            _ => None,
        }
    }
    /// A kind, a day `2011-11-30`, an ID; None without groups.
    pub fn key_text(&self) -> Option<String> {
        match &self.key {
            GroupKey::Nothing => None,
            GroupKey::Day(day) => Some(day_text(*day)),
            GroupKey::Text(text) => Some(text.clone()),
            GroupKey::Id(id) if self.group == MovementGroup::Store => Some(StoreId::from_uuid(*id).to_string()),
            GroupKey::Id(id) => Some(ProductId::from_uuid(*id).to_string()),
        }
    }
    /// The ID, if rows are grouped by product or store.
    pub fn id(&self, group: MovementGroup) -> Option<Uuid> {
        match &self.key {
            GroupKey::Id(id) if self.group == group => Some(*id),
            _ => None,
        }
    }
}

/// The sums over all entries.
///
/// # Errors
/// A sum passes 2^53 − 1.
pub async fn movement_total(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    request: &MovementsRequest,
) -> Result<MovementSummaryRow, ReportError> {
    let page = movement_rows(permit, db, request, MovementGroup::None, (None, 1)).await?;
    let total = page.rows.into_iter().next();
    total.map(|(row, _)| row).ok_or(ReportError::TooLarge)
}

/// Number of rows on all pages, counted up to `max_rows`.
///
/// # Errors
/// Errors of reading the entries.
pub async fn movement_row_count(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    request: &MovementsRequest,
    group: MovementGroup,
    max_rows: usize,
) -> Result<usize, ReportError> {
    let scope = permit.scope(db).long();
    let currency = rows::default_currency(&scope).await?;
    let span = GroupSpan { after: None, limit: max_rows };
    Ok(rows::movement_groups(&scope, &request.query(currency, group, &span)).await?.len())
}

/// At most `first` rows after `after`, by key.
///
/// # Errors
/// A sum exceeds 2^53 − 1.
pub async fn movement_rows(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    request: &MovementsRequest,
    group: MovementGroup,
    (after, first): (Option<Vec<Key>>, usize),
) -> Result<RowPage<MovementSummaryRow>, ReportError> {
    let scope = permit.scope(db).long();
    let currency = rows::default_currency(&scope).await?;
    let after = after.as_deref().and_then(<[Key]>::first).and_then(group_key);
    if after == Some(GroupKey::Nothing) {
        return Ok(RowPage { rows: Vec::new(), has_next: false });
    }
    let span = GroupSpan { after, limit: first + 1 };
    let groups = rows::movement_groups(&scope, &request.query(currency, group, &span)).await?;
    page_of(groups.into_iter().map(|(key, sums)| MovementSummaryRow { group, key, sums, currency }), first)
}

impl MovementsRequest {
    fn query<'a>(&'a self, currency: Currency, group: MovementGroup, span: &'a GroupSpan) -> MovementsQuery<'a> {
        MovementsQuery { spec: &self.spec, products: &self.products, currency, group, span, counts_movements: false }
    }
}

/// A page of rows; `summary_rows` has one row more than the page if there are more.
fn page_of(
    summary_rows: impl Iterator<Item = MovementSummaryRow>,
    first: usize,
) -> Result<RowPage<MovementSummaryRow>, ReportError> {
    let row = |row: MovementSummaryRow| {
        let keys = vec![cursor_key(&row.key)];
        row.check_bounds().map(|row| (row, keys)).ok_or(ReportError::TooLarge)
    };
    Ok(RowPage::from_rows(summary_rows.map(row).collect::<Result<_, _>>()?, first))
}

/// All rows of a grouping, and their total.
#[derive(Debug, Clone)]
pub struct MovementSheet {
    group: MovementGroup,
    currency: Currency,
    groups: BTreeMap<GroupKey, MovementSums>,
    total: MovementSums,
}

/// Reads entries once for all rows and the total; None if there may be more than 10,000 rows.
///
/// # Errors
/// Errors of reading the entries.
pub async fn movement_sheet(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    request: &MovementsRequest,
    group: MovementGroup,
) -> Result<Option<MovementSheet>, ReportError> {
    let scope = permit.scope(db).long();
    if group == MovementGroup::Product && !rows::has_few_groups(&scope, Group::Product, MAX_GROUPS).await? {
        return Ok(None);
    }
    let currency = rows::default_currency(&scope).await?;
    let span = GroupSpan { after: None, limit: UNLIMITED };
    // A movement is of one kind and of one day.
    let counts_movements = matches!(group, MovementGroup::Product | MovementGroup::Store);
    let query = MovementsQuery { counts_movements, ..request.query(currency, group, &span) };
    let mut groups: BTreeMap<GroupKey, MovementSums> = rows::movement_groups(&scope, &query).await?.into_iter().collect();
    let movement_count = if counts_movements { groups.remove(&GroupKey::Nothing) } else { None };
    let mut total = MovementSums::default();
    groups.values().for_each(|sums| total.add(*sums));
    if let Some(movement_count) = movement_count {
        total.movements = movement_count.movements;
    }
    Ok(Some(MovementSheet { group, currency, groups, total }))
}

impl MovementSheet {
    /// The sums over all entries.
    ///
    /// # Errors
    /// A sum passes 2^53 − 1.
    pub fn total(&self) -> Result<MovementSummaryRow, ReportError> {
        let (group, key) = (MovementGroup::None, GroupKey::Nothing);
        MovementSummaryRow { group, key, sums: self.total, currency: self.currency }.check_bounds().ok_or(ReportError::TooLarge)
    }

    /// Rows on all pages.
    pub fn count(&self) -> usize {
        self.groups.len()
    }

    /// At most `first` rows after `after`, by key.
    ///
    /// # Errors
    /// A sum exceeds 2^53 − 1.
    pub fn page(&self, (after, first): (Option<Vec<Key>>, usize)) -> Result<RowPage<MovementSummaryRow>, ReportError> {
        let after = after.as_deref().and_then(<[Key]>::first).and_then(group_key);
        let later_groups = self.groups.iter().filter(|(key, _)| after.as_ref().is_none_or(|after| *key > after));
        let (group, currency) = (self.group, self.currency);
        let row = |(key, sums): (&GroupKey, &MovementSums)| MovementSummaryRow { group, key: key.clone(), sums: *sums, currency };
        page_of(later_groups.take(first + 1).map(row), first)
    }
}
