//! Simulation of a reorder policy over past demand: the demand it meets, its stock and its orders.

use std::ops::Range;

use entity::prelude::*;
use forecast::{
    Panel,
    models::Method,
    reorder::{Policy, SafetyMethod, Terms},
    selection::{DEFAULT_METHOD, MIN_FIRST_POOLED},
    series::{NEW_WEEKS, PreparedSeries, prepare},
    simulate::{
        DailyDemand, DayOutcome, DayRule, DaySimulation, Past, PlanRule, SERVICE_SEARCH_RANGE, Target, UnmetDemand, simulate_days,
    },
};

use super::{
    History,
    daily::{DayFacts, LeadDays, add_days},
    played::{MAX_DEMAND_DAYS, SimulatedLead},
};
use crate::demand::core::week_of;

/// Minimum and maximum of a promised cycle service level.
pub const SERVICE_LEVELS: (f64, f64) = SERVICE_SEARCH_RANGE;
/// Weeks of demand that a naive policy uses.
const NAIVE_WEEKS: usize = 4;
/// Seed of the demand of days without stock, and of lead times: always the same.
pub(super) const SEED: u64 = 1;

/// Days of demand above the reorder point for a level without a maximum, as in plans.
const COVER_DAYS: f64 = 14.0;

/// Rule of a simulated policy: the time and the amount of its orders. Units are the product's
/// smallest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimulatedRule {
    MinMax {
        point: i64,
        maximum: Option<i64>,
    },
    ReorderPoint {
        cover_days: i32,
    },
    /// At each review, fills stock and units in transit up to the demand of lead time and review at
    /// the promised service level.
    Periodic,
    /// As `ReorderPoint`, with the service level of the product's class.
    Service {
        cover_days: i32,
    },
    TargetDays {
        safety_days: i32,
        target_days: i32,
    },
}

/// A reorder policy to simulate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReorderPolicy {
    pub rule: SimulatedRule,
    /// Within [`SERVICE_LEVELS`]: a share of cycles or, by fill rate, of units. Ignored by rules
    /// without a service level.
    pub service: f64,
    pub method: SafetyStockMethod,
    /// `None` for the lead time of each product, as in plans.
    pub lead_days: Option<usize>,
    /// At least 1; with the lead time at most [`MAX_DEMAND_DAYS`].
    pub review_days: usize,
    /// Minimum and multiple of an order, in units.
    pub minimum: i64,
    pub pack: i64,
    /// Whether demand that stock does not meet waits for the next deliveries; else it is lost.
    pub is_backordered: bool,
}

impl ReorderPolicy {
    /// Returns the promised service level.
    pub fn promised_service(&self) -> Option<f64> {
        (!matches!(self.rule, SimulatedRule::MinMax { .. } | SimulatedRule::TargetDays { .. })).then_some(self.service)
    }
    /// Returns the simulated lead time of a product. Deliveries that are longer than the longest
    /// sum of demand are cut.
    pub(super) fn lead(&self, recorded: &LeadDays, history: &History) -> SimulatedLead {
        let lead = match self.lead_days {
            Some(days) => LeadDays { stated: days as f64, measured: Vec::new(), calendar: recorded.calendar.clone() },
            None => recorded.capped_at(MAX_DEMAND_DAYS.saturating_sub(self.review_days) as f64),
        };
        SimulatedLead::new(lead, history, self.review_days)
    }
    /// Returns the policy as a play over weeks of a history, after `warm_up` weeks that are not
    /// counted.
    pub(super) fn day_simulation(&self, weeks: Range<usize>, warm_up: usize) -> DaySimulation<'static> {
        let terms = Terms { minimum: self.minimum, pack: self.pack, breaks: None, shelf: None };
        let unmet = if self.is_backordered { UnmetDemand::Backordered } else { UnmetDemand::Lost };
        DaySimulation { review_days: self.review_days, terms, unmet, weeks, warm_up, seed: SEED }
    }
    pub(super) fn plan_rule(&self) -> PlanRule {
        let (service, mut maximum_days) = (self.service, None);
        let policy = match self.rule {
            SimulatedRule::MinMax { point, maximum } => {
                maximum_days = maximum.is_none().then_some(COVER_DAYS);
                Policy::MinMax { point: point as f64, maximum: maximum.unwrap_or(point) as f64 }
            }
            SimulatedRule::ReorderPoint { cover_days } | SimulatedRule::Service { cover_days } => {
                Policy::ReorderPoint { service, cover_days: f64::from(cover_days), economic: None }
            }
            SimulatedRule::Periodic => Policy::Periodic { service, review_days: self.review_days as f64 },
            SimulatedRule::TargetDays { safety_days, target_days } => {
                Policy::TargetDays { safety_days: f64::from(safety_days), target_days: f64::from(target_days) }
            }
        };
        let safety = match self.method {
            SafetyStockMethod::Quantile => SafetyMethod::Quantile,
            // The deviation is estimated at each review.
            SafetyStockMethod::Normal => SafetyMethod::Normal { deviation: 0.0 },
            SafetyStockMethod::FillRate => SafetyMethod::FillRate,
        };
        PlanRule { policy, safety, cover_days: maximum_days }
    }
}

/// Result of a policy. Units are of demand and stock; stock is that of the end of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SimulationResult {
    /// Mondays of the first week and of the week after the last one.
    pub weeks: (i32, i32),
    /// Mean lead time of the orders.
    pub lead_days: f64,
    pub demanded: f64,
    pub met: f64,
    /// Share of cycles without unmet demand: between reviews or, for a rule with a reorder point,
    /// between deliveries.
    pub cycle_service: Option<f64>,
    /// Share of the demanded units that were met.
    pub fill: Option<f64>,
    /// Weeks and days with unmet demand, and days that closed without stock.
    pub short_weeks: u64,
    pub short_days: u64,
    pub empty_days: u64,
    pub mean_stock: f64,
    pub peak_stock: f64,
    pub orders: u64,
    pub ordered: f64,
    /// Units that expired unsold.
    pub expired: f64,
}

/// A policy and a naive one, which fills up to the demand of the last four weeks scaled to lead
/// time and review; over the same days, with the same terms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PolicyComparison {
    pub own: SimulationResult,
    pub naive: SimulationResult,
}

/// Reason why a policy cannot be simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimulationRefusal {
    /// The product never had demand in the store, or there is no run of forecasts yet.
    NoDemand,
    /// The product has fewer known weeks than a forecast, the warm-up and one counted week need.
    TooShort { known: usize, wanted: usize },
    /// The store's products have too few forecast errors that are old enough.
    TooFewErrors,
    /// Weeks can be counted from this Monday on.
    TooEarly { first_week: i32 },
    /// No complete week is in the range.
    NoWeek,
    /// More products are requested than one simulation allows.
    TooMany { found: usize, most: usize },
}

/// Simulates a policy over the days of the history's first series; the others only contribute their
/// errors. Forecasts and errors are computed for each week from earlier weeks. Lead time and review
/// are simulated before the first counted week, so that the initial stock does not count. Days of
/// the range are since 1970-01-01; without them all possible weeks count.
pub fn simulate_policy(
    history: &History,
    day_facts: &DayFacts,
    policy: &ReorderPolicy,
    (from, to): (Option<i32>, Option<i32>),
) -> Result<PolicyComparison, SimulationRefusal> {
    let product = history.series.first().ok_or(SimulationRefusal::NoDemand)?.product;
    let panel = history.panel().ok_or(SimulationRefusal::NoDemand)?;
    let lead = policy.lead(&day_facts.lead, history);
    let span = lead.span();
    let begin = first_simulated_week(&panel, 0, span)?;
    let past = build_past(&panel, span);
    let rule = DayRule { shelf_days: day_facts.shelf_days, ..lead.rule(Target::Rule(policy.plan_rule())) };
    let first = first_counted_week(rule.needs_errors().then_some(&past), begin..panel.weeks(), span)?;
    let weeks = counted_weeks(history, first, (from, to))?;
    let mondays = (monday(history, weeks.start), monday(history, weeks.end));
    let mut demand = DailyDemand::new(history.weeks, SEED);
    add_days(&mut demand, history, product, Some(day_facts));
    let play = policy.day_simulation(weeks, span);
    let outcome_of = |target: Target| {
        let outcomes = simulate_days(&demand, &past, &play, &[Some(DayRule { target, ..rule })]);
        simulated_days((mondays, rule.lead.mean_days()), &outcomes.first().copied().unwrap_or_default())
    };
    Ok(PolicyComparison { own: outcome_of(rule.target), naive: outcome_of(Target::OfWeeks(NAIVE_WEEKS)) })
}

fn simulated_days((weeks, lead_days): ((i32, i32), f64), outcome: &DayOutcome) -> SimulationResult {
    SimulationResult {
        weeks,
        lead_days,
        demanded: outcome.total.demanded,
        met: outcome.total.met,
        cycle_service: outcome.total.service(),
        fill: outcome.total.fill(),
        short_weeks: outcome.short_weeks,
        short_days: outcome.short_days,
        empty_days: outcome.empty_days,
        mean_stock: outcome.mean_stock().unwrap_or_default(),
        peak_stock: outcome.peak,
        orders: outcome.total.orders,
        ordered: outcome.total.ordered,
        expired: outcome.expired,
    }
}

pub(super) fn monday(history: &History, week: usize) -> i32 {
    history.first_week + 7 * week as i32
}

pub(super) fn build_past(panel: &Panel, span: usize) -> Past {
    Past::new(panel, &Method::single(DEFAULT_METHOD), span, (MIN_FIRST_POOLED, 1))
}

/// Returns the first week before which a series has enough known weeks for a forecast of its own.
pub(super) fn first_simulated_week(panel: &Panel, series: usize, span: usize) -> Result<usize, SimulationRefusal> {
    let mut prepared = PreparedSeries::default();
    prepare(&mut prepared, panel.values(series), panel.days(series));
    let (known_weeks, needed_weeks) = (prepared.known.weeks.len(), NEW_WEEKS + span + 1);
    if known_weeks == 0 || panel.weeks() == 0 {
        return Err(SimulationRefusal::NoDemand);
    }
    let last = prepared.known.weeks.get(NEW_WEEKS - 1).filter(|_| known_weeks >= needed_weeks);
    last.map(|week| *week as usize + 1).ok_or(SimulationRefusal::TooShort { known: known_weeks, wanted: needed_weeks })
}

/// Returns the first counted week: errors must be known from the start of the simulation, and lead
/// time and review come first. `errors` is `None` if none are needed.
pub(super) fn first_counted_week(errors: Option<&Past>, playable: Range<usize>, span: usize) -> Result<usize, SimulationRefusal> {
    let playable: Vec<usize> = playable.collect();
    let scored = errors.map_or(0, |past| playable.partition_point(|week| !past.pools(*week).has_enough_scores()));
    playable.get(scored + span).copied().ok_or(SimulationRefusal::TooFewErrors)
}

/// Returns the complete weeks between two days, both inclusive, none before `first`.
pub(super) fn counted_weeks(
    history: &History,
    first: usize,
    (from, to): (Option<i32>, Option<i32>),
) -> Result<Range<usize>, SimulationRefusal> {
    let index = |week: i32| usize::try_from((week - history.first_week) / 7).unwrap_or_default().min(history.weeks);
    let first_week = monday(history, first);
    let start = match from.map(|day| week_of(day + 6)) {
        None => first,
        Some(week) if week < first_week => return Err(SimulationRefusal::TooEarly { first_week }),
        Some(week) => index(week),
    };
    let end = to.map_or(history.weeks, |day| index(week_of(day + 1)));
    if start < end { Ok(start..end) } else { Err(SimulationRefusal::NoWeek) }
}
