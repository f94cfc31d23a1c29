//! The tables of replenishment, and the facts that plans are computed from.

mod approval_rule;
mod facts;
mod kits;
mod line_list;
pub mod line_tests;
mod lines;
mod plan_sort;
mod plans;
mod policies;
mod policy_list;
mod purchase_budget;
mod scores;
mod terms;

pub use approval_rule::{
    StoredRule, change_rule, costs_today, known_suppliers, mark_processed, nightly_since, rule, tenants_with_rule,
};
pub use facts::{
    ProductFacts, StoreUnits, SupplierFacts, backordered_units, catalogue, drafted_units, levels, liquidated_levels,
    outgoing_draft_units, stores, suppliers, turnovers,
};
pub use kits::{ComponentUse, components_in_kits};
pub use line_list::{LINES, LineFilter, LineSort, LinesSorted, lines_source, products_of};
pub use lines::{change_lines, insert_lines, line_page, lines_of, purchase_sums};
pub use plan_sort::{PlanSort, PlansSorted, SortedPlan};
pub use plans::{
    PLANS, PlanFilter, change_plan, delete_plans, has_nightly, insert_plan, lock_plan, plan, plan_page, plans_source,
    settle_executed, supersede,
};
pub use policies::{
    count_policies, find_scope_objects, insert_policy, lock_policy, policies, policy, policy_of_scope, policy_page,
    remove_policy, update_policy,
};
pub use policy_list::{PoliciesSorted, PolicyFilter, PolicySort, policy_source};
pub use purchase_budget::{
    BudgetMembers, StoredBudget, Sums, budget, budget_of, categories_of, change_budget, committed_between, committed_of,
    is_merged, members, scope_budgets, scope_exists,
};
pub use scores::{LineOutcome, OutcomeSum, due_scores, find_unscored_plans, outcome_sums, plan_scores, write_scores};
pub use terms::{CurrentLine, current_lines, open_lines, terms};
