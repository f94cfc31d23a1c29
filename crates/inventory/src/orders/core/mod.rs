//! The rules of orders: pure. Stock is moved through `stock::core`'s draft, so an order is accepted or refused whole.

mod act;
mod amounts;
mod cancel_lines;
mod command;
mod create;
mod detail;
mod edit;
mod edit_holds;
mod edit_lines;
mod elsewhere;
mod fill;
mod hint;
mod hold;
mod hold_rule;
pub mod holds;
mod kit;
mod leaving;
mod left_lots;
mod line;
mod needs;
mod order;
mod paid;
mod redraft;
mod refusal;
mod resource;
mod reverse;
mod rule_facts;
mod rule_fields;
mod share;
mod sourcing;
mod stated;
mod states;
mod tax_rate;

pub use crate::catalog::core::company::{Address, Contact};
pub use act::{
    Act, Confirm, Fulfil, LineQuantity, LotPart, decide_cancel, decide_close, decide_confirm, decide_expire, decide_fulfil,
    decide_reopen,
};
pub use amounts::{Amounts, Basis, Placed, Totals};
pub use cancel_lines::{CancelLine, CancelLines, decide_cancel_lines};
pub use command::OrderCommand;
pub use create::{Create, NewStatus, decide_create};
pub use detail::{DetailChange, DetailPatch, MAX_TAG_LENGTH, MAX_TAGS, OrderDetail, Personal, Resealed, Sealed};
pub use edit::{MAX_ORDER_LINES, Update, decide_update};
pub use edit_lines::SetLine;
pub use fill::{Fill, decide_fill};
pub use hint::Hint;
pub(crate) use hold_rule::apply_hold_rules;
pub use hold_rule::{HoldRule, MAX_RULES};
pub(crate) use kit::times as kit_times;
pub use kit::{Kits, Part};
pub use left_lots::{ShippedLot, sales_of, shipped_lots};
pub use line::{Line, LineItem, NewLine};
pub use needs::OrderNeeds;
pub(crate) use order::count;
pub use order::{BuyerFacts, By, Fulfilment, FulfilmentLine, Order, OrderBook, OrderDecision, OrderFact, StoreFacts};
pub use paid::Paid;
pub use redraft::{DraftChanges, DraftSourcing, DraftSourcingChange};
pub use refusal::{LineRefusal, Refusal};
pub use resource::{LineUnits, Reallocation, decide_reallocate};
pub use reverse::{
    ReverseSale, SaleReversal, assign_entries, check_not_invoiced, check_not_returned, order_effects, shipped_goods, unship,
};
pub use rule_facts::{AddressFacts, CustomerFacts, Matched, RuleFacts};
pub use rule_fields::{MoreConditions, RuleFields, RuleProblem};
pub(crate) use share::share;
pub use sourcing::{
    Demand, LineShortage, MAX_STORES, OnShortage, Position, Share, Source, Sourcing, SourcingAsked, SourcingPlan, SourcingRule,
    source,
};
pub use states::{Action, ORDER_STEPS, Step, actions_from, may};
pub use tax_rate::{TaxRate, TaxRateError};
