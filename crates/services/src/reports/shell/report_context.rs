//! Shared parts of all reports: the permit's filter, the currency, and the progress of their
//! sources.

use entity::{prelude::*, quantity::MAX_SAFE};
use iam::access::{Permission, Permit, Reach};
use inventory::{catalog::rows::page::ProductCondition, costing::shell as costing};
use platform::{
    paging::Key,
    storage::{Database, Reads, TenantScope, books::BookProgress},
};

use crate::{
    demand::shell::catch_up_for_reader,
    insight::{
        rows::default_currency,
        shell::{self as insight, ReportError},
    },
    reports::{core::Span, rows::ReportFilter},
};

/// The currency of a report, and its progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportSource {
    pub currency: Currency,
    pub span: Span,
    pub progress: BookProgress,
}

/// A row and its sort keys.
pub type RankedRow<T> = (T, Vec<Key>);

/// Restricts a filter to the stores and the channel of a permit.
pub(super) fn restrict_to_permit<P: Permission>(permit: &Permit<P>, mut report_filter: ReportFilter) -> ReportFilter {
    if let Reach::Stores(permitted) = permit.reach() {
        let requested = report_filter.stores.take();
        let is_requested = |store: &StoreId| requested.as_ref().is_none_or(|requested| requested.contains(store));
        report_filter.stores = Some(permitted.iter().copied().filter(is_requested).collect());
    }
    if let Some(permitted) = permit.channel() {
        let is_visible = report_filter.channels.as_ref().is_none_or(|requested| requested.contains(&permitted));
        report_filter.channels = Some(is_visible.then_some(permitted).into_iter().collect());
    }
    report_filter
}

/// Brings the facts up to date.
pub(super) async fn facts_source(db: &Database, scope: &TenantScope, span: Span) -> Result<ReportSource, ReportError> {
    let progress = Box::pin(catch_up_for_reader(db, scope.tenant())).await?;
    Ok(ReportSource { currency: default_currency(scope).await?, span, progress })
}

/// Brings the cost book up to date, too: the report's progress is that of the source that is
/// further behind. The book's currency is the tenant's own.
pub(super) async fn costs_source(
    db: &Database,
    scope: &TenantScope,
    span: Span,
) -> Result<(ReportSource, CostingMethod), ReportError> {
    let source = facts_source(db, scope, span).await?;
    let book = costing::prepare_costing(scope, None).await?;
    let progress = source.progress.with(book.progress);
    Ok((ReportSource { currency: book.currency, progress, ..source }, book.method))
}

/// Returns the source of a report of documents, which are read in their current state.
pub(super) async fn documents_source(scope: &TenantScope, span: Span) -> Result<ReportSource, ReportError> {
    let seq = scope.head().await?.seq;
    Ok(ReportSource { currency: default_currency(scope).await?, span, progress: BookProgress { seq, head: seq } })
}

/// A sum within the range that clients can represent exactly.
pub(super) fn to_safe_integer(sum: i128) -> Result<i64, ReportError> {
    insight::to_safe_integer(sum).ok_or(ReportError::TooLarge)
}

/// Sort key for the largest figure first; rows without a figure come last.
pub(super) fn largest_first(figure: Option<f64>) -> Key {
    // In millionths, as figures are shown, within the exact range of JSON numbers.
    let millionths = |figure: f64| (figure * 1e6).round().clamp(-(MAX_SAFE as f64), MAX_SAFE as f64) as i64;
    Key::Int(figure.map_or(i64::MAX, |figure| -millionths(figure)))
}

/// Sort key for the largest integer first.
pub(super) fn largest_integer_first(figure: i64) -> Key {
    Key::Int(figure.checked_neg().unwrap_or(i64::MAX))
}

/// Sorts rows by their keys.
pub(super) fn sort_rows<T>(mut rows: Vec<RankedRow<T>>) -> Vec<RankedRow<T>> {
    rows.sort_by(|one, other| one.1.cmp(&other.1));
    rows
}

/// All products on some days in some stores: for panels, which take no condition on products.
pub(super) fn unfiltered(span: Span, stores: Option<Vec<StoreId>>, channels: Option<Vec<ChannelId>>) -> ReportFilter {
    ReportFilter { span, products: ProductCondition::default(), stores, channels }
}
