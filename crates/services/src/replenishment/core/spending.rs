//! What budgets have a place for: what saves the most margin for its money first.

use entity::prelude::*;

use super::{
    line::{LineKind, LineState, PlanLine},
    purchase_budget::{AvailableBudget, Exceeded},
};

/// A line that a budget has no place for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beyond {
    pub index: usize,
    pub issue: ReplenishmentIssue,
    /// The first of its budgets that has none.
    pub exceeded: Exceeded,
}

/// Cuts open purchases that budgets have no place for.
pub fn within_budgets(lines: &mut [PlanLine], available: &[AvailableBudget]) {
    for one in beyond_budgets(lines, available) {
        lines[one.index].state = LineState::Cut(one.issue);
    }
}

/// Open purchases that one of their budgets has no place for, and why: a line takes of each budget that it is of, or of none. They are taken by expected
/// margin at risk per unit of money, then by urgency; a line that does not fit is passed over, and smaller ones may still. Transfers cost nothing. What is
/// bought in another currency, or whose price nobody knows, has no place: the budget cannot tell what it takes.
pub fn beyond_budgets(lines: &[PlanLine], available: &[AvailableBudget]) -> Vec<Beyond> {
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
    let of = |(index, issue, place): (usize, ReplenishmentIssue, usize)| Beyond {
        index,
        issue,
        exceeded: Exceeded { scope: available[place].scope, left: left_of(place) },
    };
    beyond.into_iter().map(of).collect()
}

/// Indices of open purchases, what saves the most for its money first.
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
