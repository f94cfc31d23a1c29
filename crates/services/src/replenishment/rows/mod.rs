//! The tables of replenishment, and the facts that plans are made of.

mod facts;
mod lines;
mod plans;
mod policies;

pub use facts::{ProductFacts, StoreUnits, catalogue, drafted, leads, leaving, levels, owed, stores, turnovers};
pub use lines::{LINES, LineFilter, change_lines, insert_lines, line_keys, line_page, lines_of, lines_source};
pub use plans::{
    PLANS, change_plan, forget_plans, has_nightly, insert_plan, lock_plan, plan, plan_keys, plan_page, plans_source,
    settle_executed, supersede,
};
pub use policies::{
    POLICIES, count_policies, insert_policy, lock_policy, missing, policies, policy, policy_keys, policy_of_scope, policy_page,
    policy_source, remove_policy, update_policy,
};
