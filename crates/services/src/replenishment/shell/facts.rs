//! Reads the input of a plan in chunks of products, and has each chunk computed.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use entity::prelude::*;
use forecast::intervals::{DayShape, sum_scale};
use inventory::{catalog::rows::small_tables::tenant_zone, purchasing::rows::default_suppliers_of};
use platform::{
    clock::{Clock, local_day},
    storage::{Fault, TenantScope},
};
use tokio::task::JoinHandle;

use crate::{
    demand::core::week_of,
    forecasting::{
        core::{Calibration, Level, StoredClasses, Turnover, YEAR_WEEKS, classify},
        rows::{self as forecasts, StoredForecast},
    },
    replenishment::{
        core::{
            Basis, Classes, Demand, KitUse, LeadTimes, LevelState, MAX_LEAD_DAYS, OpenLine, PlanLine, PlanScope, Policies,
            ProductState, plan_product,
        },
        rows::{self, ComponentUse, ProductFacts, StoreUnits, SupplierFacts},
    },
};

/// Products that are read and computed together.
const CHUNK: usize = 500;
/// Days of deliveries that lead times are measured by.
const MEASURED_DAYS: i64 = 365;
/// Days that a delivery takes if no lead time is stated.
const ASSUMED_LEAD: f64 = 7.0;

/// Proposals with the facts that they rest on.
pub struct ComputedPlan {
    pub lines: Vec<PlanLine>,
    /// Minimum order values, of suppliers that have one.
    pub minimums: BTreeMap<SupplierId, Money>,
    pub seq: i64,
    pub business_date: i32,
    pub forecast_week: Option<i32>,
}

/// Facts of the tenant that all chunks of products share.
struct TenantFacts {
    basis: Arc<Basis>,
    forecast_week: Option<i32>,
    stores: BTreeSet<StoreId>,
    /// Stores to plan for. None for all.
    planned: Option<BTreeSet<StoreId>>,
    supplier: Option<SupplierId>,
    owed: StoreUnits,
    owed_at: HashMap<ProductId, Vec<StoreId>>,
    drafted: StoreUnits,
    leaving: StoreUnits,
    /// Levels whose units an approved plan clears.
    liquidated: HashSet<(ProductId, StoreId)>,
    /// Lines of orders that may be cut.
    open: HashMap<ProductId, Vec<OpenLine>>,
    turnovers: BTreeMap<Level, Turnover>,
    /// Those of products that no plan is for, kits among them.
    unplanned: BTreeMap<Level, Turnover>,
    /// Classes by the year alone, for levels without classes in the newest run.
    classes: BTreeMap<Level, StoredClasses>,
    suppliers: HashMap<SupplierId, SupplierFacts>,
    /// Start of the period whose deliveries and lots are read.
    measured_since: Timestamp,
}

/// Computes the needs of the stores of `plan_scope`. Only `visible_stores` may be read; None means
/// all.
pub async fn compute_needs(
    scope: &TenantScope,
    clock: &Clock,
    plan_scope: &PlanScope,
    visible_stores: Option<&[StoreId]>,
) -> Result<ComputedPlan, Fault> {
    let scope = scope.long();
    let now = clock.now();
    let seq = scope.head().await?.seq;
    let today = local_day(now, &tenant_zone(&scope).await?);
    let known = load_facts(&scope, (today, now), (plan_scope, visible_stores)).await?;
    let mut lines = Vec::new();
    let mut planning_task: Option<JoinHandle<Vec<PlanLine>>> = None;
    let mut after = ProductId::NIL;
    loop {
        // Read while the previous chunk is computed.
        let chunk = rows::catalogue(&scope, after, CHUNK).await?;
        let Some(last) = chunk.last() else { break };
        after = last.id;
        let products = load_product_states(&scope, &known, &chunk, today).await?;
        if let Some(earlier_task) = planning_task.take() {
            lines.extend(join_task(earlier_task).await?);
        }
        let basis = known.basis.clone();
        // On a blocking thread: it takes seconds of processor time if there are many products.
        planning_task = Some(tokio::task::spawn_blocking(move || {
            products.iter().flat_map(|product| plan_product(&basis, product)).collect()
        }));
    }
    if let Some(last) = planning_task {
        lines.extend(join_task(last).await?);
    }
    let minimums = known.suppliers.iter().filter_map(|(supplier, facts)| Some((*supplier, facts.minimum_order?))).collect();
    Ok(ComputedPlan { lines, minimums, seq, business_date: today, forecast_week: known.forecast_week })
}

async fn join_task(task: JoinHandle<Vec<PlanLine>>) -> Result<Vec<PlanLine>, Fault> {
    task.await.map_err(|err| Fault::Broken(format!("the plan: {err}")))
}

async fn load_facts(
    scope: &TenantScope,
    (today, now): (i32, Timestamp),
    (plan_scope, visible_stores): (&PlanScope, Option<&[StoreId]>),
) -> Result<TenantFacts, Fault> {
    let run = forecasts::last_run(scope).await?;
    let calibration = run.as_ref().and_then(|run| Calibration::of_run(&run.choices)).unwrap_or_default();
    let forecast_week = run.map(|run| run.first_week);
    let pools = match forecast_week {
        Some(week) => forecasts::pools(scope, week).await?,
        None => BTreeMap::new(),
    };
    let policies = Policies::new(rows::policies(scope).await?);
    let (week, measured_since) = (week_of(today), now.plus_seconds(-86_400 * MEASURED_DAYS));
    let mut turnovers = rows::turnovers(scope, (week - 7 * YEAR_WEEKS, week)).await?;
    let sold: BTreeSet<ProductId> = turnovers.keys().map(|(_, product)| *product).collect();
    let planned = forecasts::planned_products(scope, &sold.into_iter().collect::<Vec<_>>()).await?;
    let unplanned = turnovers.extract_if(.., |(_, product), _| !planned.contains_key(product)).collect();
    for ((_, product), turnover) in &mut turnovers {
        *turnover =
            planned.get(product).map_or(*turnover, |priced| turnover.at(priced.price_minor.unwrap_or(0), priced.unit_decimals));
    }
    let skus = planned.iter().map(|(product, priced)| (*product, priced.sku.as_str())).collect();
    let classes = classify(&turnovers, &skus, &BTreeMap::new());
    let owed = rows::backordered_units(scope).await?;
    let mut owed_at: HashMap<ProductId, Vec<StoreId>> = HashMap::new();
    for (product, store) in owed.keys() {
        owed_at.entry(*product).or_default().push(*store);
    }
    let terms = rows::terms(scope).await?;
    let open = if terms.may_cut() { rows::open_lines(scope, &terms).await? } else { HashMap::new() };
    let basis = Basis::new(policies, pools, forecast_week.is_some(), today).with_calibration(calibration).with_terms(terms);
    let mut stores = rows::stores(scope).await?;
    stores.retain(|store| visible_stores.is_none_or(|visible_stores| visible_stores.contains(store)));
    Ok(TenantFacts {
        basis: Arc::new(basis),
        forecast_week,
        stores,
        planned: (!plan_scope.stores.is_empty()).then(|| plan_scope.stores.iter().copied().collect()),
        supplier: plan_scope.supplier,
        owed,
        owed_at,
        drafted: rows::drafted_units(scope).await?,
        leaving: rows::outgoing_draft_units(scope).await?,
        liquidated: rows::liquidated_levels(scope, today).await?,
        open,
        turnovers,
        unplanned,
        classes,
        suppliers: rows::suppliers(scope, measured_since).await?,
        measured_since,
    })
}

async fn load_product_states(
    scope: &TenantScope,
    tenant_facts: &TenantFacts,
    chunk: &[ProductFacts],
    today: i32,
) -> Result<Vec<ProductState>, Fault> {
    let ids: Vec<ProductId> = chunk.iter().map(|facts| facts.id).collect();
    let mut levels = rows::levels(scope, &ids).await?;
    let (mut demands, mut kits) = (HashMap::new(), KitUses::new());
    if let Some(week) = tenant_facts.forecast_week {
        demands = demands_of(scope, (week, today), &ids).await?;
        kits = load_kits(scope, tenant_facts, (week, today), &ids).await?;
    }
    let sellable_days = forecasts::sellable_days(scope, &ids, tenant_facts.measured_since).await?;
    let mut offers = default_suppliers_of(scope, &ids).await?;
    let mut product_states = Vec::with_capacity(chunk.len());
    for facts in chunk {
        let (supplier, supply) = offers.remove(&facts.id).map_or((None, None), |(supplier, supply)| (Some(supplier), supply));
        if tenant_facts.supplier.is_some() && tenant_facts.supplier != supplier {
            continue;
        }
        let mut product_levels = levels.remove(&facts.id).unwrap_or_default();
        // A product that is owed in a store that never had it has no level yet.
        // Neither has one that is needed for the kits of a store.
        let mut kit_uses = kits.remove(&facts.id).unwrap_or_default();
        for store in tenant_facts.owed_at.get(&facts.id).into_iter().flatten().chain(kit_uses.keys()) {
            if !product_levels.iter().any(|level| level.store == *store) {
                product_levels.push(LevelState::empty(*store));
            }
        }
        product_levels.retain(|level| tenant_facts.stores.contains(&level.store));
        for level in &mut product_levels {
            tenant_facts.add_level_facts(facts.id, level, demands.remove(&(facts.id, level.store)));
            level.add_kits(kit_uses.remove(&level.store).unwrap_or_default());
        }
        let stated = supply.as_ref().and_then(|supply| supply.lead_time_days);
        product_states.push(ProductState {
            product: facts.id,
            decimals: u8::try_from(facts.unit_decimals).unwrap_or(0),
            price: money(facts.price_minor, facts.price_currency.as_deref()),
            cost: money(facts.cost_minor, facts.cost_currency.as_deref()),
            supplier,
            leads: tenant_facts.leads(supplier, stated),
            sellable_days: sellable_days.get(&facts.id).copied(),
            supply,
            open_lines: tenant_facts.open.get(&facts.id).cloned().unwrap_or_default(),
            levels: product_levels,
        });
    }
    Ok(product_states)
}

type Demands = HashMap<(ProductId, StoreId), Demand>;
/// Kits by their component and store.
type KitUses = HashMap<ProductId, BTreeMap<StoreId, Vec<KitUse>>>;

async fn demands_of(scope: &TenantScope, (week, today): (i32, i32), products: &[ProductId]) -> Result<Demands, Fault> {
    let series = forecasts::series_of_products(scope, week, products).await?;
    Ok(series.into_iter().map(|series| ((series.product, series.store), demand(&series, today))).collect())
}

/// Reads what kits are forecast to sell in each store, by their components.
async fn load_kits(
    scope: &TenantScope,
    tenant_facts: &TenantFacts,
    weeks: (i32, i32),
    components: &[ProductId],
) -> Result<KitUses, Fault> {
    let uses = rows::components_in_kits(scope, components).await?;
    let kits: BTreeSet<ProductId> = uses.iter().map(|one| one.kit_id).collect();
    let mut stores_of: BTreeMap<ProductId, Vec<(StoreId, Demand)>> = BTreeMap::new();
    let mut kit_uses = KitUses::new();
    for part in kits.into_iter().collect::<Vec<_>>().chunks(CHUNK) {
        for ((kit, store), demand) in demands_of(scope, weeks, part).await? {
            stores_of.entry(kit).or_default().push((store, demand));
        }
    }
    for ComponentUse { component_id, kit_id, quantity } in uses {
        for (store, demand) in stores_of.get(&kit_id).into_iter().flatten().filter(|(_, demand)| demand.has_demand()) {
            let sold = tenant_facts.unplanned.get(&(*store, kit_id));
            let (year_units, year_squares) = sold.map_or((0, 0.0), |sold| (sold.units, sold.squares));
            let kit = KitUse { per_kit: quantity.get(), demand: demand.clone(), year_units, year_squares };
            kit_uses.entry(component_id).or_default().entry(*store).or_default().push(kit);
        }
    }
    Ok(kit_uses)
}

fn money(minor: Option<i64>, currency: Option<&str>) -> Option<Money> {
    Some(Money::new(minor?, Currency::parse(currency?)?))
}

/// The forecast from today's week on: a run may be some weeks old.
fn demand(series: &StoredForecast, today: i32) -> Demand {
    let mut path: Vec<f64> = series.body.points().map(|point| point.mean).collect();
    let past_weeks = usize::try_from((today - series.first_week) / 7).unwrap_or(0);
    path.drain(..past_weeks.min(path.len().saturating_sub(1)));
    Demand {
        path,
        scale: sum_scale(series.body.step.unwrap_or_default()),
        pool: series.body.pool.filter(|_| series.body.step.is_some()),
        class: series.class,
        status: series.status,
        known_weeks: series.body.known_weeks,
        score: series.body.score,
        classes: series.body.classes.map(Classes::from),
        shape: series.body.shape.as_ref().map(DayShape::from),
    }
}

impl TenantFacts {
    /// Adds the facts of a level that are not in its own row.
    fn add_level_facts(&self, product: ProductId, level: &mut LevelState, demand: Option<Demand>) {
        let units_of = |units: &StoreUnits| units.get(&(product, level.store)).copied().unwrap_or_default();
        (level.owed, level.drafted, level.leaving) = (units_of(&self.owed), units_of(&self.drafted), units_of(&self.leaving));
        level.is_liquidated = self.liquidated.contains(&(product, level.store));
        let stored_classes = demand.as_ref().and_then(|demand| demand.classes);
        level.demand = demand;
        let turnover = self.turnovers.get(&(level.store, product));
        (level.year_units, level.year_squares) = turnover.map_or((0, 0.0), |turnover| (turnover.units, turnover.squares));
        level.classes = stored_classes.or_else(|| self.classes.get(&(level.store, product)).copied().map(Classes::from));
        level.is_asked = self.planned.as_ref().is_none_or(|planned| planned.contains(&level.store));
    }

    /// Returns the lead times of a supplier: the one stated by the catalogue, else by the supplier,
    /// and the measured ones.
    fn leads(&self, supplier: Option<SupplierId>, stated: Option<i32>) -> LeadTimes {
        let supplier_facts = supplier.and_then(|supplier| self.suppliers.get(&supplier));
        let lead_days = stated.or_else(|| supplier_facts.and_then(|facts| facts.lead_time_days)).map(f64::from);
        LeadTimes {
            stated: lead_days.unwrap_or(ASSUMED_LEAD).clamp(0.0, MAX_LEAD_DAYS),
            is_assumed: lead_days.is_none(),
            measured: supplier_facts.into_iter().flat_map(|facts| &facts.days).map(|days| days.min(MAX_LEAD_DAYS)).collect(),
            calendar: supplier_facts.map(|facts| facts.calendar.clone()).unwrap_or_default(),
        }
    }
}
