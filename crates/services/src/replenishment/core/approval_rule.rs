//! Automatic approval of lines of the nightly plan by a tenant's rule.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;
use platform::stages::{Stage, Staged};
use serde::{Deserialize, Serialize};

use super::{
    line::{LineKind, LineState, PlanLine},
    purchase_budget::AvailableBudget,
};

/// Parts of a share: a confidence of 0.8 is 8,000.
pub const CONFIDENCE_SCALE: f64 = 10_000.0;

/// Maximum costs of purchases that are approved without review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Maximum cost of a plan; there is one a night.
    pub plan: Money,
    /// Maximum cost of one supplier in the plan.
    pub supplier: Money,
}

/// A tenant's rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRule {
    pub is_on: bool,
    /// None: purchases are not approved by the rule.
    pub limits: Option<Limits>,
    pub transfers: bool,
    /// Least data quality of the forecast, in parts.
    pub confidence: i32,
    /// The member in whose name orders are also sent. None: orders stay drafts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<MemberId>,
}

/// Reasons to refuse a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleProblem {
    /// Confidence is a share.
    Confidence,
    /// Only one of the two amounts is given: the name of the missing one.
    AmountNeeded(&'static str),
    /// An amount is not above 0: its name.
    Amount(&'static str),
    Currencies,
    /// The rule would never approve anything.
    Idle,
}

impl Staged for RuleProblem {
    fn stage(&self) -> Stage {
        match self {
            Self::AmountNeeded(_) => Stage::Shape,
            Self::Confidence | Self::Amount(_) | Self::Currencies | Self::Idle => Stage::Value,
        }
    }
}

impl ApprovalRule {
    /// Builds a valid rule; `plan` and `supplier` are both given, or neither.
    ///
    /// # Errors
    /// All problems of the rule.
    pub fn new(
        is_on: bool,
        (plan, supplier): (Option<Money>, Option<Money>),
        transfers: bool,
        confidence: f64,
    ) -> Result<Self, Vec<RuleProblem>> {
        let mut problems = Vec::new();
        for (amount, other, name) in [(plan, supplier, "planAmount"), (supplier, plan, "supplierAmount")] {
            match amount {
                None if other.is_some() => problems.push(RuleProblem::AmountNeeded(name)),
                Some(amount) if amount.minor <= 0 => problems.push(RuleProblem::Amount(name)),
                _ => {}
            }
        }
        let limits = plan.zip(supplier).map(|(plan, supplier)| Limits { plan, supplier });
        if limits.is_some_and(|limits| limits.plan.currency != limits.supplier.currency) {
            problems.push(RuleProblem::Currencies);
        }
        if !(0.0..=1.0).contains(&confidence) {
            problems.push(RuleProblem::Confidence);
        }
        if is_on && plan.is_none() && supplier.is_none() && !transfers {
            problems.push(RuleProblem::Idle);
        }
        let confidence = (confidence * CONFIDENCE_SCALE).round() as i32;
        if problems.is_empty() { Ok(Self { is_on, limits, transfers, confidence, sender: None }) } else { Err(problems) }
    }

    /// Whether a line may be approved at all, regardless of its cost: it follows from an explicit
    /// policy, and its forecast rests on good data.
    fn fits(&self, line: &PlanLine) -> bool {
        let confidence = line.figures.confidence.map(|share| (share * CONFIDENCE_SCALE).round());
        line.state == LineState::Open
            && line.policy.is_some()
            && confidence.is_some_and(|parts| parts >= f64::from(self.confidence))
    }

    /// The lines that the rule approves. An order that exceeds the supplier's amount waits as a
    /// whole, and so does one that does not fit into the rest of the plan's amount after more
    /// urgent ones, or into the rest of one of its budgets. `known_suppliers` are suppliers with
    /// earlier orders: a first order needs a person. Purchases wait if a budget is in another
    /// currency than the amounts.
    pub fn lines_to_approve(
        &self,
        lines: &[PlanLine],
        known_suppliers: &BTreeSet<SupplierId>,
        available: &[AvailableBudget],
    ) -> BTreeSet<ReplenishmentLineId> {
        let mut approved_ids = BTreeSet::new();
        if !self.is_on {
            return approved_ids;
        }
        if self.transfers {
            let transfer_lines = lines.iter().filter(|line| matches!(line.kind, LineKind::Transfer { .. }) && self.fits(line));
            approved_ids.extend(transfer_lines.map(|line| line.id));
        }
        let is_counted = |limits: &Limits| available.iter().all(|one_budget| one_budget.left.currency == limits.plan.currency);
        let Some(limits) = self.limits.filter(is_counted) else { return approved_ids };
        let mut remaining = limits.plan.minor;
        let mut budgets_left: Vec<i64> = available.iter().map(|one_budget| one_budget.left.minor).collect();
        for (sum, order) in self.orders(lines, limits.plan.currency, known_suppliers) {
            let Some(sum) = sum.filter(|sum| *sum <= limits.supplier.minor && *sum <= remaining) else { continue };
            let budget_costs: Vec<i64> = available.iter().map(|one_budget| one_budget.covered_cost(&order)).collect();
            if budget_costs.iter().zip(&budgets_left).any(|(budget_costs, remaining)| budget_costs > remaining) {
                continue;
            }
            remaining -= sum;
            for (remaining, budget_costs) in budgets_left.iter_mut().zip(budget_costs) {
                *remaining -= budget_costs;
            }
            approved_ids.extend(order.iter().map(|line| line.id));
        }
        approved_ids
    }

    /// Returns the purchases of each supplier, with their cost; None if it overflows. The most
    /// urgent order comes first.
    fn orders<'l>(
        &self,
        lines: &'l [PlanLine],
        currency: Currency,
        known_suppliers: &BTreeSet<SupplierId>,
    ) -> Vec<(Option<i64>, Vec<&'l PlanLine>)> {
        let mut orders: Vec<(Option<i64>, Vec<&PlanLine>)> = Vec::new();
        let mut indexes: BTreeMap<SupplierId, usize> = BTreeMap::new();
        for line in lines.iter().filter(|line| self.fits(line)) {
            let Some(supplier) = line.kind.supplier().filter(|supplier| known_suppliers.contains(supplier)) else { continue };
            let Some(cost) = line.cost.filter(|cost| cost.currency == currency) else { continue };
            let index = *indexes.entry(supplier).or_insert_with(|| {
                orders.push((Some(0), Vec::new()));
                orders.len() - 1
            });
            let (sum, order) = &mut orders[index];
            *sum = sum.and_then(|sum| sum.checked_add(cost.minor));
            order.push(line);
        }
        orders
    }
}
