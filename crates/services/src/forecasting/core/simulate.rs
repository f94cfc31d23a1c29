//! A reorder policy against the past: what it would have met, held and ordered.

use std::ops::Range;

use entity::prelude::*;
use forecast::{
    Panel,
    intervals::LONGEST_SUM,
    models::Method,
    reorder::{Policy, Safety, Terms},
    selection::{DEFAULT, FIRST_POOLED},
    series::{NEW_WEEKS, Prepared, prepare},
    simulate::{DailyDemand, DayOutcome, DayPlay, DayRule, LIKELY_SERVICE, Past, PlanRule, Target, Unmet, simulate_days},
};

use super::{
    History,
    daily::{DayFacts, LeadDays, add_days},
    played::PlayedLead,
};
use crate::demand::core::week_of;

/// The most days of lead time and review together: longer sums of demand have no errors of their own.
pub const LONGEST_DAYS: usize = 7 * LONGEST_SUM;
/// Least and highest cycle service level that may be promised.
pub const SERVICE_LEVELS: (f64, f64) = LIKELY_SERVICE;
/// Weeks that a naive policy orders by.
const NAIVE_WEEKS: usize = 4;
/// Draws the demand of days without stock, and how long deliveries take: always the same draw.
pub(super) const SEED: u64 = 1;

/// Days of demand above the reorder point where a level has no maximum, as plans have it.
const COVER_DAYS: f64 = 14.0;

/// When a simulated policy orders, and up to what. Units are the product's smallest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimulatedRule {
    MinMax {
        point: i64,
        maximum: Option<i64>,
    },
    ReorderPoint {
        cover_days: i32,
    },
    /// At each review stock and what is on its way are filled up to the demand of lead time and review, kept with the chance that is promised.
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

/// A reorder policy that is played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReorderPolicy {
    pub rule: SimulatedRule,
    /// Within [`SERVICE_LEVELS`]: a share of cycles or, by fill rate, of units. It says nothing of a rule that promises nothing.
    pub service: f64,
    pub method: SafetyStockMethod,
    /// None: as long as deliveries of each product take, as plans have it.
    pub lead_days: Option<usize>,
    /// At least 1; with the lead time at most [`LONGEST_DAYS`].
    pub review_days: usize,
    /// The least and the step of an order, in units.
    pub minimum: i64,
    pub pack: i64,
    /// Whether demand that stock does not meet waits for the next deliveries; else it is lost.
    pub is_backordered: bool,
}

impl ReorderPolicy {
    /// The service level that is promised.
    pub fn promised(&self) -> Option<f64> {
        (!matches!(self.rule, SimulatedRule::MinMax { .. } | SimulatedRule::TargetDays { .. })).then_some(self.service)
    }
    /// The lead time that is played for a product. Longer deliveries than a sum of demand can be of are cut.
    pub(super) fn lead(&self, known: &LeadDays, history: &History) -> PlayedLead {
        let lead = match self.lead_days {
            Some(days) => LeadDays { stated: days as f64, measured: Vec::new(), calendar: known.calendar.clone() },
            None => known.within(LONGEST_DAYS.saturating_sub(self.review_days) as f64),
        };
        PlayedLead::new(lead, history, self.review_days)
    }
    /// As it is played over weeks of a history, after `warm_up` weeks that are not counted.
    pub(super) fn over(&self, weeks: Range<usize>, warm_up: usize) -> DayPlay<'static> {
        let terms = Terms { minimum: self.minimum, pack: self.pack, breaks: None, shelf: None };
        let unmet = if self.is_backordered { Unmet::Backordered } else { Unmet::Lost };
        DayPlay { review_days: self.review_days, terms, unmet, weeks, warm_up, seed: SEED }
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
            SafetyStockMethod::Quantile => Safety::Quantile,
            // Made anew at each review.
            SafetyStockMethod::Normal => Safety::Normal { deviation: 0.0 },
            SafetyStockMethod::FillRate => Safety::FillRate,
        };
        PlanRule { policy, safety, cover_days: maximum_days }
    }
}

/// The result of a policy. Units are of demand and stock; stock is that of the end of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Simulated {
    /// Mondays of the first week and of the week after the last one.
    pub weeks: (i32, i32),
    /// The mean of the deliveries that orders were given.
    pub lead_days: f64,
    pub demanded: f64,
    pub met: f64,
    /// Share of cycles without unmet demand: between reviews or, of a rule that orders at a point, between deliveries.
    pub cycle_service: Option<f64>,
    /// Share of the demanded units that were met.
    pub fill: Option<f64>,
    /// Weeks and days with unmet demand, and days that closed with nothing.
    pub short_weeks: u64,
    pub short_days: u64,
    pub empty_days: u64,
    pub mean_stock: f64,
    pub peak_stock: f64,
    pub orders: u64,
    pub ordered: f64,
    /// That could not be sold any more.
    pub expired: f64,
}

/// A policy and a naive one beside it, which fills up to what the last four weeks asked for over lead time and review; over the same days, with the same terms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compared {
    pub own: Simulated,
    pub naive: Simulated,
}

/// Why a policy cannot be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsimulated {
    /// The product was never asked for in the store, or there is no run of forecasts yet.
    NoDemand,
    /// The product has fewer known weeks than a forecast, the weeks before counting and one counted week need.
    TooShort { known: usize, wanted: usize },
    /// The store's products have too few errors of forecasts that are old enough.
    TooFewErrors,
    /// Weeks can be counted from this Monday on.
    TooEarly { first_week: i32 },
    /// No complete week lies in the range.
    NoWeek,
    /// More products are asked for than are played at once.
    TooMany { found: usize, most: usize },
}

/// Plays a policy by the days of the history's first series; the others only lend it their errors. Forecasts and errors are made again for each week from
/// earlier ones. Lead time and review are played before the first counted week, so that the stock of the start does not count. Days of the range are since
/// 1970-01-01; without them all weeks count that can.
pub fn simulated(
    history: &History,
    own: &DayFacts,
    policy: &ReorderPolicy,
    (from, to): (Option<i32>, Option<i32>),
) -> Result<Compared, Unsimulated> {
    let product = history.series.first().ok_or(Unsimulated::NoDemand)?.product;
    let panel = history.panel().ok_or(Unsimulated::NoDemand)?;
    let lead = policy.lead(&own.lead, history);
    let span = lead.span();
    let begin = begin(&panel, 0, span)?;
    let past = past(&panel, span);
    let rule = DayRule { shelf_days: own.shelf_days, ..lead.rule(Target::Rule(policy.plan_rule())) };
    let first = first_counted(rule.needs_errors().then_some(&past), begin..panel.weeks(), span)?;
    let weeks = counted(history, first, (from, to))?;
    let mondays = (monday(history, weeks.start), monday(history, weeks.end));
    let mut demand = DailyDemand::new(history.weeks, SEED);
    add_days(&mut demand, history, product, Some(own));
    let play = policy.over(weeks, span);
    let played = |target: Target| {
        let found = simulate_days(&demand, &past, &play, &[Some(DayRule { target, ..rule })]);
        simulated_days((mondays, rule.lead.mean_days()), &found.first().copied().unwrap_or_default())
    };
    Ok(Compared { own: played(rule.target), naive: played(Target::OfWeeks(NAIVE_WEEKS)) })
}

fn simulated_days((weeks, lead_days): ((i32, i32), f64), found: &DayOutcome) -> Simulated {
    Simulated {
        weeks,
        lead_days,
        demanded: found.total.demanded,
        met: found.total.met,
        cycle_service: found.total.service(),
        fill: found.total.fill(),
        short_weeks: found.short_weeks,
        short_days: found.short_days,
        empty_days: found.empty_days,
        mean_stock: found.mean_stock().unwrap_or_default(),
        peak_stock: found.peak,
        orders: found.total.orders,
        ordered: found.total.ordered,
        expired: found.expired,
    }
}

pub(super) fn monday(history: &History, week: usize) -> i32 {
    history.first_week + 7 * week as i32
}

pub(super) fn past(panel: &Panel, span: usize) -> Past {
    Past::new(panel, &Method::one(DEFAULT), span, (FIRST_POOLED, 1))
}

/// The first week before which a series has enough known weeks for a forecast of its own.
pub(super) fn begin(panel: &Panel, series: usize, span: usize) -> Result<usize, Unsimulated> {
    let mut prepared = Prepared::default();
    prepare(&mut prepared, panel.values(series), panel.days(series));
    let (known, wanted) = (prepared.known.weeks.len(), NEW_WEEKS + span + 1);
    if known == 0 || panel.weeks() == 0 {
        return Err(Unsimulated::NoDemand);
    }
    let last = prepared.known.weeks.get(NEW_WEEKS - 1).filter(|_| known >= wanted);
    last.map(|week| *week as usize + 1).ok_or(Unsimulated::TooShort { known, wanted })
}

/// The first of the playable weeks that counts: enough errors are known when the play begins, and lead time and review come first. No errors where none are
/// needed.
pub(super) fn first_counted(errors: Option<&Past>, playable: Range<usize>, span: usize) -> Result<usize, Unsimulated> {
    let playable: Vec<usize> = playable.collect();
    let scored = errors.map_or(0, |past| playable.partition_point(|week| !past.pools(*week).is_enough()));
    playable.get(scored + span).copied().ok_or(Unsimulated::TooFewErrors)
}

/// The complete weeks between two days, both included, none before `first`.
pub(super) fn counted(
    history: &History,
    first: usize,
    (from, to): (Option<i32>, Option<i32>),
) -> Result<Range<usize>, Unsimulated> {
    let index = |week: i32| usize::try_from((week - history.first_week) / 7).unwrap_or_default().min(history.weeks);
    let first_week = monday(history, first);
    let start = match from.map(|day| week_of(day + 6)) {
        None => first,
        Some(week) if week < first_week => return Err(Unsimulated::TooEarly { first_week }),
        Some(week) => index(week),
    };
    let end = to.map_or(history.weeks, |day| index(week_of(day + 1)));
    if start < end { Ok(start..end) } else { Err(Unsimulated::NoWeek) }
}
