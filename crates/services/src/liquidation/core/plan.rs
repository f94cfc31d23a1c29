//! A plan without its lines.

use entity::prelude::*;

use super::{action::Recovery, line::PlanLine};

/// A plan as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub id: LiquidationPlanId,
    pub state: LiquidationPlanState,
    /// Ascending; empty for all stores.
    pub stores: Vec<StoreId>,
    pub business_date: i32,
    pub made_at: Timestamp,
    /// The last event before its facts were read.
    pub seq: i64,
    pub forecast_week: Option<i32>,
    pub currency: Currency,
    pub line_count: i64,
    /// Proposals beyond the maximum lines of a plan.
    pub left_out: i64,
    /// Sums of its lines.
    pub expected: Recovery,
    pub value_minor: i64,
    pub actor: Actor,
    pub version: i64,
    pub updated_at: Timestamp,
    /// The member in whose name a job advances the plan each night. None: only calls advance it.
    pub advanced_by: Option<MemberId>,
}

/// Returns the total cost of the units of lines, in minor units.
pub fn total_cost<'a>(lines: impl IntoIterator<Item = &'a PlanLine>) -> i64 {
    lines.into_iter().filter_map(|line| line.figures.value_minor).fold(0, i64::saturating_add)
}

/// Returns the total expected recovery of lines. Bounds of parts do not add up to the bounds of the
/// sum: these are the outermost.
pub fn sum<'a>(lines: impl IntoIterator<Item = &'a PlanLine>) -> Recovery {
    lines.into_iter().fold(Recovery::default(), |sum, line| sum.plus(line.expected))
}
