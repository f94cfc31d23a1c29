//! Simulation by weeks: receive, review, sell. Promises are checked and corrected by weeks, as more
//! series have weeks than days.

use std::ops::Range;

use crate::{
    intervals::{LeadTimeDemand, SumPools},
    panel::Panel,
    reorder::{Terms, order_quantity, whole_units},
    series::{Class, PreparedSeries, prepare},
    simulate::{
        Past,
        outcome::{Outcome, Outcomes},
        steering::Steering,
    },
};

/// Known weeks that the demand of an unknown one is drawn from.
const MAX_DRAWN_WEEKS: usize = 13;

/// The fate of demand that stock does not meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnmetDemand {
    Lost,
    Backordered,
}

/// The simulated policy: at each review the position is filled up to Q_p of the demand over review and lead time.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderUpTo<'a> {
    /// The promised cycle service, 0 to 1.
    pub service: f64,
    pub lead_weeks: usize,
    pub review_weeks: usize,
    /// Packs and minimum; prices and shelf life are not simulated.
    pub terms: Terms<'a>,
    pub unmet: UnmetDemand,
    /// Weeks of the panel that are counted.
    pub weeks: Range<usize>,
    /// Weeks before them that are played and not counted.
    pub warm_up: usize,
    /// Draws the demand of weeks that were out of stock.
    pub seed: u64,
}

/// Stock of one product.
struct ProductStock {
    on_hand: i64,
    backordered: i64,
    /// Units that arrive in 0, 1, … weeks.
    coming: Vec<i64>,
    is_served: bool,
    cycle: Outcome,
}

/// Plays a policy over weeks of a panel. `classes` are those of the series. Equal inputs give equal outcomes.
pub fn simulate(panel: &Panel, classes: &[Class], past: &Past, policy: &OrderUpTo<'_>) -> Outcomes {
    run_simulation((panel, classes), past, policy, &mut Steering::default())
}

/// Plays a policy with a level for each group of products, which follows the results of its weeks.
pub(super) fn steer(panel: &Panel, past: &Past, policy: &OrderUpTo<'_>, steering: &mut Steering<'_>) {
    run_simulation((panel, &[]), past, policy, steering);
}

fn run_simulation(
    (panel, classes): (&Panel, &[Class]),
    past: &Past,
    policy: &OrderUpTo<'_>,
    steering: &mut Steering<'_>,
) -> Outcomes {
    let end = policy.weeks.end.min(panel.weeks());
    let begin = policy.weeks.start.saturating_sub(policy.warm_up).min(end);
    let demand: Vec<Vec<i64>> = (0..panel.len()).map(|series| weekly_demand(panel, series, policy.seed)).collect();
    let empty = || ProductStock {
        on_hand: 0,
        backordered: 0,
        coming: vec![0; policy.lead_weeks + 1],
        is_served: true,
        cycle: Outcome::default(),
    };
    let none = SumPools::default();
    let mut shelves: Vec<Option<ProductStock>> = (0..panel.len()).map(|_| None).collect();
    let counted = policy.weeks.start.min(end)..end;
    let mut outcomes = Outcomes {
        all: Outcome::default(),
        classes: [Outcome::default(); Class::ALL.len()],
        by_week: vec![Outcome::default(); counted.len()],
    };
    for week in begin..end {
        let is_review = (week - begin).is_multiple_of(policy.review_weeks.max(1));
        let pools = is_review.then(|| past.pools(week));
        for (series, (demand, shelf)) in demand.iter().zip(&mut shelves).enumerate() {
            let Some((path, scale)) = past.forecast(series, week) else { continue };
            let is_first = shelf.is_none();
            let shelf = shelf.get_or_insert_with(empty);
            shelf.receive();
            if is_review {
                let ahead = LeadTimeDemand { path, scale, pools: pools.as_deref().unwrap_or(&none), days: None };
                let service = steering.level(series, policy.service);
                let up_to = ahead.quantile(service, past.span as f64).map_or(0, whole_units);
                shelf.review(up_to, is_first, policy);
            }
            shelf.sell(demand[week], policy.unmet);
            let is_before_review = (week + 1 - begin).is_multiple_of(policy.review_weeks.max(1));
            let outcome = shelf.end_week(week + 1 == end || is_before_review);
            steering.add(series, outcome, counted.contains(&week));
            if counted.contains(&week) {
                outcomes.all += outcome;
                outcomes.by_week[week - counted.start] += outcome;
                if let Some(class) = classes.get(series) {
                    outcomes.classes[class.index()] += outcome;
                }
            }
        }
        steering.end_week(policy.service);
    }
    outcomes
}

impl ProductStock {
    fn receive(&mut self) {
        let arrived = if self.coming.is_empty() { 0 } else { self.coming.remove(0) };
        self.coming.push(0);
        let backorder_units = arrived.min(self.backordered);
        self.backordered -= backorder_units;
        self.on_hand += arrived - backorder_units;
    }
    /// Orders up to the target. A product's first review sets its stock to the target.
    fn review(&mut self, up_to: i64, is_first: bool, policy: &OrderUpTo<'_>) {
        if is_first {
            self.on_hand = up_to;
            return;
        }
        let position = self.on_hand + self.coming.iter().sum::<i64>() - self.backordered;
        if position >= up_to {
            return;
        }
        let quantity = order_quantity(position, up_to, up_to, &policy.terms).unwrap_or(0);
        // Received at the beginning of a week: without a lead time at once, else after `lead_weeks`
        // beginnings of weeks.
        match policy.lead_weeks.checked_sub(1) {
            None => self.on_hand += quantity,
            Some(later) => self.coming[later] += quantity,
        }
        self.cycle.orders += u64::from(quantity > 0);
        self.cycle.ordered += quantity as f64;
    }
    fn sell(&mut self, demand: i64, unmet: UnmetDemand) {
        let fulfilled_units = demand.min(self.on_hand);
        self.on_hand -= fulfilled_units;
        self.is_served &= fulfilled_units == demand;
        if unmet == UnmetDemand::Backordered {
            self.backordered += demand - fulfilled_units;
        }
        self.cycle.demanded += demand as f64;
        self.cycle.met += fulfilled_units as f64;
        self.cycle.stock += self.on_hand as f64;
    }
    fn end_week(&mut self, is_last_of_cycle: bool) -> Outcome {
        if is_last_of_cycle {
            self.cycle.cycles += 1;
            self.cycle.served += u64::from(self.is_served);
            self.is_served = true;
        }
        std::mem::take(&mut self.cycle)
    }
}

/// Demand of each week in whole units. An unknown week is drawn from up to [`MAX_DRAWN_WEEKS`] known
/// weeks before it.
fn weekly_demand(panel: &Panel, series: usize, seed: u64) -> Vec<i64> {
    let mut prepared = PreparedSeries::default();
    prepare(&mut prepared, panel.values(series), panel.days(series));
    let (known_weeks, start) = (&prepared.known, prepared.start.map_or(panel.weeks(), |start| start as usize));
    let unit = |week: usize| match known_weeks.weeks.binary_search(&(week as u32)) {
        _ if week < start => 0,
        Ok(index) => whole_units(known_weeks.units[index].round()),
        Err(before) => {
            let first = before.saturating_sub(MAX_DRAWN_WEEKS);
            let choice = mix_bits(seed ^ mix_bits((series as u64) << 20 | week as u64)) as usize;
            if before > first { whole_units(known_weeks.units[first + choice % (before - first)].round()) } else { 0 }
        }
    };
    (0..panel.weeks()).map(unit).collect()
}

/// A fixed mixing of bits (splitmix64, Steele, Lea & Flood 2014): the same draw for the same seed, series and time.
pub(super) fn mix_bits(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{models::Method, panel::Traits, selection::DEFAULT_METHOD};

    const TERMS: Terms<'_> = Terms { minimum: 0, pack: 1, breaks: None, shelf: None };

    fn steady() -> Panel {
        let mut panel = Panel::new(40).unwrap();
        (0..60).for_each(|_| panel.push(&[10.0; 40], Traits::default()).unwrap());
        panel
    }
    fn policy(review_weeks: usize) -> OrderUpTo<'static> {
        OrderUpTo {
            service: 0.95,
            lead_weeks: 2,
            review_weeks,
            terms: TERMS,
            unmet: UnmetDemand::Lost,
            weeks: 24..40,
            warm_up: 4,
            seed: 1,
        }
    }

    #[test]
    fn steady_demand_needs_its_span_and_is_always_met() {
        let panel = steady();
        for (review, cycles) in [(1, 16), (2, 8)] {
            let past = Past::new(&panel, &Method::single(DEFAULT_METHOD), 2 + review, (8, 1));
            let found = simulate(&panel, &[Class::Smooth; 60], &past, &policy(review));
            assert_eq!((found.all.service(), found.all.fill(), found.all.cycles), (Some(1.0), Some(1.0), 60 * cycles));
            assert_eq!(found.classes[0], found.all);
            assert!(found.by_week.len() == 16 && found.by_week.iter().all(|week| week.met == 600.0));
            // Ordered up to three weeks' demand each week: one arrives as one is sold, and none is left over.
            let stock = found.mean_stock().unwrap() / 60.0;
            assert!((stock - if review == 1 { 0.0 } else { 5.0 }).abs() < 1e-9, "{stock}");
            assert_eq!(found.all.ordered, found.all.demanded);
        }
    }

    #[test]
    fn late_facts_are_not_known_earlier() {
        let mut panel = Panel::new(40).unwrap();
        let mut changed = Panel::new(40).unwrap();
        for series in 0..60 {
            let mut values = [0.0; 40];
            (0..40).for_each(|week| values[week] = (mix_bits((series * 40 + week) as u64) % 20) as f32);
            panel.push(&values, Traits::default()).unwrap();
            values[30] = 900.0;
            changed.push(&values, Traits::default()).unwrap();
        }
        let until = |panel: &Panel, end: usize| {
            let past = Past::new(panel, &Method::single(DEFAULT_METHOD), 3, (8, 1));
            simulate(panel, &[Class::Erratic; 60], &past, &OrderUpTo { weeks: 24..end, ..policy(1) }).all
        };
        assert_eq!(until(&panel, 30), until(&changed, 30));
        assert_ne!(until(&panel, 31), until(&changed, 31));
        assert_eq!(until(&panel, 40), until(&panel, 40));
    }

    #[test]
    fn lost_demand_is_gone_and_backordered_demand_waits() {
        let (cycle, coming) = (Outcome::default(), vec![0, 5, 0]);
        let mut shelf = ProductStock { on_hand: 3, backordered: 0, coming, is_served: true, cycle };
        shelf.sell(7, UnmetDemand::Backordered);
        assert_eq!((shelf.on_hand, shelf.backordered, shelf.is_served), (0, 4, false));
        shelf.receive();
        shelf.receive();
        assert_eq!((shelf.on_hand, shelf.backordered), (1, 0));
        assert_eq!(shelf.end_week(true).served, 0);
        shelf.sell(2, UnmetDemand::Lost);
        assert_eq!(shelf.backordered, 0);
    }
}
