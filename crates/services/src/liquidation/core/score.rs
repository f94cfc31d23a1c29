//! How lines came true, once their last days are over.

use entity::prelude::*;

use super::action::Recovery;

/// Days after the last one of a line before it is scored: what is recorded late is in it then.
pub const SETTLED_DAYS: i32 = 7;

/// What a line brought until its last day, beside what was expected of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineScore {
    pub outcome: LiquidationOutcome,
    /// Minor units of the plan's currency.
    pub recovered: i64,
}

impl LineScore {
    pub const fn of(recovered: i64, expected: Recovery) -> Self {
        let outcome = if recovered < expected.low {
            LiquidationOutcome::Below
        } else if recovered > expected.high {
            LiquidationOutcome::Above
        } else {
            LiquidationOutcome::Within
        };
        Self { outcome, recovered }
    }
}

/// How a plan came true of which no approved line is left to be scored: its scored lines, and those outside of what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanScore {
    pub plan: LiquidationPlanId,
    pub lines: i64,
    pub below: i64,
    pub above: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_bounds_are_within() {
        use LiquidationOutcome::{Above, Below, Within};
        let expected = Recovery { low: 737, likely: 1_106, high: 1_474 };
        for (recovered, outcome) in
            [(-500, Below), (0, Below), (736, Below), (737, Within), (1_106, Within), (1_474, Within), (1_475, Above)]
        {
            assert_eq!(LineScore::of(recovered, expected), LineScore { outcome, recovered });
        }
        // A write-off is expected to bring nothing, and does.
        assert_eq!(LineScore::of(0, Recovery::default()).outcome, Within);
    }
}
