//! Results of lines compared with their expectations, once their last days are over.

use entity::prelude::*;

use super::action::Recovery;

/// Days after the last day of a line before it is scored, so that late records are included.
pub const SETTLED_DAYS: i32 = 7;

/// Amount that a line recovered until its last day, compared with its expectation.
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

/// Result of a plan without approved lines left to score: its scored lines, and those below and
/// above their expectations.
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
        // A write-off without salvage.
        assert_eq!(LineScore::of(0, Recovery::default()).outcome, Within);
    }
}
