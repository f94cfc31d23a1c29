//! The rules of orders: pure. Stock is moved through `stock::core`'s draft, so an order is accepted
//! or refused whole.

mod act;
mod amounts;
mod book;
mod cancel_lines;
mod command;
mod create;
mod decision;
mod detail;
mod edit;
mod edit_lines;
mod edit_reservations;
mod other_stores;
mod fill;
mod fulfil;
mod hint;
pub mod hold;
pub mod hold_commands;
mod hold_rule;
mod kit;
mod kit_shortage;
mod shipped_lines;
mod shipped_lots;
mod line;
mod needs;
mod order;
mod paid;
mod draft_fields;
mod refusal;
mod reservations;
mod resource;
mod reverse;
mod rule_facts;
mod rule_fields;
mod share;
mod shipment;
mod sourcing;
mod stated_amounts;
mod states;
mod tax_rate;
mod totals;

pub use crate::catalog::core::company::{Address, Contact};
pub use act::{ActOnOrder, Confirm, decide_cancel, decide_close, decide_confirm, decide_expire, decide_fulfil, decide_reopen};
pub use amounts::{Amounts, Basis, PlacedLine};
pub use book::{BuyerFacts, OrderBook, StoreFacts};
pub use cancel_lines::{CancelLine, CancelLines, decide_cancel_lines};
pub use command::OrderCommand;
pub use create::{Create, NewStatus, decide_create};
pub use decision::{ActionDetails, OrderDecision, OrderFact};
pub use detail::{DetailChange, DetailPatch, MAX_TAG_LENGTH, MAX_TAGS, OrderDetail, Personal, Resealed, Sealed};
pub use draft_fields::DraftChanges;
pub use edit::{Update, decide_update};
pub use edit_lines::{MAX_ORDER_LINES, SetLine};
pub use fill::{Fill, decide_fill};
pub use fulfil::{Fulfil, LineQuantity, LotPart};
pub use hint::Hint;
pub use hold::MatchedProperties;
pub(crate) use hold_rule::apply_hold_rules;
pub(crate) use kit::times as kit_times;
pub use kit::{Kits, Part};
pub(crate) use line::count;
pub use line::{Line, LineItem, NewLine};
pub use needs::OrderNeeds;
pub use order::Order;
pub use paid::PaymentSums;
pub use refusal::{LineRefusal, Refusal};
pub use resource::{LineUnits, Reallocation, decide_reallocate};
pub use reverse::{
    ReverseSale, SaleReversal, assign_entries, check_not_invoiced, check_not_returned, order_effects, reverse_shipped_units,
    shipped_goods,
};
pub use rule_facts::{AddressFacts, CustomerFacts, RuleFacts};
pub use rule_fields::{HoldRule, MAX_RULES, MoreConditions, RuleFields, RuleProblem};
pub(crate) use share::share;
pub use shipment::{Fulfilment, FulfilmentLine};
pub use shipped_lots::{ShippedLot, sales_of, shipped_lots};
pub use sourcing::{
    Demand, DraftSourcing, DraftSourcingChange, LineShortage, MAX_STORES, OnShortage, Position, Share, Source, Sourcing,
    SourcingOptions, SourcingPlan, SourcingRule, source,
};
pub use states::{Action, ORDER_STEPS, Step, actions_from, is_action_allowed};
pub use tax_rate::{TaxRate, TaxRateError};
pub use totals::Totals;
