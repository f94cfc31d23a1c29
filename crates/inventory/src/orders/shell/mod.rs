//! Orders: the callers' input, and its conversion into commands; and the sourcing of a tenant's
//! orders.

mod act;
mod create;
mod detail;
mod edit;
mod fulfil;
mod hold_rules;
mod holds;
mod input;
mod ownership;
mod reverse;
mod sourced;
mod sourcing;

pub use act::{order_cancel, order_close, order_confirm, order_reopen};
pub use create::{order_create, order_place};
pub use detail::OrderDetailFields;
pub use edit::{OrderUpdate, order_update};
pub use fulfil::order_fulfil;
pub use hold_rules::{HoldRuleArchive, HoldRuleUpsert, RuleRefusal, RuleStop, hold_rule_archive, hold_rule_upsert, hold_rules};
pub use holds::{OrderHoldLift, OrderHoldSet, order_hold_lift, order_hold_set};
pub use input::{
    ImmediatePayment, LineQuantity, MAX_LINES, MAX_METHOD_LENGTH, MAX_SOURCED_LINES, NewOrderLine, NewOrderStatus, OrderAct,
    OrderCreate, OrderFulfil,
};
pub use reverse::sale_reverse;
pub(crate) use sourced::Search;
pub use sourcing::{SourcingRefusal, SourcingResult, SourcingSet, set_sourcing};

pub use crate::orders::core::{CancelLine, SetLine, SourcingOptions};
