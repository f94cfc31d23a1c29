//! What purchases of a period may cost, and what of that is left.

use entity::prelude::*;
use platform::calendar::{first_of, months};
use serde::{Deserialize, Serialize};

use crate::demand::core::week_of;

/// What an amount is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BudgetPeriod {
    /// Each plan has the whole amount.
    Plan,
    Week,
    Month,
}

impl BudgetPeriod {
    /// The first day of the period that a day is in, and that of the next one. None of plans.
    pub const fn days(self, day: i32) -> Option<(i32, i32)> {
        match self {
            Self::Plan => None,
            Self::Week => Some((week_of(day), week_of(day) + 7)),
            Self::Month => Some((first_of(months(day)), first_of(months(day) + 1))),
        }
    }
}

/// What purchases of a period may cost, without charges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    pub period: BudgetPeriod,
    pub amount: Money,
}

impl Budget {
    /// What is left beside what orders take, in minor units; 0 where they take more.
    pub fn left(self, committed: i64) -> Money {
        Money::new(self.amount.minor.saturating_sub(committed).max(0), self.amount.currency)
    }
}

/// The lower of what a plan is given and of what is left. A plan that is given money of another currency has that.
pub fn lower(given: Option<Money>, left: Option<Money>) -> Option<Money> {
    match (given, left) {
        (Some(given), Some(left)) if given.currency == left.currency && left.minor < given.minor => Some(left),
        _ => given.or(left),
    }
}
