//! A plan without its lines.

use std::collections::BTreeMap;

use entity::prelude::*;
use serde::Serialize;

use super::line::{LineKind, LineState, PlanLine};

/// Scope of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct PlanScope {
    /// Ascending; empty for all stores.
    pub stores: Vec<StoreId>,
    /// Only purchases from this supplier; None for all lines.
    pub supplier: Option<SupplierId>,
}

impl PlanScope {
    /// The scope as text: a newer plan with the same text supersedes an open one.
    pub fn text(&self) -> String {
        let stores = self.stores.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        format!("{stores}/{}", self.supplier.map(|id| id.to_string()).unwrap_or_default())
    }
    /// Whether the plan is for all stores and suppliers.
    pub fn covers_all(&self) -> bool {
        self.stores.is_empty() && self.supplier.is_none()
    }
}

/// A plan as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub id: ReplenishmentPlanId,
    pub state: ReplenishmentPlanState,
    pub scope: PlanScope,
    pub business_date: i32,
    pub is_nightly: bool,
    pub made_at: Timestamp,
    /// The last event before its facts were read.
    pub seq: i64,
    pub forecast_week: Option<i32>,
    pub budget: Option<Money>,
    pub line_count: i64,
    pub cut_count: i64,
    pub left_out: i64,
    /// Sums of purchases that are neither cut nor refused, one a currency.
    pub costs: Vec<Money>,
    pub actor: Actor,
    pub version: i64,
    pub updated_at: Timestamp,
}

/// Returns the number of lines that are cut.
pub fn cut_count(lines: &[PlanLine]) -> i64 {
    lines.iter().filter(|line| matches!(line.state, LineState::Cut(_))).count() as i64
}

/// Returns the cost of purchases that are neither cut nor refused, one sum for each currency. An
/// amount that would overflow its sum is left out.
pub fn sums(lines: &[PlanLine]) -> Vec<Money> {
    let mut sums: BTreeMap<String, Money> = BTreeMap::new();
    let is_bought = |line: &&PlanLine| {
        matches!(line.kind, LineKind::Purchase { .. }) && !matches!(line.state, LineState::Cut(_) | LineState::Refused(_))
    };
    for cost in lines.iter().filter(is_bought).filter_map(|line| line.cost) {
        let sum = sums.entry(cost.currency.to_string()).or_insert_with(|| Money::zero(cost.currency));
        *sum = sum.checked_add(cost).unwrap_or(*sum);
    }
    sums.into_values().collect()
}
