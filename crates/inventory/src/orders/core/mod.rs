//! The rules of orders: pure. Stock is moved through `stock::core`'s draft, so an order is accepted or refused whole.

mod act;
mod command;
mod create;
mod fill;
mod hold;
mod kit;
mod needs;
mod order;
mod refusal;
mod resource;
mod share;
mod sourcing;
mod states;

pub use act::{Act, Confirm, Fulfil, LineQuantity, decide_cancel, decide_close, decide_confirm, decide_expire, decide_fulfil};
pub use command::OrderCommand;
pub use create::{Create, NewLine, NewStatus, decide_create};
pub use fill::{Fill, decide_fill};
pub(crate) use kit::times as kit_times;
pub use kit::{Kits, Part};
pub use needs::OrderNeeds;
pub(crate) use order::count;
pub use order::{Fulfilment, FulfilmentLine, Line, LineItem, Order, OrderBook, OrderDecision, OrderFact, StoreFacts};
pub use refusal::{LineRefusal, Refusal};
pub use resource::{LineUnits, Resource, decide_resource};
pub(crate) use share::share;
pub use sourcing::{
    Demand, Lacking, MAX_STORES, Position, Share, Short, Source, Sourcing, SourcingAsked, SourcingPlan, SourcingRule, source,
};
pub use states::{Action, ORDER_STEPS, Step, actions_from, may};
