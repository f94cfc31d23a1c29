//! Reads the input of proposals, in chunks of products, and computes the proposals of each product.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::prelude::*;
use inventory::{
    catalog::rows::{page::ProductCondition, small_tables::tenant_zone},
    costing::shell as costing,
    purchasing::rows::default_suppliers_of,
};
use platform::{
    clock::{Clock, local_day},
    storage::{Fault, ROWS_PER_PAGE, Reads, TenantScope},
};

use super::{
    partners::{PartnerContext, pair_window_start, partners},
    responses::Responses,
};
use crate::{
    forecasting::rows::{self as forecasts, StoredForecast},
    liquidation::{
        core::{Criteria, Level, Partner, Product, Proposal, Response, SALES_DAYS, propose},
        rows::{self, LevelFacts, ProductFacts},
    },
    replenishment::rows::{StoreUnits, backordered_units, outgoing_draft_units},
    reports::{
        core::Span,
        rows::{ReportFilter, dated_lots, unit_values},
    },
};

/// Products that are read together.
const CHUNK: usize = 500;
/// Days that lots expire within, and weeks that a forecast is averaged over.
const HORIZON_WEEKS: i32 = 26;

/// Scope of the proposals. None is all.
#[derive(Debug, Clone, Default)]
pub struct ProposalScope {
    pub products: Option<Vec<ProductId>>,
    /// Stores whose stock is listed.
    pub listed: Option<Vec<StoreId>>,
    /// Stores that goods can be sent to.
    pub seen: Option<Vec<StoreId>>,
}

/// Proposals with the facts that they rest on, by product: only callers who may see costs get a
/// sort by cost.
pub struct ComputedProposals {
    pub proposals: Vec<Proposal>,
    pub seq: i64,
    pub business_date: i32,
    pub forecast_week: Option<i32>,
    pub currency: Currency,
}

/// Facts of the tenant that all chunks of products share.
struct TenantFacts {
    today: i32,
    currency: Currency,
    method: CostingMethod,
    forecast_week: Option<i32>,
    owed: StoreUnits,
    leaving: StoreUnits,
    /// To where earlier plans send it.
    coming: StoreUnits,
    /// Last days and units of lots, the first one first.
    lots: HashMap<(ProductId, StoreId), Vec<(i32, i64)>>,
    cut_products: BTreeSet<ProductId>,
    bundled: BTreeSet<ProductId>,
    /// Sold orders in which pairs are searched. None: no bundles are proposed.
    orders: Option<i64>,
    within: ProposalScope,
}

/// Finds dead and slow stock, and computes the best action for it.
pub async fn compute_proposals(
    scope: &TenantScope,
    clock: &Clock,
    criteria: &Criteria,
    proposal_scope: ProposalScope,
) -> Result<ComputedProposals, Fault> {
    let scope = scope.long();
    let today = local_day(clock.now(), &tenant_zone(&scope).await?);
    let books = costing::prepare_costing(&scope, None).await?;
    let seq = scope.head().await?.seq;
    let facts = TenantFacts {
        today,
        currency: books.currency,
        method: books.method,
        forecast_week: forecasts::last_run(&scope).await?.map(|run| run.first_week),
        owed: backordered_units(&scope).await?,
        leaving: outgoing_draft_units(&scope).await?,
        coming: rows::units_under_way(&scope).await?,
        lots: lots(&scope, today).await?,
        cut_products: rows::products_under_way(&scope, LiquidationAction::Markdown).await?,
        bundled: rows::products_under_way(&scope, LiquidationAction::Bundle).await?,
        orders: match criteria.bundle_percent {
            Some(_) => Some(rows::orders_since(&scope, pair_window_start(today)).await?),
            None => None,
        },
        within: proposal_scope,
    };
    let mut levels_by_product = facts.levels(&scope, criteria).await?;
    let ids: Vec<ProductId> = levels_by_product.keys().copied().collect();
    let mut proposals = Vec::new();
    let mut responses = Responses::new(today, facts.currency);
    for chunk in ids.chunks(CHUNK) {
        for product in products(&scope, &facts, chunk, &mut levels_by_product, &mut responses).await? {
            proposals.extend(propose(criteria, today, &product));
        }
    }
    let (forecast_week, currency) = (facts.forecast_week, facts.currency);
    Ok(ComputedProposals { proposals, seq, business_date: today, forecast_week, currency })
}

/// Lots that expire within the horizon.
async fn lots(reads: &impl Reads, today: i32) -> Result<HashMap<(ProductId, StoreId), Vec<(i32, i64)>>, Fault> {
    let span = Span { from: today, to: today + 7 * HORIZON_WEEKS };
    let report_filter = ReportFilter { span, products: ProductCondition::default(), stores: None, channels: None };
    let mut lots_by_level: HashMap<(ProductId, StoreId), Vec<(i32, i64)>> = HashMap::new();
    for lot in dated_lots(reads, &report_filter).await? {
        lots_by_level.entry((lot.product_id, lot.store_id)).or_default().push((lot.expires_on, lot.units));
    }
    Ok(lots_by_level)
}

impl TenantFacts {
    /// Returns the available units that are neither owed nor about to be sent elsewhere.
    fn free(&self, key: (ProductId, StoreId), available: i64) -> i64 {
        let units_of = |units: &StoreUnits| units.get(&key).copied().unwrap_or_default();
        available.saturating_sub(units_of(&self.owed)).saturating_sub(units_of(&self.leaving))
    }
    fn level(&self, facts: &LevelFacts) -> Level {
        let key = (facts.product, facts.store);
        let free = self.free(key, facts.available);
        let is_in = |stores: &Option<Vec<StoreId>>| stores.as_ref().is_none_or(|stores| stores.contains(&facts.store));
        Level {
            store: facts.store,
            is_asked: is_in(&self.within.listed),
            is_target: is_in(&self.within.seen),
            free,
            coming: self.coming.get(&key).copied().unwrap_or_default(),
            first_day: facts.first_day,
            last_sale: facts.last_sale,
            sold: facts.sold,
            weekly: None,
            expires: self.lots.get(&key).and_then(|lots| half_sellable_until(lots, free)),
        }
    }
    /// The levels of products with at least one level that could be listed. Products are read in
    /// chunks: a company has many, and few of them are listed.
    async fn levels(&self, reads: &impl Reads, criteria: &Criteria) -> Result<BTreeMap<ProductId, Vec<Level>>, Fault> {
        let mut levels_by_product = BTreeMap::new();
        if let Some(products) = &self.within.products {
            for part in products.chunks(ROWS_PER_PAGE) {
                let mut part_levels = self.levels_of(reads, criteria, part).await?;
                levels_by_product.append(&mut part_levels);
            }
            return Ok(levels_by_product);
        }
        let mut after = ProductId::NIL;
        loop {
            let part = rows::products_with_levels(reads, after).await?;
            let Some(last) = part.last() else { return Ok(levels_by_product) };
            after = *last;
            let mut part_levels = self.levels_of(reads, criteria, &part).await?;
            levels_by_product.append(&mut part_levels);
        }
    }
    async fn levels_of(
        &self,
        reads: &impl Reads,
        criteria: &Criteria,
        products: &[ProductId],
    ) -> Result<BTreeMap<ProductId, Vec<Level>>, Fault> {
        let mut levels_by_product: BTreeMap<ProductId, Vec<Level>> = BTreeMap::new();
        for facts in rows::levels(reads, self.today - SALES_DAYS + 1, products).await? {
            levels_by_product.entry(facts.product).or_default().push(self.level(&facts));
        }
        levels_by_product.retain(|_, levels| levels.iter().any(|level| self.may_list(criteria, level)));
        Ok(levels_by_product)
    }
    /// Whether a level could be listed, before its product is read.
    fn may_list(&self, criteria: &Criteria, level: &Level) -> bool {
        let age = level.first_day.map_or(0, |first| self.today - first);
        level.is_asked && level.free > 0 && (age >= criteria.days_without_sale || level.expires.is_some())
    }
}

/// The last day on which more than half of the free units can be sold.
fn half_sellable_until(lots: &[(i32, i64)], free: i64) -> Option<i32> {
    let mut total_units = 0_i64;
    for (day, units) in lots {
        total_units = total_units.saturating_add(*units);
        if free > 0 && total_units.saturating_mul(2) >= free {
            return Some(*day);
        }
    }
    None
}

async fn products(
    scope: &TenantScope,
    tenant_facts: &TenantFacts,
    ids: &[ProductId],
    levels: &mut BTreeMap<ProductId, Vec<Level>>,
    responses: &mut Responses,
) -> Result<Vec<Product>, Fault> {
    let facts = rows::products(scope, ids).await?;
    let values = unit_values(scope, tenant_facts.method, ids).await?;
    let suppliers = default_suppliers_of(scope, ids).await?;
    let weekly = match tenant_facts.forecast_week {
        Some(week) => forecasts::series_of_products(scope, week, ids).await?,
        None => Vec::new(),
    };
    let weekly: HashMap<(ProductId, StoreId), f64> =
        weekly.iter().filter_map(|series| Some(((series.product, series.store), mean(series, tenant_facts.today)?))).collect();
    let responses = responses.of(scope, &facts).await?;
    let mut partners = bundles(scope, tenant_facts, &facts, levels).await?;
    let mut product_list = Vec::with_capacity(facts.len());
    for facts in facts {
        let mut levels = levels.remove(&facts.id).unwrap_or_default();
        for level in &mut levels {
            level.weekly = weekly.get(&(facts.id, level.store)).copied();
        }
        let decimals = u8::try_from(facts.unit_decimals).unwrap_or_default();
        let in_currency = |minor: Option<i64>, currency: &Option<String>| {
            minor.filter(|_| currency.as_deref() == Some(tenant_facts.currency.as_str()))
        };
        let cost = values.get(&facts.id).map(|unit_value| unit_value * 10_f64.powi(decimals.into()));
        product_list.push(Product {
            id: facts.id,
            decimals,
            price: in_currency(facts.price_minor, &facts.price_currency),
            cost: cost.or_else(|| in_currency(facts.cost_minor, &facts.cost_currency).map(|minor| minor as f64)),
            supplier: suppliers.get(&facts.id).map(|(supplier, _)| *supplier),
            response: responses.get(&facts.id).copied().unwrap_or(Response::NotShown),
            is_cut: tenant_facts.cut_products.contains(&facts.id),
            is_bundled: tenant_facts.bundled.contains(&facts.id),
            partner: partners.remove(&facts.id),
            levels,
        });
    }
    Ok(product_list)
}

/// Partners of products in the stores whose stock is listed.
async fn bundles(
    scope: &TenantScope,
    tenant_facts: &TenantFacts,
    facts: &[ProductFacts],
    levels: &BTreeMap<ProductId, Vec<Level>>,
) -> Result<HashMap<ProductId, Partner>, Fault> {
    let Some(orders) = tenant_facts.orders else { return Ok(HashMap::new()) };
    let stores_of = |levels: &[Level]| -> Vec<StoreId> {
        levels.iter().filter(|level| level.is_asked && level.free > 0).map(|level| level.store).collect()
    };
    let stores: BTreeMap<ProductId, Vec<StoreId>> =
        facts.iter().filter_map(|facts| levels.get(&facts.id).map(|levels| (facts.id, stores_of(levels)))).collect();
    let free = |key: (ProductId, StoreId), available: i64| tenant_facts.free(key, available);
    let context = PartnerContext {
        today: tenant_facts.today,
        currency: tenant_facts.currency,
        orders,
        free: &free,
        cut_products: &tenant_facts.cut_products,
    };
    partners(scope, context, facts, &stores).await
}

/// Mean units per week over the horizon, from the current week on: a forecast run may be some weeks
/// old. None if the series has too little data.
fn mean(series: &StoredForecast, today: i32) -> Option<f64> {
    if series.status == ForecastStatus::TooLittle {
        return None;
    }
    let past_weeks = usize::try_from((today - series.first_week) / 7).unwrap_or_default();
    let weeks: Vec<f64> =
        series.body.points().map(|point| point.mean.max(0.0)).skip(past_weeks).take(HORIZON_WEEKS as usize).collect();
    (!weeks.is_empty()).then(|| weeks.iter().sum::<f64>() / weeks.len() as f64)
}
