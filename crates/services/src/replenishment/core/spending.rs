//! What a budget has a place for: what saves the most margin for its money first.

use entity::prelude::*;

use super::line::{LineKind, LineState, PlanLine};

/// Cuts open purchases that the budget has no place for.
pub fn within_budget(lines: &mut [PlanLine], budget: Money) {
    for (index, issue) in beyond_budget(lines, budget) {
        lines[index].state = LineState::Cut(issue);
    }
}

/// Indices of open purchases that the budget has no place for, and why. They are taken by expected margin at risk per unit of money, then by
/// urgency; a line that does not fit is passed over, and smaller ones may still. Transfers cost nothing. What is bought in another currency, or
/// whose price nobody knows, has no place: the budget cannot tell what it takes.
pub fn beyond_budget(lines: &[PlanLine], budget: Money) -> Vec<(usize, ReplenishmentIssue)> {
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
    let (mut left, mut beyond) = (budget.minor, Vec::new());
    for index in order {
        match lines[index].cost.filter(|cost| cost.currency == budget.currency) {
            None => beyond.push((index, ReplenishmentIssue::OtherCurrency)),
            Some(cost) if cost.minor > left => beyond.push((index, ReplenishmentIssue::OverBudget)),
            Some(cost) => left -= cost.minor,
        }
    }
    beyond
}
