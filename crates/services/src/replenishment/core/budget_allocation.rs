//! Allocation of budgets: the purchases with the highest margin for their cost come first.

use entity::prelude::*;

use super::{
    line::{LineKind, LineState, PlanLine},
    purchase_budget::{AvailableBudget, Exceeded},
};

/// A line that does not fit into a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverBudgetLine {
    pub index: usize,
    pub issue: ReplenishmentIssue,
    /// The first of its budgets that it does not fit into.
    pub exceeded: Exceeded,
}

/// Cuts open purchases that do not fit into their budgets.
pub fn within_budgets(lines: &mut [PlanLine], available: &[AvailableBudget]) {
    for one in lines_over_budget(lines, available) {
        lines[one.index].state = LineState::Cut(one.issue);
    }
}

/// Open purchases that do not fit into one of their budgets, and the reason: a line takes its cost
/// from each of its budgets, or from none. Lines are taken by expected margin at risk per unit of
/// money, then by urgency; a line that does not fit is skipped, and smaller ones may still fit.
/// Transfers cost nothing. Purchases in another currency or without a known price do not fit: the
/// budget cannot count them.
pub fn lines_over_budget(lines: &[PlanLine], available: &[AvailableBudget]) -> Vec<OverBudgetLine> {
    let mut left: Vec<i64> = available.iter().map(|one_budget| one_budget.left.minor).collect();
    let mut beyond = Vec::new();
    for index in by_worth(lines) {
        let line = &lines[index];
        let held: Vec<usize> = (0..available.len()).filter(|place| available[*place].covers(line)).collect();
        let is_counted = |place: usize| line.cost.is_some_and(|cost| cost.currency == available[place].left.currency);
        let cost = line.cost.map_or(0, |cost| cost.minor);
        let uncounted = held.iter().copied().find(|place| !is_counted(*place));
        let exceeded = held.iter().copied().find(|place| cost > left[*place]);
        match (uncounted, exceeded) {
            (Some(place), _) => beyond.push((index, ReplenishmentIssue::OtherCurrency, place)),
            (None, Some(place)) => beyond.push((index, ReplenishmentIssue::OverBudget, place)),
            (None, None) => {
                for place in held {
                    left[place] -= cost;
                }
            }
        }
    }
    let left_of = |place: usize| Money::new(left[place], available[place].left.currency);
    let of = |(index, issue, place): (usize, ReplenishmentIssue, usize)| OverBudgetLine {
        index,
        issue,
        exceeded: Exceeded { scope: available[place].scope, left: left_of(place) },
    };
    beyond.into_iter().map(of).collect()
}

/// Indices of open purchases, those that save most per unit of money first.
fn by_worth(lines: &[PlanLine]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..lines.len())
        .filter(|index| matches!(lines[*index].kind, LineKind::Purchase { .. }) && lines[*index].state == LineState::Open)
        .collect();
    let worth = |line: &PlanLine| {
        let minor = line.cost.map_or(0, |cost| cost.minor);
        if minor > 0 { line.margin as f64 / minor as f64 } else { f64::INFINITY }
    };
    order.sort_by(|one, other| {
        let (one_line, other_line) = (&lines[*one], &lines[*other]);
        let days = |line: &PlanLine| line.urgency_days.unwrap_or(i32::MAX);
        let by_worth = worth(other_line).total_cmp(&worth(one_line));
        by_worth.then_with(|| days(one_line).cmp(&days(other_line))).then_with(|| one.cmp(other))
    });
    order
}
