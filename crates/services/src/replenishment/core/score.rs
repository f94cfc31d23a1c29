//! Result of a proposal, once the time that its point covers has passed.

use entity::prelude::*;
use forecast::reorder::whole_units;

use super::line_figures::LineFigures;
use crate::demand::core::{Span, is_in_stock};

/// Days of sales before a plan from which a naive policy orders.
pub const NAIVE_DAYS: i32 = 28;

/// Outcome of a proposal, and the level's figures until the day on which it is scored: that of its delivery, or of the delivery of
/// the next review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineScore {
    pub outcome: ReplenishmentOutcome,
    /// Units wanted from the day of the plan until the day before that.
    pub demand: i64,
    /// The same, with an estimate for the days that closed without stock: their demand is not known. None for lines that were
    /// scored before this field existed.
    pub estimated_demand: Option<i64>,
    /// Whether the estimated demand did not exceed the proposal's reorder point less its undershoot,
    /// rounded up: the mean position at the time of an order.
    pub is_within: bool,
    /// Days of these that closed without stock.
    pub out_days: i32,
    /// Units available at the time of the score; negative if more is promised than in stock.
    pub left: i64,
    /// Available units above the target, if the proposal was accepted or changed.
    pub excess: i64,
    /// The reorder point of a naive policy: the sales of the last four weeks before the plan,
    /// scaled to the time that the proposal's point covers. None for lines that were scored before this field existed.
    pub naive_point: Option<i64>,
    /// The promised share of order cycles without running out, in millionths; None where none is promised.
    pub promised_millionths: Option<i32>,
}

/// Result of a plan whose lines are all scored: its lines, and those whose demand did not exceed
/// the proposal's point, or a naive policy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanScore {
    pub plan: ReplenishmentPlanId,
    pub lines: i64,
    pub within: i64,
    pub naive_within: i64,
}

/// Figures of a level since a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ActualFigures {
    pub demand: i64,
    pub out_days: i32,
    pub left: i64,
    /// Sold on the `NAIVE_DAYS` before the plan.
    pub sold_before: i64,
    /// The part of `demand` of days whose demand is known, and the days whose demand is not.
    pub known_demand: i64,
    pub unknown_days: i32,
    /// Units of all known days from `NAIVE_DAYS` before the plan on, and their number.
    pub usual_units: i64,
    pub usual_days: i32,
}

/// Demand of a level by day, and its spans with and without stock, in order.
#[derive(Debug, Clone, Copy)]
pub struct LevelRecord<'a> {
    pub days: &'a [(i32, i64)],
    pub spans: &'a [Span],
    /// False for a product that can be sold without stock.
    pub needs_stock: bool,
}

impl LevelRecord<'_> {
    /// Whether all that was wanted on a day could be ordered: it closed with stock, or was the one on which the product ran out.
    fn is_known(&self, day: i32) -> bool {
        !self.needs_stock
            || self.spans.is_empty()
            || is_in_stock(self.spans, day) == Some(true)
            || is_in_stock(self.spans, day - 1) == Some(true)
    }

    /// Returns the figures from the day of a plan until the day before another.
    pub fn figures(&self, (plan, until): (i32, i32), left: i64) -> ActualFigures {
        let mut figures = ActualFigures { left, ..ActualFigures::default() };
        let mut days = self.days.iter().skip_while(|(day, _)| *day < plan - NAIVE_DAYS).peekable();
        for today in plan - NAIVE_DAYS..until {
            let mut units = 0_i64;
            while let Some((_, sold)) = days.next_if(|(day, _)| *day == today) {
                units = units.saturating_add(*sold);
            }
            let is_known = self.is_known(today);
            if is_known {
                figures.usual_units = figures.usual_units.saturating_add(units);
                figures.usual_days += 1;
            }
            if today < plan {
                figures.sold_before = figures.sold_before.saturating_add(units);
                continue;
            }
            figures.demand = figures.demand.saturating_add(units);
            figures.out_days += i32::from(is_in_stock(self.spans, today) == Some(false));
            if is_known {
                figures.known_demand = figures.known_demand.saturating_add(units);
            } else {
                figures.unknown_days += 1;
            }
        }
        figures
    }
}

impl ActualFigures {
    /// The demand, if days that are not known had asked for as much as the others from four weeks before the plan on, or as `usual` a day if no day is
    /// known; for no less than was ordered on them all the same.
    fn estimated_demand(&self, usual: f64) -> i64 {
        let observed = self.demand.saturating_sub(self.known_demand);
        let daily = if self.usual_days == 0 { usual } else { self.usual_units as f64 / f64::from(self.usual_days) };
        self.known_demand.saturating_add(observed.max(whole_units(daily * f64::from(self.unknown_days))))
    }
}

impl LineScore {
    /// `ordered_units` are the units of the proposal's draft, 0 if it was cancelled; None without a
    /// draft.
    pub fn of(quantity: i64, figures: &LineFigures, ordered_units: Option<i64>, happened: ActualFigures) -> Self {
        let outcome = match ordered_units {
            None | Some(0) => ReplenishmentOutcome::Refused,
            Some(units) if units == quantity => ReplenishmentOutcome::Accepted,
            Some(_) => ReplenishmentOutcome::Changed,
        };
        let above = happened.left.saturating_sub(figures.up_to).max(0);
        let estimated_demand = happened.estimated_demand(figures.lead_demand / figures.lead_days.max(1.0));
        Self {
            outcome,
            demand: happened.demand,
            estimated_demand: Some(estimated_demand),
            is_within: estimated_demand <= whole_units(figures.exact_point - figures.undershoot.unwrap_or_default()),
            out_days: happened.out_days,
            left: happened.left,
            excess: if outcome == ReplenishmentOutcome::Refused { 0 } else { above },
            naive_point: Some(naive_point(happened.sold_before, figures.covered_days())),
            promised_millionths: figures.promised_cycles(),
        }
    }
    /// Whether the demand did not exceed the reorder point of a naive policy.
    pub fn is_naive_within(&self) -> Option<bool> {
        self.naive_point.map(|point| self.estimated_demand.unwrap_or(self.demand) <= point)
    }
}

/// Units for some days at the pace of the last four weeks, rounded up.
fn naive_point(sold: i64, days: f64) -> i64 {
    whole_units(sold as f64 / f64::from(NAIVE_DAYS) * days)
}

/// The day on which the delivery of an order of `business_date` is due: the proposal could not
/// influence the days before it.
pub fn due_on(business_date: i32, lead_days: f64) -> i32 {
    business_date.saturating_add((lead_days.ceil() as i32).max(1))
}

/// The day before which a proposal of `business_date` must have lasted: that of its delivery, and between reviews that of
/// the next review's.
pub fn score_on(business_date: i32, figures: &LineFigures) -> i32 {
    due_on(business_date, figures.lead_days).saturating_add(figures.review_days.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> LineFigures {
        LineFigures {
            rule: ReplenishmentPolicyKind::ReorderPoint,
            service: Some(0.95),
            method: None,
            available: 18,
            incoming: 0,
            in_transit: 0,
            owed: 0,
            drafted: 0,
            position: 18,
            surplus: None,
            giver_free: None,
            freight: None,
            saving: None,
            lead_days: 21.0,
            review_days: None,
            weekly: 11.126,
            lead_demand: 33.379,
            undershoot: None,
            exact_point: 76.61,
            exact_up_to: 76.61,
            point: 77,
            up_to: 77,
            moved: 0,
            needed: 59,
            after_break: 59,
            at_risk: 20.0,
            stockout: None,
            overstock: None,
            class: None,
            known_weeks: None,
            confidence: None,
        }
    }

    const PLAN: i32 = 20_716;

    /// Four weeks of four a day, then these days until the delivery is due in three weeks. It ran out on a day of these three weeks, and stays so.
    fn record(sold: &[(i32, i64)], out_since: Option<i32>) -> (Vec<(i32, i64)>, Vec<Span>) {
        let before = (PLAN - NAIVE_DAYS..PLAN).map(|day| (day, 4));
        let days = before.chain(sold.iter().map(|(day, units)| (PLAN + day, *units))).collect();
        let in_stock = Span { from: PLAN - 100, to: out_since.map(|day| PLAN + day - 1), state: SpanState::InStock };
        let out = out_since.map(|day| Span { from: PLAN + day, to: None, state: SpanState::Out });
        (days, std::iter::once(in_stock).chain(out).collect())
    }

    #[test]
    fn days_without_stock_would_have_asked_for_as_much_as_others() {
        // The point lasts for 77, and the naive one for 84.
        let score = |(days, spans): (Vec<(i32, i64)>, Vec<Span>), needs_stock: bool| {
            let record = LevelRecord { days: &days, spans: &spans, needs_stock };
            let score = LineScore::of(60, &figures(), None, record.figures((PLAN, PLAN + 21), 0));
            (score.demand, score.estimated_demand.unwrap(), score.out_days, score.is_within, score.is_naive_within().unwrap())
        };
        let daily = |days: i32, units: i64| (0..days).map(|day| (day, units)).collect::<Vec<_>>();
        assert_eq!(score(record(&daily(21, 3), None), true), (63, 63, 0, true, true));
        // Four a day in 28 days, three in eleven and on the one on which it ran out: nine more days ask for 33.3.
        assert_eq!(score(record(&daily(12, 3), Some(11)), true), (36, 70, 10, true, true));
        assert_eq!(score(record(&daily(12, 5), Some(11)), true), (60, 99, 10, false, false));
        assert_eq!(score(record(&daily(12, 5), Some(11)), false), (60, 60, 10, true, true), "who wanted it has ordered it");
        // All of it was sold on the first day: that is no pace of its own.
        assert_eq!(score(record(&[(0, 50)], Some(0)), true), (50, 162, 21, false, false));
        // Other stores have sent what was ordered while this one had none: no less was wanted.
        assert_eq!(score(record(&daily(21, 9), Some(-5)), true), (189, 189, 21, false, false));
        assert_eq!(score(record(&[], Some(-5)), true), (0, 84, 21, false, true), "four a day, while it was there");
        // Nothing is known: the forecast's own mean, 33.379, counts.
        let never = (Vec::new(), vec![Span { from: PLAN - 100, to: None, state: SpanState::Out }]);
        assert_eq!(score(never, true), (0, 34, 21, true, false));
        assert_eq!(score((vec![(PLAN + 2, 5)], Vec::new()), true), (5, 5, 0, true, false), "a service has no stock");
        assert_eq!(score((vec![(PLAN + 2, -3)], Vec::new()), true), (-3, -3, 0, true, true), "more was taken back");
    }

    #[test]
    fn what_a_draft_became_is_the_outcome() {
        use ReplenishmentOutcome::{Accepted, Changed, Refused};
        let of = |taken| {
            LineScore::of(
                60,
                &figures(),
                taken,
                ActualFigures { demand: 77, known_demand: 77, left: 80, sold_before: 40, ..ActualFigures::default() },
            )
        };
        let outcomes = [None, Some(0), Some(60), Some(48)].map(|taken| of(taken).outcome);
        assert_eq!(outcomes, [Refused, Refused, Accepted, Changed]);
        assert_eq!((of(Some(60)).excess, of(None).excess), (3, 0), "who refused it has no excess of it");
        assert!(of(None).is_within && of(None).demand == 77);
        // 40 in four weeks are 30 in three, of 77.
        assert_eq!((of(None).naive_point, of(None).is_naive_within()), (Some(30), Some(false)));
        assert_eq!([naive_point(-3, 7.0), naive_point(28, 1.0), naive_point(10, 6.0)], [0, 1, 3]);
    }

    #[test]
    fn one_unit_above_the_point_was_too_many() {
        let score = LineScore::of(
            60,
            &figures(),
            Some(60),
            ActualFigures { demand: 78, known_demand: 78, left: -1, sold_before: 104, ..ActualFigures::default() },
        );
        assert_eq!((score.is_within, score.excess, score.left), (false, 0, -1));
        // 104 in four weeks are 78 in three.
        assert_eq!((score.naive_point, score.is_naive_within()), (Some(78), Some(true)));
        // A point that is passed by five on average has to last for 72.
        let within = |demand: i64| {
            let figures = LineFigures { undershoot: Some(5.0), ..figures() };
            LineScore::of(60, &figures, None, ActualFigures { demand, known_demand: demand, ..ActualFigures::default() })
                .is_within
        };
        assert_eq!([within(72), within(73)], [true, false]);
    }

    #[test]
    fn between_reviews_a_point_lasts_until_the_next_delivery() {
        let weekly = LineFigures { rule: ReplenishmentPolicyKind::Periodic, review_days: Some(7), ..figures() };
        assert_eq!([score_on(100, &figures()), score_on(100, &weekly)], [121, 128]);
        let happened = ActualFigures { demand: 77, known_demand: 77, sold_before: 84, ..ActualFigures::default() };
        let naive = [figures(), weekly].map(|figures| LineScore::of(60, &figures, None, happened).naive_point);
        assert_eq!(naive, [Some(63), Some(84)], "three a day, for three weeks and for four");
    }

    #[test]
    fn a_share_of_units_is_no_share_of_cycles() {
        let promised = |service, method| {
            LineScore::of(60, &LineFigures { service, method, ..figures() }, None, ActualFigures::default()).promised_millionths
        };
        assert_eq!(promised(Some(0.95), Some(SafetyStockMethod::Normal)), Some(950_000));
        assert_eq!(promised(Some(0.95), None), Some(950_000), "as earlier versions wrote it");
        assert_eq!(promised(Some(0.95), Some(SafetyStockMethod::FillRate)), None);
        assert_eq!(promised(None, None), None, "of a maximum");
    }

    #[test]
    fn a_delivery_takes_a_day_at_least() {
        assert_eq!([due_on(100, 0.0), due_on(100, 0.2), due_on(100, 6.5), due_on(100, 21.0)], [101, 101, 107, 121]);
    }
}
