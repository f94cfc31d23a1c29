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
pub use detail::{DetailChange, DetailPatch, MAX_TAG, MAX_TAGS, OrderDetail, Personal, Resealed, Sealed};
pub use edit::{MAX_ORDER_LINES, Update, decide_update};
pub use edit_lines::SetLine;
pub use fill::{Fill, decide_fill};
pub use hint::Hint;
pub(crate) use hold_rule::hold_by_rules;
pub use hold_rule::{HoldRule, MOST_RULES};
pub(crate) use kit::times as kit_times;
pub use kit::{Kits, Part};
pub use left_lots::{LeftLot, lots_that_left, sales_of};
pub use line::{Line, LineItem, NewLine};
pub use needs::OrderNeeds;
pub(crate) use order::count;
pub use order::{BuyerFacts, By, Fulfilment, FulfilmentLine, Order, OrderBook, OrderDecision, OrderFact, StoreFacts};
pub use paid::Paid;
pub use redraft::{DraftSourcing, Redraft, ResourcedDraft};
pub use refusal::{LineRefusal, Refusal};
pub use resource::{LineUnits, Resource, decide_resource};
pub use reverse::{ReverseSale, SaleReversal, goods_of, keeps, keeps_invoices, order_effects, sold_by, unship};
pub use rule_facts::{CustomerFacts, Matched, RuleFacts, Whereabouts};
pub use rule_fields::{MoreConditions, RuleFields, RuleProblem};
pub(crate) use share::share;
pub use sourcing::{
    Demand, Lacking, MAX_STORES, Position, Share, Short, Source, Sourcing, SourcingAsked, SourcingPlan, SourcingRule, source,
};
pub use states::{Action, ORDER_STEPS, Step, actions_from, may};
pub use tax_rate::{OddRate, TaxRate};
