//! Sourcing of an order: the stores that its stock comes from, and the quantity of each line from
//! each.

use std::{cmp::Reverse, collections::BTreeMap};

use entity::prelude::*;

use crate::stock::core::{LevelKey, whole_kits};

/// Maximum stores of an order, whatever a rule says.
pub const MAX_STORES: u16 = 10;

/// A place on the globe in millionths of a degree: latitude north, longitude east.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Position {
    pub latitude: i32,
    pub longitude: i32,
}

impl Position {
    /// Returns None beyond ±90 and ±180 degrees.
    pub fn new(latitude: i32, longitude: i32) -> Option<Self> {
        let is_valid = (-90_000_000..=90_000_000).contains(&latitude) && (-180_000_000..=180_000_000).contains(&longitude);
        is_valid.then_some(Self { latitude, longitude })
    }

    /// Returns the position of these degrees, rounded to the precision of storage.
    pub fn of_degrees(latitude: f64, longitude: f64) -> Option<Self> {
        let micro = |degrees: f64| (degrees.is_finite() && degrees.abs() <= 180.0).then(|| (degrees * 1e6).round() as i32);
        Self::new(micro(latitude)?, micro(longitude)?)
    }
    /// Latitude and longitude in degrees.
    pub fn degrees(self) -> (f64, f64) {
        (f64::from(self.latitude) / 1e6, f64::from(self.longitude) / 1e6)
    }

    /// Returns the metres along the surface, on a sphere of the earth's mean radius: within half a
    /// percent, which is enough to rank stores by distance.
    pub fn metres_to(self, other: Self) -> i64 {
        const EARTH_RADIUS_METRES: f64 = 6_371_009.0;
        let radians = |micro: i32| (f64::from(micro) / 1e6).to_radians();
        let (from, to) = (radians(self.latitude), radians(other.latitude));
        let (north, east) = ((to - from) / 2.0, (radians(other.longitude) - radians(self.longitude)) / 2.0);
        let haversine = north.sin().powi(2) + from.cos() * to.cos() * east.sin().powi(2);
        (2.0 * EARTH_RADIUS_METRES * haversine.sqrt().min(1.0).asin()).round() as i64
    }
}

/// Sourcing options of a call; those left out come from the tenant's rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct SourcingOptions {
    pub strategy: Option<SourcingStrategy>,
    pub split: Option<SplitPolicy>,
    pub max_stores: Option<u16>,
    /// Destination of the order.
    pub destination: Option<Position>,
}

/// Order in which stores are tried, and the maximum number of stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct SourcingRule {
    pub strategy: SourcingStrategy,
    pub split: SplitPolicy,
    /// Maximum stores of an order, if it may be split.
    pub max_stores: u16,
}

impl Default for SourcingRule {
    /// Rule of a tenant that has set none.
    fn default() -> Self {
        Self { strategy: SourcingStrategy::Priority, split: SplitPolicy::Allow, max_stores: 3 }
    }
}

impl SourcingRule {
    /// Returns the rule with the options of a call.
    #[must_use]
    pub fn with(self, request: &SourcingOptions) -> Self {
        Self {
            strategy: request.strategy.unwrap_or(self.strategy),
            split: request.split.unwrap_or(self.split),
            max_stores: request.max_stores.unwrap_or(self.max_stores),
        }
    }
    /// Returns the maximum stores of an order.
    pub fn max_stores(&self) -> usize {
        usize::from(if self.split == SplitPolicy::Refuse { 1 } else { self.max_stores.clamp(1, MAX_STORES) })
    }
}

/// Sourcing rule of a draft, and its destination.
pub type DraftSourcing = (SourcingRule, Option<Position>);

/// Sourcing of a draft, before and after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftSourcingChange {
    pub order: OrderId,
    pub before: Option<DraftSourcing>,
    pub after: Option<DraftSourcing>,
}

/// Sourcing of an order: its rule, its destination and its candidate stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourcing {
    pub rule: SourcingRule,
    /// Destination of the order.
    pub destination: Option<Position>,
    /// The stores that had any of the goods when they were read. Their quantities are read again
    /// under the locks.
    pub stores: Vec<Source>,
}

impl Sourcing {
    /// True if the strategy is Nearest and there is no destination.
    pub fn lacks_destination(&self) -> bool {
        self.rule.strategy == SourcingStrategy::Nearest && self.destination.is_none()
    }
    /// Returns the levels of the candidate stores.
    pub fn levels(&self) -> impl Iterator<Item = LevelKey> + '_ {
        self.stores
            .iter()
            .flat_map(|source| source.available.keys().map(|product| LevelKey { product: *product, store: source.store }))
    }
    /// Returns the weight of these levels, measured in lines (`Decide::weight`): a candidate's
    /// level is read, and not written with an entry and a movement.
    pub fn weight(&self) -> usize {
        const LEVELS_PER_LINE: usize = 4;
        self.levels().count().div_ceil(LEVELS_PER_LINE)
    }
}

/// A line to be sourced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// Products that one unit takes from stock, and their quantities; all of them come from one
    /// store. Empty if no stock is kept.
    pub goods: Vec<(ProductId, i64)>,
    pub quantity: i64,
    /// Treatment of units that are not available.
    pub short: OnShortage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnShortage {
    /// Sourcing fails.
    Refuse,
    /// The missing units are backordered.
    Wait,
}

/// A candidate store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub store: StoreId,
    pub code: String,
    /// The store with the lowest priority is tried first.
    pub priority: i32,
    pub position: Option<Position>,
    /// Available quantities of the products in demand.
    pub available: BTreeMap<ProductId, i64>,
}

impl Source {
    /// Returns the number of units of a line that the store could supply.
    fn units(&self, demand: &Demand) -> i64 {
        whole_kits(
            demand
                .goods
                .iter()
                .map(|(product, part_quantity)| (self.available.get(product).copied().unwrap_or(0), *part_quantity)),
        )
    }
}

/// Units of a line from a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    pub store: StoreId,
    pub quantity: i64,
}

/// Shares of each line by store, in the order in which the stores are tried.
pub type SourcingPlan = Vec<Vec<Share>>;

/// Shortage of a line that cannot wait: the number of units that can be found within the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineShortage {
    pub line: usize,
    pub found: i64,
}

/// Chooses the stores of lines. One store that has everything is always better than several, and
/// the first such store in the rule's order is taken; ties go to the store whose code sorts first.
/// If no store has everything and the rule allows a split, stores are tried one after the other,
/// each for all that it has; if that takes too many, the stores with the most of the missing units
/// come first. Lines that may wait get as many units as the rule allows.
pub fn source(
    demands: &[Demand],
    stores: &[Source],
    rule: &SourcingRule,
    destination: Option<Position>,
) -> Result<SourcingPlan, LineShortage> {
    let ranked = rank_stores(demands, stores, rule.strategy, destination);
    let max_stores = rule.max_stores();
    let everything = allocate_to_stores(demands, &ranked);
    let single_stores = ranked.iter().map(|store| vec![*store]);
    let store_sets = [choose_by_rank(demands, &ranked, max_stores), choose_by_coverage(demands, &ranked, max_stores)];
    let mut best: Option<SourcingPlan> = None;
    for chosen in single_stores.chain(store_sets) {
        let plan = allocate_to_stores(demands, &chosen);
        if first_shortage(demands, &plan).is_none() && best.as_ref().is_none_or(|best| units(best) < units(&plan)) {
            if plan.iter().zip(&everything).all(|(plan_shares, all_shares)| total(plan_shares) >= total(all_shares)) {
                return Ok(plan);
            }
            best = Some(plan);
        }
    }
    let partial_plan = allocate_to_stores(demands, &choose_by_coverage(demands, &ranked, max_stores));
    best.ok_or_else(|| first_shortage(demands, &partial_plan).unwrap_or(LineShortage { line: 0, found: 0 }))
}

/// Returns every line that is short if `source` finds no plan; none if it does.
pub fn find_shortages(
    demands: &[Demand],
    stores: &[Source],
    rule: SourcingRule,
    destination: Option<Position>,
) -> Vec<LineShortage> {
    if source(demands, stores, &rule, destination).is_ok() {
        return Vec::new();
    }
    let ranked = rank_stores(demands, stores, rule.strategy, destination);
    let partial_plan = allocate_to_stores(demands, &choose_by_coverage(demands, &ranked, rule.max_stores()));
    line_shortages(demands, &partial_plan).collect()
}

/// Returns the first line that is short and cannot wait.
fn first_shortage(demands: &[Demand], plan: &SourcingPlan) -> Option<LineShortage> {
    line_shortages(demands, plan).next()
}

fn line_shortages<'p>(demands: &'p [Demand], plan: &'p SourcingPlan) -> impl Iterator<Item = LineShortage> + 'p {
    demands.iter().zip(plan).enumerate().filter_map(|(line, (demand, shares))| {
        let (found_units, needed_quantity) = (total(shares), if demand.goods.is_empty() { 0 } else { demand.quantity });
        (demand.short == OnShortage::Refuse && found_units < needed_quantity).then_some(LineShortage { line, found: found_units })
    })
}

/// Returns the sum of the shares.
pub fn total(shares: &[Share]) -> i64 {
    shares.iter().map(|share| share.quantity).sum()
}

fn units(plan: &SourcingPlan) -> i64 {
    plan.iter().map(|shares| total(shares)).fold(0, i64::saturating_add)
}

/// Returns the stores in the order in which the rule tries them.
fn rank_stores<'s>(
    demands: &[Demand],
    stores: &'s [Source],
    strategy: SourcingStrategy,
    destination: Option<Position>,
) -> Vec<&'s Source> {
    let mut ranked: Vec<&Source> = stores.iter().collect();
    ranked.sort_by_cached_key(|store| {
        (store.rank(strategy, destination, || store.stock_ratio(demands)), store.code.clone(), store.store)
    });
    ranked
}

impl Source {
    /// Returns the rank of the store by the rule, the lowest first. `stock` returns its stock, by
    /// any measure that all stores share.
    pub fn rank(&self, strategy: SourcingStrategy, destination: Option<Position>, stock: impl FnOnce() -> i64) -> i64 {
        match strategy {
            SourcingStrategy::Priority => i64::from(self.priority),
            // A store without a position comes last.
            SourcingStrategy::Nearest => destination.zip(self.position).map_or(i64::MAX, |(to, from)| to.metres_to(from)),
            SourcingStrategy::MostStock => -stock(),
        }
    }
    /// Returns the ratio of the store's stock to the demand, in thousandths, summed over the lines:
    /// so grams do not outweigh pieces.
    fn stock_ratio(&self, demands: &[Demand]) -> i64 {
        let ratio = |demand: &Demand| self.units(demand).saturating_mul(1_000).checked_div(demand.quantity).unwrap_or_default();
        demands.iter().map(ratio).fold(0, i64::saturating_add)
    }
}

/// Takes the missing units from each store in turn, as far as it has them.
fn allocate_to_stores(demands: &[Demand], stores: &[&Source]) -> SourcingPlan {
    let mut lines = vec![Vec::new(); demands.len()];
    // Kits first: one store must have all their parts.
    let mut ordered_demands: Vec<(usize, &Demand)> = demands.iter().enumerate().collect();
    ordered_demands.sort_by_key(|(_, demand)| Reverse(demand.goods.len()));
    for store in stores {
        let mut remaining_source = Source::clone(store);
        for (line, demand) in &ordered_demands {
            let quantity = (demand.quantity - total(&lines[*line])).min(remaining_source.units(demand));
            if quantity > 0 {
                for (product, part_quantity) in &demand.goods {
                    remaining_source.available.entry(*product).and_modify(|stock| *stock -= quantity * part_quantity);
                }
                lines[*line].push(Share { store: store.store, quantity });
            }
        }
    }
    lines
}

/// Chooses the first stores, each of which adds units that the ones before it lack.
fn choose_by_rank<'s>(demands: &[Demand], ranked: &[&'s Source], max_stores: usize) -> Vec<&'s Source> {
    let mut chosen: Vec<&Source> = Vec::new();
    let mut best_units = 0;
    for store in ranked {
        if chosen.len() == max_stores {
            break;
        }
        chosen.push(*store);
        let units_with = units(&allocate_to_stores(demands, &chosen));
        if units_with == best_units {
            chosen.pop();
        }
        best_units = units_with;
    }
    chosen
}

/// Repeatedly chooses the store that has most of the missing units; ties as ranked.
fn choose_by_coverage<'s>(demands: &[Demand], ranked: &[&'s Source], max_stores: usize) -> Vec<&'s Source> {
    let mut chosen: Vec<&Source> = Vec::new();
    let mut best_units = 0;
    while chosen.len() < max_stores {
        let gain = |store: &'s Source| units(&allocate_to_stores(demands, &[chosen.as_slice(), &[store]].concat()));
        let other_stores = ranked.iter().filter(|store| !chosen.iter().any(|chosen_store| chosen_store.store == store.store));
        // `max_by_key` returns the last of equal stores: reversed, that is the first one as ranked.
        let Some((units_with, store)) =
            other_stores.rev().map(|store| (gain(store), *store)).max_by_key(|(units_with, _)| *units_with)
        else {
            break;
        };
        if units_with == best_units {
            break;
        }
        best_units = units_with;
        chosen.push(store);
    }
    chosen
}
