//! What purchases of a period may cost, and what of that is left.

use std::collections::BTreeSet;

use entity::prelude::*;
use platform::calendar::{first_of, months};
use serde::{Deserialize, Serialize};

use super::line::PlanLine;
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
    /// As one text, which no other scope has.
    pub fn text(self) -> String {
        match self {
            Self::Company => "company".to_owned(),
            Self::Supplier(id) => format!("supplier/{id}"),
            Self::Category(id) => format!("category/{id}"),
            Self::Store(id) => format!("store/{id}"),
        }
    }
}

/// What is left of a budget, and the lines that take of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailableBudget {
    pub scope: BudgetScope,
    pub left: Money,
    /// Of a category: its products among those of the lines.
    pub products: BTreeSet<ProductId>,
}

impl AvailableBudget {
    /// That of the company, of which each purchase takes.
    pub const fn company(left: Money) -> Self {
        Self { scope: BudgetScope::Company, left, products: BTreeSet::new() }
    }
    /// Whether a line takes of it, if it is a purchase.
    pub fn covers(&self, line: &PlanLine) -> bool {
        match self.scope {
            BudgetScope::Company => true,
            BudgetScope::Supplier(supplier) => line.kind.supplier() == Some(supplier),
            BudgetScope::Category(_) => self.products.contains(&line.product),
            BudgetScope::Store(store) => line.store == store,
        }
    }
    /// What purchases take of it together, in minor units.
    pub fn taken(&self, lines: &[&PlanLine]) -> i64 {
        let costs = lines.iter().filter(|line| self.covers(line)).filter_map(|line| line.cost);
        costs.fold(0, |sum, cost| sum.saturating_add(cost.minor))
    }
}

/// A budget that has no place for a line, and what is left of it beside the lines that it has a place for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exceeded {
    pub scope: BudgetScope,
    pub left: Money,
}

/// Gives a plan money of its own in the place of the company's budget, if that is not lower. What it has then.
pub fn give(available: &mut Vec<AvailableBudget>, given: Option<Money>) -> Option<Money> {
    let company = available.iter().position(|one_budget| one_budget.scope.is_company());
    let has = lower(given, company.map(|place| available.remove(place).left));
    available.extend(has.map(AvailableBudget::company));
    has
}

/// The lower of what a plan is given and of what is left. A plan that is given money of another currency has that.
pub fn lower(given: Option<Money>, left: Option<Money>) -> Option<Money> {
    match (given, left) {
        (Some(given), Some(left)) if given.currency == left.currency && left.minor < given.minor => Some(left),
        _ => given.or(left),
    }
}
