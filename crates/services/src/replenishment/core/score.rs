//! Result of a proposal, once its lead time has passed.

use entity::prelude::*;
use forecast::reorder::whole_units;

use super::line_figures::LineFigures;

/// Days of sales before a plan from which a naive policy orders.
pub const NAIVE_DAYS: i32 = 28;

/// Outcome of a proposal, and the level's figures until the day on which its delivery was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineScore {
    pub outcome: ReplenishmentOutcome,
    /// Units wanted from the day of the plan until the day before the delivery was due.
    pub demand: i64,
    /// Whether the demand did not exceed the proposal's reorder point less its undershoot, rounded
    /// up: the mean position at the time of an order.
    pub is_within: bool,
    /// Days of these that closed without stock.
    pub out_days: i32,
    /// Units available at the time of the score; negative if more is promised than in stock.
    pub left: i64,
    /// Available units above the target, if the proposal was accepted or changed.
    pub excess: i64,
    /// The reorder point of a naive policy: the sales of the last four weeks before the plan,
    /// scaled to the lead time. None for lines that were scored before this field existed.
    pub naive_point: Option<i64>,
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
        Self {
            outcome,
            demand: happened.demand,
            is_within: happened.demand <= whole_units(figures.exact_point - figures.undershoot.unwrap_or_default()),
            out_days: happened.out_days,
            left: happened.left,
            excess: if outcome == ReplenishmentOutcome::Refused { 0 } else { above },
            naive_point: Some(naive_point(happened.sold_before, figures.lead_days)),
        }
    }
    /// Whether the demand did not exceed the reorder point of a naive policy.
    pub fn is_naive_within(&self) -> Option<bool> {
        self.naive_point.map(|point| self.demand <= point)
    }
}

/// Units for the lead time at the pace of the last four weeks, rounded up.
fn naive_point(sold: i64, lead_days: f64) -> i64 {
    (sold.max(0) as f64 / f64::from(NAIVE_DAYS) * lead_days.max(1.0) - 1e-9).ceil() as i64
}

/// The day on which the delivery of an order of `business_date` is due: the proposal could not
/// influence the days before it.
pub fn due_on(business_date: i32, lead_days: f64) -> i32 {
    business_date.saturating_add((lead_days.ceil() as i32).max(1))
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

    #[test]
    fn what_a_draft_became_is_the_outcome() {
        use ReplenishmentOutcome::{Accepted, Changed, Refused};
        let of =
            |taken| LineScore::of(60, &figures(), taken, ActualFigures { demand: 77, out_days: 2, left: 80, sold_before: 40 });
        let outcomes = [None, Some(0), Some(60), Some(48)].map(|taken| of(taken).outcome);
        assert_eq!(outcomes, [Refused, Refused, Accepted, Changed]);
        assert_eq!((of(Some(60)).excess, of(None).excess), (3, 0), "who refused it has no excess of it");
        assert!(of(None).is_within && of(None).out_days == 2);
        // 40 in four weeks are 30 in three, of 77.
        assert_eq!((of(None).naive_point, of(None).is_naive_within()), (Some(30), Some(false)));
        assert_eq!([naive_point(-3, 7.0), naive_point(28, 0.0), naive_point(10, 6.0)], [0, 1, 3]);
    }

    #[test]
    fn one_unit_above_the_point_was_too_many() {
        let score =
            LineScore::of(60, &figures(), Some(60), ActualFigures { demand: 78, out_days: 0, left: -1, sold_before: 104 });
        assert_eq!((score.is_within, score.excess, score.left), (false, 0, -1));
        // 104 in four weeks are 78 in three.
        assert_eq!((score.naive_point, score.is_naive_within()), (Some(78), Some(true)));
        // A point that is passed by five on average has to last for 72.
        let within = |demand: i64| {
            let figures = LineFigures { undershoot: Some(5.0), ..figures() };
            LineScore::of(60, &figures, None, ActualFigures { demand, ..ActualFigures::default() }).is_within
        };
        assert_eq!([within(72), within(73)], [true, false]);
    }

    #[test]
    fn a_delivery_takes_a_day_at_least() {
        assert_eq!([due_on(100, 0.0), due_on(100, 0.2), due_on(100, 6.5), due_on(100, 21.0)], [101, 101, 107, 121]);
    }
}
