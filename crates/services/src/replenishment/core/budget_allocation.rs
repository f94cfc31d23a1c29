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
pub fn cut_over_budget(lines: &mut [PlanLine], available: &[AvailableBudget]) {
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
    let mut remaining: Vec<i64> = available.iter().map(|one_budget| one_budget.left.minor).collect();
    let mut exceeding = Vec::new();
    for index in indices_by_savings(lines) {
        let line = &lines[index];
        let covering_budgets: Vec<usize> = (0..available.len()).filter(|budget| available[*budget].covers(line)).collect();
        let is_counted = |budget: usize| line.cost.is_some_and(|cost| cost.currency == available[budget].left.currency);
        let cost = line.cost.map_or(0, |cost| cost.minor);
        let uncounted = covering_budgets.iter().copied().find(|budget| !is_counted(*budget));
        let exceeded = covering_budgets.iter().copied().find(|budget| cost > remaining[*budget]);
        match (uncounted, exceeded) {
            (Some(budget), _) => exceeding.push((index, ReplenishmentIssue::OtherCurrency, budget)),
            (None, Some(budget)) => exceeding.push((index, ReplenishmentIssue::OverBudget, budget)),
            (None, None) => {
                for budget in covering_budgets {
                    remaining[budget] -= cost;
                }
            }
        }
    }
    let left_of = |budget: usize| Money::new(remaining[budget], available[budget].left.currency);
    let over_budget_line = |(index, issue, budget): (usize, ReplenishmentIssue, usize)| OverBudgetLine {
        index,
        issue,
        exceeded: Exceeded { scope: available[budget].scope, left: left_of(budget) },
    };
    exceeding.into_iter().map(over_budget_line).collect()
}

/// Indices of open purchases, those that save most per unit of money first.
fn indices_by_savings(lines: &[PlanLine]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..lines.len())
        .filter(|index| matches!(lines[*index].kind, LineKind::Purchase { .. }) && lines[*index].state == LineState::Open)
        .collect();
    let margin_share = |line: &PlanLine| {
        let minor = line.cost.map_or(0, |cost| cost.minor);
        if minor > 0 { line.margin as f64 / minor as f64 } else { f64::INFINITY }
    };
    order.sort_by(|one, other| {
        let (one_line, other_line) = (&lines[*one], &lines[*other]);
        let days = |line: &PlanLine| line.urgency_days.unwrap_or(i32::MAX);
        let by_worth = margin_share(other_line).total_cmp(&margin_share(one_line));
        by_worth.then_with(|| days(one_line).cmp(&days(other_line))).then_with(|| one.cmp(other))
    });
    order
}
