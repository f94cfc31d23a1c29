//! Policies, needs of products in their stores, and states of plan lines. No database, no clock.

mod approval_rule;
mod approve;
mod cut;
mod line_figures;
mod freight;
mod budget_allocation;
mod headroom;
mod kits;
mod line;
mod minimum;
mod plan;
mod well_stocked;
mod policy;
mod policy_fields;
mod product;
mod promise;
mod propose;
mod proposed_line;
mod purchase;
mod purchase_budget;
mod reason;
mod risk;
mod score;
mod target;
mod terms;
mod calendar_reason;
mod weekdays;

pub use approval_rule::{ApprovalRule, CONFIDENCE_SCALE, Limits, RuleProblem};
pub use approve::{Choice, Claims, CurrentLevel, approve, state_of};
pub use budget_allocation::{OverBudgetLine, cut_over_budget, lines_over_budget};
pub use headroom::Headroom;
pub use kits::KitUse;
pub use line::{Document, LineKind, LineState, PlanLine, sort_by_urgency};
pub use line_figures::LineFigures;
pub use minimum::fit_purchases;
pub use plan::{Plan, PlanScope, cut_count, sums};
pub use policy::{Policies, Policy, PolicyScope, Rule, SERVICE_SCALE};
pub use policy_fields::{PolicyFields, PolicyProblem};
pub use product::{Basis, Classes, Demand, KitShare, LeadTimes, LevelState, MAX_LEAD_DAYS, OpenLine, ProductState};
pub use propose::plan_product;
pub use purchase_budget::{AvailableBudget, Budget, BudgetPeriod, BudgetScope, Exceeded, apply_plan_budget, lower_amount};
pub use reason::{Reason, ReasonCode};
pub use score::{LevelRecord, LineScore, NAIVE_DAYS, PlanScore, due_on, score_on};
pub use terms::{CancelTerms, Terms, TransferCost, freight_of};

#[cfg(test)]
mod tests;
