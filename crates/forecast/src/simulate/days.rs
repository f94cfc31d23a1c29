//! Simulation by days. The order of each day: expired units are removed, goods arrive, stock is
//! checked on a day of review, and demand is met.

use std::{fmt::Debug, ops::Range, thread};

use crate::{
    intervals::{DaysAhead, LeadTimeDemand, SumPools},
    reorder::{LeadTime, Terms, order_quantity, whole_units},
    simulate::{
        DailyDemand, DayOutcome, Past, PlanRule, UnmetDemand,
        demand::{WEEK, draw_index},
        lots::Lots,
        rule::{day_shape, recent_demand},
    },
};

/// Settings that all series of one simulation share.
#[derive(Debug, Clone, PartialEq)]
pub struct DaySimulation<'a> {
    /// Days between two reviews, at least 1. The first is the Monday that the play begins on.
    pub review_days: usize,
    /// Packs and minimum; prices are not simulated, and shelf life is that of a rule.
    pub terms: Terms<'a>,
    pub unmet: UnmetDemand,
    /// Weeks that are counted.
    pub weeks: Range<usize>,
    /// Weeks before them that are played and not counted.
    pub warm_up: usize,
    /// Draws the delivery that each order takes as long as.
    pub seed: u64,
}

/// Order-up-to target of a review.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// Point and target of a rule of plans.
    Rule(PlanRule),
    /// The mean of this number of earlier weeks, over lead time and review.
    OfWeeks(usize),
}

/// The days on which a supplier takes orders and delivers. Days count from the first that is played against, a Monday, which is 0.
pub trait SupplierDays: Debug + Sync {
    /// The day on which an order of `day` with a lead time of `lead_days` arrives; never before
    /// `day`.
    fn arrival(&self, day: usize, lead_days: usize) -> usize;
    /// The lead time that stock is kept for on `day`: until the arrival of an order that can be
    /// placed `review_days` later, less `review_days`.
    fn protection_days(&self, day: usize, lead_days: usize, review_days: usize) -> usize;
}

/// Reorder rule of a series.
#[derive(Debug, Clone, Copy)]
pub struct DayRule<'a> {
    pub target: Target,
    /// Each order takes as long as one of the measured deliveries, drawn with equal chance, or the
    /// stated days.
    pub lead: LeadTime<'a>,
    /// `None`: the supplier takes orders and delivers on any day.
    pub supplier: Option<&'a dyn SupplierDays>,
    /// Days on which units can be sold, from the one on which they come. But for a minimum and packs, no more is kept than the forecast sells on them.
    /// None: they never expire.
    pub shelf_days: Option<usize>,
}

impl<'a> DayRule<'a> {
    /// Creates the rule of a supplier who delivers on any day and of units that never expire.
    pub const fn new(target: Target, lead: LeadTime<'a>) -> Self {
        Self { target, lead, supplier: None, shelf_days: None }
    }
    /// Whether stock is found by the errors of forecasts, so that these have to be known.
    pub fn needs_errors(&self) -> bool {
        matches!(self.target, Target::Rule(rule) if rule.needs_errors())
    }
}

/// A week of a series, and its forecast.
struct Week<'a> {
    play: &'a DaySimulation<'a>,
    /// The first day that is played, and the day after the last one.
    begin: usize,
    end: usize,
    week: usize,
    ahead: LeadTimeDemand<'a>,
    demand: &'a DailyDemand,
    series: usize,
}

impl Week<'_> {
    /// Returns the forecast demand from a day on.
    fn demand_from(&self, day: usize) -> LeadTimeDemand<'_> {
        LeadTimeDemand { days: self.ahead.days.map(|days| days.on(day % WEEK)), ..self.ahead }
    }
    fn has_weekdays(&self) -> bool {
        self.ahead.days.is_some_and(|days| !days.shape().is_even)
    }
    fn is_review(&self, day: usize) -> bool {
        (day - self.begin).is_multiple_of(self.play.review_days.max(1))
    }
}

/// Stock of one series.
struct SeriesStock<'a> {
    target: Target,
    /// Whether a cycle ends with a delivery, and not before a review.
    by_delivery: bool,
    /// Days that a delivery takes, each as likely as another.
    leads: Vec<usize>,
    /// Lead times plus `more` days until the next review: the time that stock is kept for. With the
    /// supplier's days it differs from day to day.
    kept: Vec<f64>,
    more: f64,
    supplier: Option<&'a dyn SupplierDays>,
    is_new: bool,
    on_hand: i64,
    /// Lots of `on_hand`, if units expire.
    lots: Lots,
    /// Units that wait for the next deliveries.
    backordered: i64,
    on_order: i64,
    /// Units that arrive, by their day modulo the length.
    coming: Vec<i64>,
    is_served: bool,
    /// Point and target of this week, for the time in `kept`, once they are known.
    levels: Option<(i64, i64)>,
}

/// A week of all series that are played together.
#[derive(Clone, Copy)]
struct WeekRound<'a> {
    demand: &'a DailyDemand,
    past: &'a Past,
    play: &'a DaySimulation<'a>,
    rules: &'a [Option<DayRule<'a>>],
    pools: &'a SumPools,
    week: usize,
    /// Weeks that are played.
    weeks: (usize, usize),
    has_review: bool,
}

impl WeekRound<'_> {
    /// Plays the week of some series; `first` is the number of the first one.
    fn play_week(&self, first: usize, shelves: &mut [Option<SeriesStock<'_>>], found: &mut [DayOutcome]) {
        let (week, (begin, end)) = (self.week, self.weeks);
        for ((series, shelf), found) in (first..).zip(shelves.iter_mut()).zip(found.iter_mut()) {
            let Some((shelf, (path, scale))) = shelf.as_mut().zip(self.past.forecast(series, week)) else { continue };
            let is_shape_needed = self.has_review && self.rules[series].is_some_and(|rule| rule.needs_errors());
            let shape = if is_shape_needed { day_shape(&self.demand.days(series)[..week * WEEK]) } else { None };
            let days = shape.as_ref().map(|shape| DaysAhead::new(shape, 0));
            let ahead = LeadTimeDemand { path, scale, pools: self.pools, days };
            let (begin, end) = (begin * WEEK, end * WEEK);
            let context = Week { play: self.play, begin, end, week, ahead, demand: self.demand, series };
            shelf.play(&context, found);
        }
    }
}

/// Plays a rule of each series over days; forecasts and demand have the series in the same order,
/// and one without a rule is not played. A series begins with its target in stock, at the first
/// review that has a forecast. A review uses the weeks before its own only, as plans are made from
/// weekly runs, too. Equal inputs give equal outcomes.
pub fn simulate_days(
    demand: &DailyDemand,
    past: &Past,
    play: &DaySimulation<'_>,
    rules: &[Option<DayRule<'_>>],
) -> Vec<DayOutcome> {
    simulate_days_on(demand, past, play, rules, 1)
}

/// Like `simulate_days`, on `threads` threads, which share the series of each week. Outcomes are
/// the same with any number of them, bit for bit: series are independent.
pub fn simulate_days_on(
    demand: &DailyDemand,
    past: &Past,
    play: &DaySimulation<'_>,
    rules: &[Option<DayRule<'_>>],
    threads: usize,
) -> Vec<DayOutcome> {
    let end = play.weeks.end.min(demand.weeks());
    let begin = play.weeks.start.saturating_sub(play.warm_up).min(end);
    let (review_days, horizon) = (play.review_days.max(1), demand.weeks() * WEEK);
    let simulated_rules = rules.iter().take(demand.series());
    let mut shelves: Vec<Option<SeriesStock<'_>>> =
        simulated_rules.map(|rule| rule.map(|rule| SeriesStock::new(&rule, review_days, horizon))).collect();
    let needs_errors = rules.iter().flatten().any(DayRule::needs_errors);
    let none = SumPools::default();
    let mut outcomes = vec![DayOutcome::default(); demand.series()];
    let chunk_size = shelves.len().div_ceil(threads.max(1)).max(1);
    for week in begin..end {
        let since = (week - begin) * WEEK;
        let has_review = since.next_multiple_of(review_days) < since + WEEK;
        let known_pools = (needs_errors && has_review).then(|| past.pools(week));
        let pools = known_pools.as_deref().unwrap_or(&none);
        let round = WeekRound { demand, past, play, rules, pools, week, weeks: (begin, end), has_review };
        // Only rules that use errors take longer than starting a thread.
        if known_pools.is_none() || chunk_size >= shelves.len() {
            round.play_week(0, &mut shelves, &mut outcomes);
            continue;
        }
        let parts = shelves.chunks_mut(chunk_size).zip(outcomes.chunks_mut(chunk_size)).enumerate();
        thread::scope(|scope| {
            for (chunk_index, (shelves, outcomes)) in parts {
                scope.spawn(move || round.play_week(chunk_index * chunk_size, shelves, outcomes));
            }
        });
    }
    outcomes
}

impl Target {
    /// Point and target. Nothing is kept where nothing is known.
    fn levels(self, day: usize, context: &Week<'_>, protection_days: &[f64]) -> (i64, i64) {
        let before = &context.demand.sums(context.series)[..context.week];
        match self {
            Self::Rule(rule) => {
                let lead =
                    LeadTime::Measured { days: protection_days, stated: protection_days.first().copied().unwrap_or_default() };
                let found = rule.levels(&context.demand_from(day), before, lead);
                found.map_or((0, 0), |levels| (whole_units(levels.point), whole_units(levels.up_to)))
            }
            Self::OfWeeks(weeks) => {
                let mean_days = protection_days.iter().sum::<f64>() / protection_days.len() as f64;
                let up_to = recent_demand(before, weeks, mean_days / WEEK as f64);
                (up_to, up_to)
            }
        }
    }
}

impl<'a> SeriesStock<'a> {
    /// A point that is checked every `review_days` days has to last for the days between two checks
    /// as well; a policy of periodic review adds its days itself.
    fn new(rule: &DayRule<'a>, review_days: usize, horizon: usize) -> Self {
        let (by_delivery, extra_days) = match rule.target {
            Target::Rule(plan) if plan.is_continuous() => (true, review_days - 1),
            Target::Rule(_) => (false, 0),
            Target::OfWeeks(_) => (false, review_days),
        };
        let likely = rule.lead.likely_days();
        // A delivery after the last simulated day never arrives.
        let leads: Vec<usize> = likely.iter().map(|days| (whole_units(*days) as usize).min(horizon)).collect();
        let longest = if rule.supplier.is_some() { horizon } else { leads.iter().copied().max().unwrap_or_default() };
        Self {
            target: rule.target,
            by_delivery,
            leads,
            kept: likely.iter().map(|days| days + extra_days as f64).collect(),
            more: extra_days as f64,
            supplier: rule.supplier,
            is_new: true,
            on_hand: 0,
            lots: Lots::new(rule.shelf_days),
            backordered: 0,
            on_order: 0,
            coming: vec![0; longest + 1],
            is_served: true,
            levels: None,
        }
    }
    fn play(&mut self, context: &Week<'_>, total_outcome: &mut DayOutcome) {
        self.levels = None;
        let (is_counted, mut is_short) = (context.play.weeks.contains(&context.week), false);
        for day in context.week * WEEK..(context.week + 1) * WEEK {
            if self.is_new && !context.is_review(day) {
                continue;
            }
            let outcome = self.day(day, context);
            is_short |= outcome.short_days > 0;
            if is_counted {
                total_outcome.add(&outcome);
            }
        }
        total_outcome.short_weeks += u64::from(is_counted && is_short);
    }
    fn day(&mut self, day: usize, context: &Week<'_>) -> DayOutcome {
        let mut outcome = DayOutcome::default();
        if self.is_new {
            self.is_new = false;
            let up_to = self.levels(day, context).1;
            self.on_hand = self.sells_within(day, context, 0.0).map_or(up_to, |sellable_units| up_to.min(sellable_units));
            self.lots.add(day, self.on_hand);
            outcome.opening = self.on_hand as f64;
        } else {
            outcome.opening = self.on_hand as f64;
            let expired = self.lots.expire(day);
            self.on_hand -= expired;
            outcome.expired = expired as f64;
            self.receive(day, &mut outcome);
            if context.is_review(day) {
                self.review(day, context, &mut outcome);
            }
        }
        self.sell(context.demand.days(context.series)[day], context.play.unmet, &mut outcome);
        if day + 1 == context.end || (!self.by_delivery && context.is_review(day + 1)) {
            self.end_cycle(&mut outcome);
        }
        outcome
    }
    /// Found at the week's first review, from the weeks before it, and again where stock is kept for another time by the supplier's days, or weekdays differ.
    fn levels(&mut self, day: usize, context: &Week<'_>) -> (i64, i64) {
        if let Some(supplier) = self.supplier {
            for (protection, lead) in self.kept.iter_mut().zip(&self.leads) {
                let days = supplier.protection_days(day, *lead, context.play.review_days.max(1)) as f64 + self.more;
                if days.total_cmp(protection).is_ne() {
                    *protection = days;
                    self.levels = None;
                }
            }
        }
        if context.has_weekdays() {
            self.levels = None;
        }
        let levels = self.levels.unwrap_or_else(|| {
            let (point, up_to) = self.target.levels(day, context, &self.kept);
            let wait = self.kept.iter().sum::<f64>() / self.kept.len() as f64 - self.more;
            self.sells_within(day, context, wait)
                .map_or((point, up_to), |sellable_units| (point.min(sellable_units), up_to.min(sellable_units)))
        });
        self.levels = Some(levels);
        levels
    }
    /// Returns the units that the forecast sells before the units of a delivery in `wait` days
    /// expire, or None if they never expire.
    fn sells_within(&self, day: usize, context: &Week<'_>, wait: f64) -> Option<i64> {
        let days = wait + self.lots.shelf_days()? as f64;
        Some(whole_units(context.demand_from(day).mean(days / WEEK as f64)))
    }
    fn receive(&mut self, day: usize, outcome: &mut DayOutcome) {
        let place = day % self.coming.len();
        let units = std::mem::take(&mut self.coming[place]);
        self.on_order -= units;
        self.accept_delivery(day, units, outcome);
    }
    fn accept_delivery(&mut self, day: usize, units: i64, outcome: &mut DayOutcome) {
        if units > 0 && self.by_delivery {
            self.end_cycle(outcome);
        }
        let backorder_units = units.min(self.backordered);
        self.backordered -= backorder_units;
        self.on_hand += units - backorder_units;
        self.lots.add(day, units - backorder_units);
        outcome.received += units as f64;
    }
    /// At the point or below it, orders up to the target.
    fn review(&mut self, day: usize, context: &Week<'_>, outcome: &mut DayOutcome) {
        let (point, up_to) = self.levels(day, context);
        let position = self.on_hand + self.on_order - self.backordered;
        if position >= up_to {
            return;
        }
        let quantity = order_quantity(position, point, up_to, &context.play.terms).unwrap_or(0);
        outcome.total.orders += u64::from(quantity > 0);
        outcome.total.ordered += quantity as f64;
        let lead_index =
            draw_index((context.play.seed, context.demand.key(context.series)), day, self.leads.len()).unwrap_or_default();
        let lead = self.leads.get(lead_index).copied().unwrap_or_default();
        let days = self.supplier.map_or(lead, |supplier| supplier.arrival(day, lead).saturating_sub(day));
        match days.min(self.coming.len() - 1) {
            0 => self.accept_delivery(day, quantity, outcome),
            days => {
                let place = (day + days) % self.coming.len();
                self.coming[place] += quantity;
                self.on_order += quantity;
            }
        }
    }
    fn sell(&mut self, demand: i64, unmet: UnmetDemand, outcome: &mut DayOutcome) {
        let fulfilled_units = demand.min(self.on_hand);
        outcome.peak = self.on_hand as f64;
        self.on_hand -= fulfilled_units;
        self.lots.sell(fulfilled_units);
        self.is_served &= fulfilled_units == demand;
        if unmet == UnmetDemand::Backordered {
            self.backordered += demand - fulfilled_units;
        }
        outcome.total.demanded = demand as f64;
        outcome.total.met = fulfilled_units as f64;
        outcome.short_days = u64::from(fulfilled_units < demand);
        outcome.empty_days = u64::from(self.on_hand == 0);
        outcome.total.stock = self.on_hand as f64;
        outcome.closing = outcome.total.stock;
    }
    fn end_cycle(&mut self, outcome: &mut DayOutcome) {
        outcome.total.cycles += 1;
        outcome.total.served += u64::from(self.is_served);
        self.is_served = true;
    }
}
