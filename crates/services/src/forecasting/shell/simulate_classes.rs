//! Simulation of a reorder policy over the past of products of a store: those of a class, of a
//! filter, or all.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use entity::prelude::*;
use forecast::xyz::XyzClass;
use iam::access::{Permit, kind};
use inventory::catalog::rows::page::ProductCondition;
use platform::storage::{Database, Fault, TenantScope};

use super::{
    leads::{leads_of, shelf_days_of},
    simulate::{MAX_POOLED, MAX_WEEKS, SimulationError, run_in_slot, run_with_threads},
};
use crate::forecasting::{
    core::{
        ClassHistory, ClassProduct, DayFacts, History, LeadDays, LevelFacts, ReorderPolicy, SimulatedClasses, SimulationRefusal,
        StoredClasses, simulated_classes,
    },
    rows,
};

/// Products of one read.
const CHUNK: usize = 250;
/// Maximum products whose classes are read to select the requested ones.
const MAX_READ: usize = 20_000;

/// Selects the products of a store that are simulated. All conditions must match.
#[derive(Debug, Clone, Default)]
pub struct ClassSelection {
    pub abc: Option<AbcClass>,
    pub xyz: Option<XyzClass>,
    pub products: ProductCondition,
}

impl ClassSelection {
    fn is_of_class(&self) -> bool {
        self.abc.is_some() || self.xyz.is_some()
    }
    /// Whether the request includes a product of these classes; a product without classes only if
    /// no class is requested.
    fn matches_classes(&self, classes: Option<StoredClasses>) -> bool {
        let is_abc = self.abc.is_none_or(|abc| classes.is_some_and(|classes| classes.abc == abc));
        is_abc && self.xyz.is_none_or(|xyz| classes.is_some_and(|classes| XyzClass::from(classes.xyz) == xyz))
    }
}

/// Simulates a policy for products of a store, over the weeks before the newest run of forecasts,
/// between two days if they are given. Too many products for the policy are refused before their
/// history is read. The caller checks that the permit covers the store.
pub async fn simulate_classes(
    permit: &Permit<kind::ReportRead>,
    db: &Database,
    (store, selection): (StoreId, &ClassSelection),
    policy: ReorderPolicy,
    range: (Option<i32>, Option<i32>),
) -> Result<Result<SimulatedClasses, SimulationRefusal>, SimulationError> {
    let scope = permit.scope(db).long();
    if !rows::exist_product_and_store(&scope, ProductId::NIL, store).await?.1 {
        return Err(SimulationError::NoStore);
    }
    let Some(run) = rows::last_run(&scope).await? else { return Ok(Err(SimulationRefusal::NoDemand)) };
    let level = (run.first_week, store);
    let run_products = rows::products_of_run(&scope, run.first_week, store).await?;
    let chosen = match choose_products(&scope, level, &run_products, (selection, policy.max_products())).await? {
        Ok(chosen) => chosen,
        Err(reason) => return Ok(Err(reason)),
    };
    let products: Vec<ProductId> = chosen.keys().copied().collect();
    let leads = leads_of(&scope, &products, policy.lead_days.is_none().then_some(run.first_week)).await?;
    let limit = policy.max_products_with_calendars();
    if chosen.len() > limit && leads.values().any(LeadDays::has_calendar) {
        return Ok(Err(SimulationRefusal::TooMany { found: chosen.len(), most: limit }));
    }
    let mut class_history = history(&scope, level, &run_products, chosen).await?;
    for (product, lead) in leads {
        if let Some(class_product) = class_history.products.get_mut(&product) {
            class_product.days.lead = lead;
        }
    }
    Ok(run_in_slot(move || run_with_threads(|threads| simulated_classes(&class_history, &policy, range, threads))).await?)
}

/// Returns the requested products, each with its classes; the inner error if there are none or too
/// many.
async fn choose_products(
    scope: &TenantScope,
    (first_week, store): (i32, StoreId),
    run_products: &[ProductId],
    (selection, limit): (&ClassSelection, usize),
) -> Result<Result<BTreeMap<ProductId, Option<StoredClasses>>, SimulationRefusal>, Fault> {
    let selected_ids: Option<HashSet<ProductId>> = selection.products.ids(scope).await?.map(|ids| ids.into_iter().collect());
    let is_selected = |product: &ProductId| selected_ids.as_ref().is_none_or(|selected_ids| selected_ids.contains(product));
    let candidates: Vec<(ProductId, StoreId)> =
        run_products.iter().copied().filter(is_selected).map(|product| (product, store)).collect();
    let too_many = |found: usize| Ok(Err(SimulationRefusal::TooMany { found, most: limit }));
    let read_limit = if selection.is_of_class() { MAX_READ } else { limit };
    if candidates.len() > read_limit {
        return too_many(candidates.len());
    }
    let mut chosen = BTreeMap::new();
    for chunk in candidates.chunks(CHUNK) {
        for series in rows::series_of_levels(scope, first_week, chunk).await? {
            if selection.matches_classes(series.body.classes) {
                chosen.insert(series.product, series.body.classes);
            }
        }
    }
    match chosen.len() {
        0 => Ok(Err(SimulationRefusal::NoDemand)),
        found if found > limit => too_many(found),
        _ => Ok(Ok(chosen)),
    }
}

/// The history of the chosen products, and of evenly spaced ones of the store whose errors are pooled.
async fn history(
    scope: &TenantScope,
    (first_week, store): (i32, StoreId),
    run_products: &[ProductId],
    chosen: BTreeMap<ProductId, Option<StoredClasses>>,
) -> Result<ClassHistory, Fault> {
    let step = run_products.len().div_ceil(MAX_POOLED).max(1);
    let pooled: BTreeSet<ProductId> = run_products.iter().copied().step_by(step).collect();
    let product_ids: Vec<ProductId> =
        chosen.keys().copied().chain(pooled.iter().copied()).collect::<BTreeSet<_>>().into_iter().collect();
    let range = (first_week - 7 * MAX_WEEKS, first_week);
    let mut facts: BTreeMap<(ProductId, StoreId), LevelFacts> = BTreeMap::new();
    let mut products = BTreeMap::new();
    for chunk in product_ids.chunks(CHUNK) {
        facts.extend(rows::store_facts(scope, chunk, store, range).await?);
        let played: Vec<ProductId> = chunk.iter().copied().filter(|product| chosen.contains_key(product)).collect();
        let mut demand_by_product = rows::demand_days(scope, &played, store, range).await?;
        let mut shelf_days = shelf_days_of(scope, &played, first_week).await?;
        for rows::ProductCost { product, decimals, cost } in rows::product_costs(scope, &played).await? {
            let spans = facts.get(&(product, store)).map(|facts| facts.sellable_spans().into_owned()).unwrap_or_default();
            let units = demand_by_product.remove(&product).unwrap_or_default();
            let days = DayFacts { units, spans, lead: LeadDays::default(), shelf_days: shelf_days.remove(&product) };
            products.insert(product, ClassProduct { classes: chosen.get(&product).copied().flatten(), decimals, cost, days });
        }
    }
    Ok(ClassHistory { history: History::of(&facts, first_week), products, pooled })
}
