//! Budgets for purchases of a period, and their remaining amounts.

use std::collections::BTreeSet;

use entity::prelude::*;
use platform::calendar::{first_day_of_month, months};
use serde::{Deserialize, Serialize};

use super::line::PlanLine;
use crate::demand::core::week_of;

/// Period of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BudgetPeriod {
    /// Each plan may spend the whole amount.
    Plan,
    Week,
    Month,
}

impl BudgetPeriod {
    /// The first day of the period of a day, and that of the next period. None for budgets of
    /// plans.
    pub const fn days(self, day: i32) -> Option<(i32, i32)> {
        match self {
            Self::Plan => None,
            Self::Week => Some((week_of(day), week_of(day) + 7)),
            Self::Month => Some((first_day_of_month(months(day)), first_day_of_month(months(day) + 1))),
        }
    }
}

/// Maximum cost of a period's purchases, without charges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    pub period: BudgetPeriod,
    pub amount: Money,
}

impl Budget {
    /// Returns the amount left after orders of `committed`, in minor units; 0 if they exceed the
    /// budget.
    pub fn remaining_after(self, committed: i64) -> Money {
        Money::new(self.amount.minor.saturating_sub(committed).max(0), self.amount.currency)
    }
}

/// The purchases that a budget is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BudgetScope {
    #[default]
    Company,
    Supplier(SupplierId),
    /// With all categories below it.
    Category(CategoryId),
    Store(StoreId),
}

impl BudgetScope {
    pub const fn is_company(&self) -> bool {
        matches!(self, Self::Company)
    }
    /// The scope as text, unique for each scope.
    pub fn text(self) -> String {
        match self {
            Self::Company => "company".to_owned(),
            Self::Supplier(id) => format!("supplier/{id}"),
            Self::Category(id) => format!("category/{id}"),
            Self::Store(id) => format!("store/{id}"),
        }
    }
}

/// Amount left of a budget, and the lines that it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailableBudget {
    pub scope: BudgetScope,
    pub left: Money,
    /// For a category: its products among those of the lines.
    pub products: BTreeSet<ProductId>,
}

impl AvailableBudget {
    /// The company's budget, which covers every purchase.
    pub const fn company(left: Money) -> Self {
        Self { scope: BudgetScope::Company, left, products: BTreeSet::new() }
    }
    /// Whether the budget covers a line, if the line is a purchase.
    pub fn covers(&self, line: &PlanLine) -> bool {
        match self.scope {
            BudgetScope::Company => true,
            BudgetScope::Supplier(supplier) => line.kind.supplier() == Some(supplier),
            BudgetScope::Category(_) => self.products.contains(&line.product),
            BudgetScope::Store(store) => line.store == store,
        }
    }
    /// Returns the total cost of the purchases that it covers, in minor units.
    pub fn covered_cost(&self, lines: &[&PlanLine]) -> i64 {
        let costs = lines.iter().filter(|line| self.covers(line)).filter_map(|line| line.cost);
        costs.fold(0, |sum, cost| sum.saturating_add(cost.minor))
    }
}

/// A budget that a line does not fit into, and the rest of the budget after the lines that fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exceeded {
    pub scope: BudgetScope,
    pub left: Money,
}

/// Replaces the company's budget by a plan's own amount, unless the budget is lower. Returns the
/// resulting amount.
pub fn apply_plan_budget(available: &mut Vec<AvailableBudget>, plan_budget: Option<Money>) -> Option<Money> {
    let company = available.iter().position(|one_budget| one_budget.scope.is_company());
    let budget = lower_amount(plan_budget, company.map(|index| available.remove(index).left));
    available.extend(budget.map(AvailableBudget::company));
    budget
}

/// The lower of a plan's own amount and the rest of a budget. An own amount in another currency
/// takes precedence.
pub fn lower_amount(limit: Option<Money>, remaining: Option<Money>) -> Option<Money> {
    match (limit, remaining) {
        (Some(limit), Some(remaining)) if limit.currency == remaining.currency && remaining.minor < limit.minor => {
            Some(remaining)
        }
        _ => limit.or(remaining),
    }
}
