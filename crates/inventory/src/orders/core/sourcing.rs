//! Where the stock of an order comes from: which stores, and how much of each line from each.

use std::{cmp::Reverse, collections::BTreeMap};

use entity::prelude::*;

use crate::stock::core::{LevelKey, whole_kits};

/// Stores that an order comes from at most, whatever a rule says.
pub const MAX_STORES: u16 = 10;

/// A place on the globe in millionths of a degree: latitude north, longitude east.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Position {
    pub latitude: i32,
    pub longitude: i32,
}

impl Position {
    /// Within ±90 and ±180 degrees.
    pub fn new(latitude: i32, longitude: i32) -> Option<Self> {
        let is_there = (-90_000_000..=90_000_000).contains(&latitude) && (-180_000_000..=180_000_000).contains(&longitude);
        is_there.then_some(Self { latitude, longitude })
    }

    /// The place of these degrees, as closely as it is kept.
    pub fn of_degrees(latitude: f64, longitude: f64) -> Option<Self> {
        let micro = |degrees: f64| (degrees.is_finite() && degrees.abs() <= 180.0).then(|| (degrees * 1e6).round() as i32);
        Self::new(micro(latitude)?, micro(longitude)?)
    }
    /// Latitude and longitude in degrees.
    pub fn degrees(self) -> (f64, f64) {
        (f64::from(self.latitude) / 1e6, f64::from(self.longitude) / 1e6)
    }

    /// Metres along the surface, on a sphere of the earth's mean radius: within half a percent, which is enough to tell who is nearer.
    pub fn metres_to(self, other: Self) -> i64 {
        const RADIUS: f64 = 6_371_009.0;
        let radians = |micro: i32| (f64::from(micro) / 1e6).to_radians();
        let (from, to) = (radians(self.latitude), radians(other.latitude));
        let (north, east) = ((to - from) / 2.0, (radians(other.longitude) - radians(self.longitude)) / 2.0);
        let half = north.sin().powi(2) + from.cos() * to.cos() * east.sin().powi(2);
        (2.0 * RADIUS * half.sqrt().min(1.0).asin()).round() as i64
    }
}

/// What a call says of its sourcing; what it leaves out is as the tenant's rule says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct SourcingAsked {
    pub strategy: Option<SourcingStrategy>,
    pub split: Option<SplitPolicy>,
    pub max_stores: Option<u16>,
    /// Where it goes.
    pub destination: Option<Position>,
}

/// Who is asked first, and how many may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct SourcingRule {
    pub strategy: SourcingStrategy,
    pub split: SplitPolicy,
    /// Stores that an order comes from at most, where it may be split.
    pub max_stores: u16,
}

impl Default for SourcingRule {
    /// What holds for a tenant that has said nothing.
    fn default() -> Self {
        Self { strategy: SourcingStrategy::Priority, split: SplitPolicy::Allow, max_stores: 3 }
    }
}

impl SourcingRule {
    /// The rule with what a call says otherwise.
    #[must_use]
    pub fn with(self, asked: &SourcingAsked) -> Self {
        Self {
            strategy: asked.strategy.unwrap_or(self.strategy),
            split: asked.split.unwrap_or(self.split),
            max_stores: asked.max_stores.unwrap_or(self.max_stores),
        }
    }
    /// Stores that an order comes from at most.
    pub fn most(&self) -> usize {
        usize::from(if self.split == SplitPolicy::Refuse { 1 } else { self.max_stores.clamp(1, MAX_STORES) })
    }
}

/// How an order looks for its stock: by which rule, where to, and in which stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourcing {
    pub rule: SourcingRule,
    /// Where it goes.
    pub destination: Option<Position>,
    /// The stores that had some of it when they were read. How much they have is asked again under the locks.
    pub stores: Vec<Source>,
}

impl Sourcing {
    /// Whether it is to be the nearest, to nobody knows where.
    pub fn lacks_destination(&self) -> bool {
        self.rule.strategy == SourcingStrategy::Nearest && self.destination.is_none()
    }
    /// The levels that it looks at.
    pub fn levels(&self) -> impl Iterator<Item = LevelKey> + '_ {
        self.stores.iter().flat_map(|one| one.available.keys().map(|product| LevelKey { product: *product, store: one.store }))
    }
    /// These levels, measured in lines (`Decide::weight`): a level that is looked at is read, and not written with an entry and a movement.
    pub fn weight(&self) -> usize {
        const LEVELS_A_LINE: usize = 4;
        self.levels().count().div_ceil(LEVELS_A_LINE)
    }
}

/// A line that stock is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// What one unit takes from stock, and how much of each; they come from one store together. Nothing where no stock is kept.
    pub goods: Vec<(ProductId, i64)>,
    pub quantity: i64,
    /// What to do when there is not enough.
    pub short: Short,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Short {
    /// There is no plan.
    Refuse,
    /// The rest waits for stock.
    Wait,
}

/// A store that may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    pub store: StoreId,
    pub code: String,
    /// The lowest is asked first.
    pub priority: i32,
    pub position: Option<Position>,
    /// What it can give, of the products that are looked for.
    pub available: BTreeMap<ProductId, i64>,
}

impl Source {
    /// How many units of a line it could give.
    fn units(&self, demand: &Demand) -> i64 {
        whole_kits(demand.goods.iter().map(|(product, takes)| (self.available.get(product).copied().unwrap_or(0), *takes)))
    }
}

/// So many units of a line from a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    pub store: StoreId,
    pub quantity: i64,
}

/// What comes from where, line by line, in the order in which stores are asked.
pub type SourcingPlan = Vec<Vec<Share>>;

/// Of this line so much can be had within the rule, and it cannot wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lacking {
    pub line: usize,
    pub found: i64,
}

/// Chooses where lines come from. One store that has everything is always better than several, and the first that has is taken in the rule's order;
/// ties go to the store whose code comes first. Where no store has everything and the rule allows it, stores are asked one after the other, each for
/// all that it has; if that takes too many, those with the most of what is missing are asked first. What may wait is found as far as the rule goes.
pub fn source(
    demands: &[Demand],
    stores: &[Source],
    rule: &SourcingRule,
    destination: Option<Position>,
) -> Result<SourcingPlan, Lacking> {
    let ranked = ranked(demands, stores, rule.strategy, destination);
    let most = rule.most();
    let everything = take(demands, &ranked);
    let singles = ranked.iter().map(|store| vec![*store]);
    let several = [by_rank(demands, &ranked, most), by_cover(demands, &ranked, most)];
    let mut best: Option<SourcingPlan> = None;
    for chosen in singles.chain(several) {
        let plan = take(demands, &chosen);
        if lacking(demands, &plan).is_none() && best.as_ref().is_none_or(|best| units(best) < units(&plan)) {
            if plan.iter().zip(&everything).all(|(own, all)| total(own) >= total(all)) {
                return Ok(plan);
            }
            best = Some(plan);
        }
    }
    let nearly = take(demands, &by_cover(demands, &ranked, most));
    best.ok_or_else(|| lacking(demands, &nearly).unwrap_or(Lacking { line: 0, found: 0 }))
}

/// Every line that is short where `source` finds no plan; none where it does.
pub fn all_lacking(demands: &[Demand], stores: &[Source], rule: SourcingRule, destination: Option<Position>) -> Vec<Lacking> {
    if source(demands, stores, &rule, destination).is_ok() {
        return Vec::new();
    }
    let ranked = ranked(demands, stores, rule.strategy, destination);
    let nearly = take(demands, &by_cover(demands, &ranked, rule.most()));
    lacking_lines(demands, &nearly).collect()
}

/// The first line that is short and cannot wait.
fn lacking(demands: &[Demand], plan: &SourcingPlan) -> Option<Lacking> {
    lacking_lines(demands, plan).next()
}

fn lacking_lines<'p>(demands: &'p [Demand], plan: &'p SourcingPlan) -> impl Iterator<Item = Lacking> + 'p {
    demands.iter().zip(plan).enumerate().filter_map(|(line, (demand, shares))| {
        let (found, needed) = (total(shares), if demand.goods.is_empty() { 0 } else { demand.quantity });
        (demand.short == Short::Refuse && found < needed).then_some(Lacking { line, found })
    })
}

/// What shares come to.
pub fn total(shares: &[Share]) -> i64 {
    shares.iter().map(|share| share.quantity).sum()
}

fn units(plan: &SourcingPlan) -> i64 {
    plan.iter().map(|shares| total(shares)).fold(0, i64::saturating_add)
}

/// The stores in the order in which the rule asks them.
fn ranked<'s>(
    demands: &[Demand],
    stores: &'s [Source],
    strategy: SourcingStrategy,
    destination: Option<Position>,
) -> Vec<&'s Source> {
    let mut ranked: Vec<&Source> = stores.iter().collect();
    ranked.sort_by_cached_key(|store| {
        (store.rank(strategy, destination, || store.times_over(demands)), store.code.clone(), store.store)
    });
    ranked
}

impl Source {
    /// Where it stands in the rule's order, the lowest first. `stock` says how much it has, by any measure that all stores share.
    pub fn rank(&self, strategy: SourcingStrategy, destination: Option<Position>, stock: impl FnOnce() -> i64) -> i64 {
        match strategy {
            SourcingStrategy::Priority => i64::from(self.priority),
            // A store that nobody knows the place of comes last.
            SourcingStrategy::Nearest => destination.zip(self.position).map_or(i64::MAX, |(to, from)| to.metres_to(from)),
            SourcingStrategy::MostStock => -stock(),
        }
    }
    /// How many times over it has what is asked for, in thousandths, summed over the lines: so grams do not outweigh pieces.
    fn times_over(&self, demands: &[Demand]) -> i64 {
        let one = |demand: &Demand| self.units(demand).saturating_mul(1_000).checked_div(demand.quantity).unwrap_or_default();
        demands.iter().map(one).fold(0, i64::saturating_add)
    }
}

/// Takes of each store in turn whatever it has of what is still missing.
fn take(demands: &[Demand], stores: &[&Source]) -> SourcingPlan {
    let mut lines = vec![Vec::new(); demands.len()];
    // Kits first: what they are made of has to lie in one store.
    let mut turns: Vec<(usize, &Demand)> = demands.iter().enumerate().collect();
    turns.sort_by_key(|(_, demand)| Reverse(demand.goods.len()));
    for store in stores {
        let mut left = Source::clone(store);
        for (line, demand) in &turns {
            let quantity = (demand.quantity - total(&lines[*line])).min(left.units(demand));
            if quantity > 0 {
                for (product, takes) in &demand.goods {
                    left.available.entry(*product).and_modify(|there| *there -= quantity * takes);
                }
                lines[*line].push(Share { store: store.store, quantity });
            }
        }
    }
    lines
}

/// The first stores that have anything of what the ones before them lack.
fn by_rank<'s>(demands: &[Demand], ranked: &[&'s Source], most: usize) -> Vec<&'s Source> {
    let mut chosen: Vec<&Source> = Vec::new();
    let mut found = 0;
    for store in ranked {
        if chosen.len() == most {
            break;
        }
        chosen.push(*store);
        let with = units(&take(demands, &chosen));
        if with == found {
            chosen.pop();
        }
        found = with;
    }
    chosen
}

/// Again and again the store that has most of what is missing; ties as ranked.
fn by_cover<'s>(demands: &[Demand], ranked: &[&'s Source], most: usize) -> Vec<&'s Source> {
    let mut chosen: Vec<&Source> = Vec::new();
    let mut found = 0;
    while chosen.len() < most {
        let gain = |store: &'s Source| units(&take(demands, &[chosen.as_slice(), &[store]].concat()));
        let others = ranked.iter().filter(|store| !chosen.iter().any(|taken| taken.store == store.store));
        // The last of the largest is the first as ranked, seen from behind.
        let Some((with, store)) = others.rev().map(|store| (gain(store), *store)).max_by_key(|(with, _)| *with) else { break };
        if with == found {
            break;
        }
        found = with;
        chosen.push(store);
    }
    chosen
}
