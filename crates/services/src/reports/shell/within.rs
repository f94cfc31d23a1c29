//! What all reports share: what a permit lets through, the currency, and how far their sources are.

use entity::{prelude::*, quantity::MAX_SAFE};
use iam::access::{Permission, Permit, Reach};
use inventory::{catalog::rows::page::ProductCondition, costing::shell as costing};
use platform::{
    paging::Key,
    storage::{Database, Reads, TenantScope},
};

use crate::{
    demand::shell::{FactsProgress, catch_up},
    insight::{rows::default_currency, shell::ReportError},
    reports::{core::Span, rows::Narrow},
};

/// Pages of the journal that whoever asks waits for. What is behind them is told by `FactsProgress`.
const PAGES: usize = 16;

/// The currency of a report and how far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportSource {
    pub currency: Currency,
    pub span: Span,
    pub progress: FactsProgress,
}

/// A row and its place in the order of the report.
pub type Ranked<T> = (T, Vec<Key>);

/// What a permit lets through of what is asked.
pub(super) fn within<P: Permission>(permit: &Permit<P>, mut narrow: Narrow) -> Narrow {
    if let Reach::Stores(own) = permit.reach() {
        let asked = narrow.stores.take();
        let seen = |store: &StoreId| asked.as_ref().is_none_or(|asked| asked.contains(store));
        narrow.stores = Some(own.iter().copied().filter(seen).collect());
    }
    if let Some(own) = permit.channel() {
        let is_seen = narrow.channels.as_ref().is_none_or(|asked| asked.contains(&own));
        narrow.channels = Some(is_seen.then_some(own).into_iter().collect());
    }
    narrow
}

/// Brings the facts up to date.
pub(super) async fn of_facts(db: &Database, scope: &TenantScope, span: Span) -> Result<ReportSource, ReportError> {
    let progress = Box::pin(catch_up(db, scope.tenant(), PAGES)).await?;
    Ok(ReportSource { currency: default_currency(scope).await?, span, progress })
}

/// Brings the cost book up to date, too: the report is as far as the one that is behind. The book's currency is the tenant's own.
pub(super) async fn of_costs(
    db: &Database,
    scope: &TenantScope,
    span: Span,
) -> Result<(ReportSource, CostingMethod), ReportError> {
    let source = of_facts(db, scope, span).await?;
    let book = costing::begin(scope, None).await?;
    let progress =
        FactsProgress { seq: source.progress.seq.min(book.progress.seq), head: source.progress.head.max(book.progress.head) };
    Ok((ReportSource { currency: book.currency, progress, ..source }, book.method))
}

/// Of documents, which are read as they stand.
pub(super) async fn of_documents(scope: &TenantScope, span: Span) -> Result<ReportSource, ReportError> {
    let seq = scope.head().await?.seq;
    Ok(ReportSource { currency: default_currency(scope).await?, span, progress: FactsProgress { seq, head: seq } })
}

/// A sum that clients can be told exactly.
pub(super) fn exact(sum: i128) -> Result<i64, ReportError> {
    let safe = i64::try_from(sum).ok().filter(|sum| (-MAX_SAFE..=MAX_SAFE).contains(sum));
    safe.ok_or(ReportError::TooLarge)
}

/// The largest first; what has no figure comes last.
pub(super) fn largest(figure: Option<f64>) -> Key {
    // Millionths, as figures are shown, within what JSON holds exactly.
    let millionths = |figure: f64| (figure * 1e6).round().clamp(-(MAX_SAFE as f64), MAX_SAFE as f64) as i64;
    Key::Int(figure.map_or(i64::MAX, |figure| -millionths(figure)))
}

/// The same of an integer.
pub(super) fn most(figure: i64) -> Key {
    Key::Int(figure.checked_neg().unwrap_or(i64::MAX))
}

/// Brings rows into the order of their keys.
pub(super) fn ranked<T>(mut rows: Vec<Ranked<T>>) -> Vec<Ranked<T>> {
    rows.sort_by(|one, other| one.1.cmp(&other.1));
    rows
}

/// All products on some days in some stores: of panels, which take no condition on products.
pub(super) fn everything(span: Span, stores: Option<Vec<StoreId>>, channels: Option<Vec<ChannelId>>) -> Narrow {
    Narrow { span, products: ProductCondition::default(), stores, channels }
}
