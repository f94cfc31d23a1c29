//! All rows of a summary of sales, from one reading: its pages, their number and the total come
//! from it.

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{paging::Key, storage::Database};

use super::{
    book_currency::foreign_sales,
    error::ReportError,
    sales_row::{SalesRow, build_row, by_month},
    summary::{RowCursor, RowPage, SalesSort, SalesSpec, page_of},
};
use crate::insight::{
    core::{Group, GroupKey, Sums, Tally},
    rows,
};

/// Products or customers whose rows fit in memory at once, some megabytes. More of them are read
/// page by page.
pub(super) const MAX_GROUPS: i64 = 10_000;

/// All groups, and their total.
#[derive(Debug, Clone)]
pub struct SalesSheet {
    currency: Currency,
    groups: Tally,
    total: Sums,
}

/// Reads documents once for all rows and the total; None if there may be more than 10,000 rows.
///
/// # Errors
/// Errors of reading the documents, and a sum beyond the exact range.
pub async fn sales_sheet(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    spec: SalesSpec,
    group: Group,
) -> Result<Option<SalesSheet>, ReportError> {
    let scope = permit.scope(db).long();
    if !rows::has_few_groups(&scope, group, MAX_GROUPS).await? {
        return Ok(None);
    }
    let is_in_books = spec.is_in_books;
    let mut query = spec.query(&scope, group, None).await?;
    // A document has one group of any other kind.
    query.counts_documents = group.by_product();
    let sales_by_group = rows::sales(&scope, &query).await?;
    let (mut total, mut groups) = (sales_by_group.total(), sales_by_group.groups);
    if is_in_books {
        let foreign = foreign_sales(&scope, &query).await?;
        total.add(&foreign.total);
        for (key, sums) in foreign.groups {
            groups.entry(key).or_default().add(&sums);
        }
    }
    match group {
        Group::Month => groups = by_month(&groups),
        Group::None => {
            groups.entry(GroupKey::Nothing).or_default();
        }
        _ => {}
    }
    Ok(Some(SalesSheet { currency: query.currency, groups, total }))
}

impl SalesSheet {
    /// The sums over all documents and lines.
    ///
    /// # Errors
    /// A sum passes 2^53 − 1.
    pub fn total(&self) -> Result<SalesRow, ReportError> {
        build_row(Group::None, &GroupKey::Nothing, &self.total, self.currency).ok_or(ReportError::TooLarge)
    }

    /// Rows on all pages.
    pub fn count(&self) -> usize {
        self.groups.len()
    }

    /// At most `first` rows after `after`, which has the keys of a row's cursor in this order. The
    /// order has to have the grouping that was read.
    ///
    /// # Errors
    /// A sum exceeds 2^53 − 1.
    pub fn page(&self, sorted: SalesSort, (after, first): (Option<Vec<Key>>, usize)) -> Result<RowPage<SalesRow>, ReportError> {
        let after = after.and_then(|keys| RowCursor::read(sorted, &keys));
        let groups = self.groups.iter().map(|(key, sums)| (key.clone(), *sums)).collect();
        page_of(groups, sorted, (after, first), self.currency)
    }
}
