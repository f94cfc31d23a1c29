//! Asking for facts: with a permit, brought up to date first.

use entity::{prelude::*, quantity::MAX_SAFE};
use iam::access::{Permit, Reach, kind};
use platform::{
    paging::{ListSource, PageRequest},
    storage::Database,
};

use super::keep::{FactsProgress, catch_up};
use crate::{
    demand::rows::{self, DemandDimension, FactFilter, FactRow},
    insight::{rows::default_currency, shell::ReportError},
};

/// Pages of the journal that whoever asks waits for. What is behind them is told by `FactsProgress`.
pub(super) const PAGES: usize = 16;

/// A request for facts.
#[derive(Debug, Clone)]
pub struct FactAsk {
    /// What rows stand for, each dimension once; not empty.
    pub group: Vec<DemandDimension>,
    pub filter: FactFilter,
    /// None: the tenant's own.
    pub currency: Option<Currency>,
    pub page: PageRequest,
}

/// Facts by group, and of everything that the filter lets through.
#[derive(Debug, Clone)]
pub struct FactPage {
    pub progress: FactsProgress,
    pub currency: Currency,
    pub rows: Vec<FactRow>,
    /// The rows of all pages.
    pub source: ListSource,
    pub totals: FactRow,
}

/// Sums of days by group, of the stores and the channel that the permit is for.
pub async fn demand_facts(permit: Permit<kind::ReportRead>, db: &Database, ask: FactAsk) -> Result<FactPage, ReportError> {
    let progress = Box::pin(catch_up(db, permit.tenant(), PAGES)).await?;
    let scope = permit.scope(db).long();
    let currency = match ask.currency {
        Some(currency) => currency,
        None => default_currency(&scope).await?,
    };
    let filter = within(&permit, ask.filter);
    let (rows, totals) = rows::fact_page(&scope, &ask.group, &filter, currency, &ask.page).await?;
    let is_exact = |row: &FactRow| row.figures.values().iter().all(|figure| figure.abs() <= MAX_SAFE);
    if !rows.iter().chain([&totals]).all(is_exact) {
        return Err(ReportError::TooLarge);
    }
    let source = rows::fact_source(&scope, &ask.group, &filter, currency);
    Ok(FactPage { progress, currency, rows, source, totals })
}

/// What the permit is for of what the filter asks.
fn within(permit: &Permit<kind::ReportRead>, mut filter: FactFilter) -> FactFilter {
    if let Reach::Stores(own) = permit.reach() {
        let asked = filter.stores.take();
        let seen = |store: &StoreId| asked.as_ref().is_none_or(|asked| asked.contains(store));
        filter.stores = Some(own.iter().copied().filter(seen).collect());
    }
    if let Some(own) = permit.channel() {
        let is_seen = filter.channels.as_ref().is_none_or(|asked| asked.contains(&own));
        filter.channels = Some(is_seen.then_some(own).into_iter().collect());
    }
    filter
}
