//! Reads facts with a permit, and brings them up to date first.

use entity::{prelude::*, quantity::MAX_SAFE};
use iam::access::{Permit, Reach, kind};
use platform::{
    paging::{ListSource, PageRequest},
    storage::{Database, Fault, TenantScope, books::BookProgress},
};

use super::keep::catch_up_for_reader;
use crate::{
    demand::{
        core::is_in_stock,
        rows::{self, DemandDimension, FactFilter, FactKey, FactRow},
    },
    insight::{rows::default_currency, shell::ReportError},
};

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
    pub progress: BookProgress,
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
pub async fn demand_facts(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    request: FactRequest,
) -> Result<FactPage, ReportError> {
    let progress = Box::pin(catch_up_for_reader(db, permit.tenant())).await?;
    let scope = permit.scope(db).long();
    let currency = match request.currency {
        Some(currency) => currency,
        None => default_currency(&scope).await?,
    };
    let filter = restrict_to_permit(&permit, request.filter);
    let (rows, totals) = rows::fact_page(&scope, &request.group, &filter, currency, &request.page).await?;
    let is_exact = |row: &FactRow| row.figures.values().iter().all(|value| value.abs() <= MAX_SAFE);
    if !rows.iter().chain([&totals]).all(is_exact) {
        return Err(ReportError::TooLarge);
    }
    let in_stock = if request.with_stock { in_stock(&scope, &request.group, &rows).await? } else { Vec::new() };
    let source = rows::fact_source(&scope, &request.group, &filter);
    Ok(FactPage { progress, currency, rows, in_stock, source, totals })
}

/// Whether the day of each row closed with stock.
async fn in_stock(scope: &TenantScope, group: &[DemandDimension], fact_rows: &[FactRow]) -> Result<Vec<Option<bool>>, Fault> {
    let index_of = |dimension: DemandDimension| group.iter().position(|one| *one == dimension);
    let indexes = (index_of(DemandDimension::Day), index_of(DemandDimension::Product), index_of(DemandDimension::Store));
    let key = |row: &FactRow| {
        let (day, product, store) = indexes;
        match (row.keys.get(day?)?, row.keys.get(product?)?, row.keys.get(store?)?) {
            (FactKey::Date(day), FactKey::Id(product), FactKey::Id(store)) => {
                Some((*day, (ProductId::from_uuid(*product), StoreId::from_uuid(*store))))
            }
            _ => None,
        }
    };
    let keys: Vec<Option<(i32, (ProductId, StoreId))>> = fact_rows.iter().map(key).collect();
    let days = || keys.iter().flatten().map(|(day, _)| *day);
    let (Some(first), Some(last)) = (days().min(), days().max()) else { return Ok(vec![None; fact_rows.len()]) };
    let levels: Vec<(ProductId, StoreId)> = keys.iter().flatten().map(|(_, level)| *level).collect();
    let spans = rows::spans_within(scope, &levels, (first, last)).await?;
    let stock_of_key = |(day, level): (i32, (ProductId, StoreId))| is_in_stock(spans.get(&level)?, day);
    Ok(keys.into_iter().map(|key| key.and_then(stock_of_key)).collect())
}

/// Restricts the filter to the stores of the permit.
fn restrict_to_permit(permit: &Permit<kind::ReportRead>, mut filter: FactFilter) -> FactFilter {
    if let Reach::Stores(permitted) = permit.reach() {
        let requested = filter.stores.take();
        let is_visible = |store: &StoreId| requested.as_ref().is_none_or(|requested| requested.contains(store));
        filter.stores = Some(permitted.iter().copied().filter(is_visible).collect());
    }
    if let Some(permitted) = permit.channel() {
        let is_channel_visible = filter.channels.as_ref().is_none_or(|requested| requested.contains(&permitted));
        filter.channels = Some(is_channel_visible.then_some(permitted).into_iter().collect());
    }
    filter
}
