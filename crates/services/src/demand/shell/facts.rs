//! Reads facts with a permit, and brings them up to date first.

use entity::{prelude::*, quantity::MAX_SAFE};
use iam::access::{Permit, Reach, kind};
use platform::{
    paging::{ListSource, PageRequest},
    storage::{Database, Fault, TenantScope},
};

use super::keep::{FactsProgress, catch_up};
use crate::{
    demand::{
        core::is_in_stock,
        rows::{self, DemandDimension, FactFilter, FactKey, FactRow},
    },
    insight::{rows::default_currency, shell::ReportError},
};

/// Maximum pages of the journal that a reader waits for. `FactsProgress` reports how far the facts
/// are behind.
pub(super) const PAGES: usize = 16;

/// A request for facts.
#[derive(Debug, Clone)]
pub struct FactRequest {
    /// Dimensions of the rows, each once; not empty.
    pub group: Vec<DemandDimension>,
    pub filter: FactFilter,
    /// None for the tenant's own currency.
    pub currency: Option<Currency>,
    /// Whether `FactPage::in_stock` is requested.
    pub with_stock: bool,
    pub page: PageRequest,
}

/// Facts by group, and of everything that the filter lets through.
#[derive(Debug, Clone)]
pub struct FactPage {
    pub progress: FactsProgress,
    pub currency: Currency,
    pub rows: Vec<FactRow>,
    /// Whether the day of each row closed with stock, in the order of the rows; None for a row that
    /// is not of one day, product and store, and for days before the product's first movement
    /// there. Empty if not requested.
    pub in_stock: Vec<Option<bool>>,
    /// The rows of all pages.
    pub source: ListSource,
    pub totals: FactRow,
}

/// Sums of days by group, of the stores and the channel that the permit is for.
pub async fn demand_facts(permit: Permit<kind::ReportRead>, db: &Database, ask: FactRequest) -> Result<FactPage, ReportError> {
    let progress = Box::pin(catch_up(db, permit.tenant(), PAGES)).await?;
    let scope = permit.scope(db).long();
    let currency = match ask.currency {
        Some(currency) => currency,
        None => default_currency(&scope).await?,
    };
    let filter = restrict_to_permit(&permit, ask.filter);
    let (rows, totals) = rows::fact_page(&scope, &ask.group, &filter, currency, &ask.page).await?;
    let is_exact = |row: &FactRow| row.figures.values().iter().all(|figure| figure.abs() <= MAX_SAFE);
    if !rows.iter().chain([&totals]).all(is_exact) {
        return Err(ReportError::TooLarge);
    }
    let in_stock = if ask.with_stock { in_stock(&scope, &ask.group, &rows).await? } else { Vec::new() };
    let source = rows::fact_source(&scope, &ask.group, &filter);
    Ok(FactPage { progress, currency, rows, in_stock, source, totals })
}

/// Whether the day of each row closed with stock.
async fn in_stock(scope: &TenantScope, group: &[DemandDimension], found: &[FactRow]) -> Result<Vec<Option<bool>>, Fault> {
    let place = |dimension: DemandDimension| group.iter().position(|one| *one == dimension);
    let places = (place(DemandDimension::Day), place(DemandDimension::Product), place(DemandDimension::Store));
    let key = |row: &FactRow| {
        let (day, product, store) = places;
        match (row.keys.get(day?)?, row.keys.get(product?)?, row.keys.get(store?)?) {
            (FactKey::Date(day), FactKey::Id(product), FactKey::Id(store)) => {
                Some((*day, (ProductId::from_uuid(*product), StoreId::from_uuid(*store))))
            }
            _ => None,
        }
    };
    let keys: Vec<Option<(i32, (ProductId, StoreId))>> = found.iter().map(key).collect();
    let days = || keys.iter().flatten().map(|(day, _)| *day);
    let (Some(first), Some(last)) = (days().min(), days().max()) else { return Ok(vec![None; found.len()]) };
    let levels: Vec<(ProductId, StoreId)> = keys.iter().flatten().map(|(_, level)| *level).collect();
    let spans = rows::spans_within(scope, &levels, (first, last)).await?;
    let closed = |(day, level): (i32, (ProductId, StoreId))| is_in_stock(spans.get(&level)?, day);
    Ok(keys.into_iter().map(|key| key.and_then(closed)).collect())
}

/// Restricts the filter to the stores of the permit.
fn restrict_to_permit(permit: &Permit<kind::ReportRead>, mut filter: FactFilter) -> FactFilter {
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
