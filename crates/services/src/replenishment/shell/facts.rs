//! Reads what a plan is made of, product by product in chunks, and has each chunk worked out.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use entity::prelude::*;
use forecast::intervals::{DayShape, sum_scale};
use inventory::{catalog::rows::small::tenant_zone, purchasing::rows::preferred_of};
use platform::{
    clock::{Clock, local_day},
    storage::{Fault, TenantScope},
};
use tokio::task::JoinHandle;

use crate::{
    demand::core::week_of,
    forecasting::{
        core::{Calibration, Level, StoredClasses, Turnover, YEAR_WEEKS, classify},
        rows::{self as forecasts, KeptSeries},
    },
    replenishment::{
        core::{
            Basis, Classes, Demand, Leads, LevelState, MOST_LEAD, OpenLine, PlanLine, PlanScope, Policies, ProductState,
            plan_product,
        },
        rows::{self, ProductFacts, StoreUnits, SupplierFacts},
    },
};

/// Products that are read and worked out together.
const CHUNK: usize = 500;
/// Days of deliveries that lead times are measured by.
const MEASURED_DAYS: i64 = 365;
/// Days that a delivery takes where nobody says so.
const ASSUMED_LEAD: f64 = 7.0;

/// Proposals with what they rest on.
pub struct WorkedOut {
    pub lines: Vec<PlanLine>,
    /// The least that orders come to, of suppliers that say so.
    pub minimums: BTreeMap<SupplierId, Money>,
    pub seq: i64,
    pub business_date: i32,
    pub forecast_week: Option<i32>,
}

/// What is known of all products, whichever chunk they are in.
struct Tenant {
    basis: Arc<Basis>,
    forecast_week: Option<i32>,
    stores: BTreeSet<StoreId>,
    /// Stores that are planned for. None: all.
    planned: Option<BTreeSet<StoreId>>,
    supplier: Option<SupplierId>,
    owed: StoreUnits,
    owed_at: HashMap<ProductId, Vec<StoreId>>,
    drafted: StoreUnits,
    leaving: StoreUnits,
    /// Lines of orders that may be cut.
    open: HashMap<ProductId, Vec<OpenLine>>,
    turnovers: BTreeMap<Level, Turnover>,
    /// By the year alone: of what the newest run has no classes of.
    classes: BTreeMap<Level, StoredClasses>,
    suppliers: HashMap<SupplierId, SupplierFacts>,
    /// From when on deliveries and lots are looked at.
    measured_since: Timestamp,
}

/// Works out what stores need. `seen` are the stores that may be looked at, those of `wanted` the ones that are planned for.
pub async fn work_out(
    scope: &TenantScope,
    clock: &Clock,
    wanted: &PlanScope,
    seen: Option<&[StoreId]>,
) -> Result<WorkedOut, Fault> {
    let scope = scope.long();
    let now = clock.now();
    let seq = scope.head().await?.seq;
    let today = local_day(now, &tenant_zone(&scope).await?);
    let known = known(&scope, (today, now), (wanted, seen)).await?;
    let mut lines = Vec::new();
    let mut working: Option<JoinHandle<Vec<PlanLine>>> = None;
    let mut after = ProductId::NIL;
    loop {
        // Read while the chunk before it is worked out.
        let chunk = rows::catalogue(&scope, after, CHUNK).await?;
        let Some(last) = chunk.last() else { break };
        after = last.id;
        let products = products(&scope, &known, &chunk, today).await?;
        if let Some(before) = working.take() {
            lines.extend(ended(before).await?);
        }
        let basis = known.basis.clone();
        // Processor time of its own: seconds where there are many products.
        working = Some(tokio::task::spawn_blocking(move || {
            products.iter().flat_map(|product| plan_product(&basis, product)).collect()
        }));
    }
    if let Some(last) = working {
        lines.extend(ended(last).await?);
    }
    let minimums = known.suppliers.iter().filter_map(|(supplier, facts)| Some((*supplier, facts.minimum_order?))).collect();
    Ok(WorkedOut { lines, minimums, seq, business_date: today, forecast_week: known.forecast_week })
}

async fn ended(working: JoinHandle<Vec<PlanLine>>) -> Result<Vec<PlanLine>, Fault> {
    working.await.map_err(|err| Fault::Broken(format!("the plan: {err}")))
}

async fn known(
    scope: &TenantScope,
    (today, now): (i32, Timestamp),
    (wanted, seen): (&PlanScope, Option<&[StoreId]>),
) -> Result<Tenant, Fault> {
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
    let priced = forecasts::priced(scope, &sold.into_iter().collect::<Vec<_>>()).await?;
    turnovers.retain(|(_, product), _| priced.contains_key(product));
    for ((_, product), turnover) in &mut turnovers {
        *turnover =
            priced.get(product).map_or(*turnover, |priced| turnover.at(priced.price_minor.unwrap_or(0), priced.unit_decimals));
    }
    let skus = priced.iter().map(|(product, priced)| (*product, priced.sku.as_str())).collect();
    let classes = classify(&turnovers, &skus, &BTreeMap::new());
    let owed = rows::owed(scope).await?;
    let mut owed_at: HashMap<ProductId, Vec<StoreId>> = HashMap::new();
    for (product, store) in owed.keys() {
        owed_at.entry(*product).or_default().push(*store);
    }
    let terms = rows::terms(scope).await?;
    let open = if terms.may_cut() { rows::open_lines(scope, &terms).await? } else { HashMap::new() };
    let basis = Basis::new(policies, pools, forecast_week.is_some(), today).calibrated(calibration).on_terms(terms);
    let mut stores = rows::stores(scope).await?;
    stores.retain(|store| seen.is_none_or(|seen| seen.contains(store)));
    Ok(Tenant {
        basis: Arc::new(basis),
        forecast_week,
        stores,
        planned: (!wanted.stores.is_empty()).then(|| wanted.stores.iter().copied().collect()),
        supplier: wanted.supplier,
        owed,
        owed_at,
        drafted: rows::drafted(scope).await?,
        leaving: rows::leaving(scope).await?,
        open,
        turnovers,
        classes,
        suppliers: rows::suppliers(scope, measured_since).await?,
        measured_since,
    })
}

async fn products(scope: &TenantScope, known: &Tenant, chunk: &[ProductFacts], today: i32) -> Result<Vec<ProductState>, Fault> {
    let ids: Vec<ProductId> = chunk.iter().map(|facts| facts.id).collect();
    let mut levels = rows::levels(scope, &ids).await?;
    let mut demands: HashMap<(ProductId, StoreId), Demand> = HashMap::new();
    if let Some(week) = known.forecast_week {
        for series in forecasts::series_of_products(scope, week, &ids).await? {
            demands.insert((series.product, series.store), demand(&series, today));
        }
    }
    let sellable_days = forecasts::sellable_days(scope, &ids, known.measured_since).await?;
    let mut offers = preferred_of(scope, &ids).await?;
    let mut found = Vec::with_capacity(chunk.len());
    for facts in chunk {
        let (supplier, supply) = offers.remove(&facts.id).map_or((None, None), |(supplier, supply)| (Some(supplier), supply));
        if known.supplier.is_some() && known.supplier != supplier {
            continue;
        }
        let mut own = levels.remove(&facts.id).unwrap_or_default();
        // Where a product is owed that has never been there it has no level yet.
        for store in known.owed_at.get(&facts.id).into_iter().flatten() {
            if !own.iter().any(|level| level.store == *store) {
                own.push(LevelState::empty(*store));
            }
        }
        own.retain(|level| known.stores.contains(&level.store));
        for level in &mut own {
            known.fill(facts.id, level, demands.remove(&(facts.id, level.store)));
        }
        let stated = supply.as_ref().and_then(|supply| supply.lead_time_days);
        found.push(ProductState {
            product: facts.id,
            decimals: u8::try_from(facts.unit_decimals).unwrap_or(0),
            price: money(facts.price_minor, facts.price_currency.as_deref()),
            cost: money(facts.cost_minor, facts.cost_currency.as_deref()),
            supplier,
            leads: known.leads(supplier, stated),
            sellable_days: sellable_days.get(&facts.id).copied(),
            supply,
            open_lines: known.open.get(&facts.id).cloned().unwrap_or_default(),
            levels: own,
        });
    }
    Ok(found)
}

fn money(minor: Option<i64>, currency: Option<&str>) -> Option<Money> {
    Some(Money::new(minor?, Currency::parse(currency?)?))
}

/// The forecast from today's week on: a run may be some weeks old.
fn demand(series: &KeptSeries, today: i32) -> Demand {
    let mut path: Vec<f64> = series.body.points().map(|point| point.mean).collect();
    let gone = usize::try_from((today - series.first_week) / 7).unwrap_or(0);
    path.drain(..gone.min(path.len().saturating_sub(1)));
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

impl Tenant {
    /// Adds what is known of a level beside its own row.
    fn fill(&self, product: ProductId, level: &mut LevelState, demand: Option<Demand>) {
        let of = |units: &StoreUnits| units.get(&(product, level.store)).copied().unwrap_or_default();
        (level.owed, level.drafted, level.leaving) = (of(&self.owed), of(&self.drafted), of(&self.leaving));
        let kept = demand.as_ref().and_then(|demand| demand.classes);
        level.demand = demand;
        let turnover = self.turnovers.get(&(level.store, product));
        (level.year_units, level.year_squares) = turnover.map_or((0, 0.0), |turnover| (turnover.units, turnover.squares));
        level.classes = kept.or_else(|| self.classes.get(&(level.store, product)).copied().map(Classes::from));
        level.is_asked = self.planned.as_ref().is_none_or(|planned| planned.contains(&level.store));
    }

    /// How long a supplier's deliveries take: as the catalogue says, else the supplier, and as they were measured.
    fn leads(&self, supplier: Option<SupplierId>, stated: Option<i32>) -> Leads {
        let of_supplier = supplier.and_then(|supplier| self.suppliers.get(&supplier));
        let said = stated.or_else(|| of_supplier.and_then(|facts| facts.lead_time_days)).map(f64::from);
        Leads {
            stated: said.unwrap_or(ASSUMED_LEAD).clamp(0.0, MOST_LEAD),
            is_assumed: said.is_none(),
            measured: of_supplier.into_iter().flat_map(|facts| &facts.days).map(|days| days.min(MOST_LEAD)).collect(),
            calendar: of_supplier.map(|facts| facts.calendar.clone()).unwrap_or_default(),
        }
    }
}
