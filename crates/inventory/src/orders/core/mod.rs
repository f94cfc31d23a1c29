//! The rules of orders and returns: pure. Stock is moved through `stock::core`'s draft, so an order is accepted or refused whole.

mod act;
mod command;
mod create;
mod fill;
mod hold;
mod kit;
mod needs;
mod order;
mod refusal;
mod return_act;
mod return_command;
mod return_doc;
mod return_inspect;
mod return_states;
mod returns;
mod settle;
mod sourcing;
mod states;

pub use act::{Act, Confirm, Fulfil, LineQuantity, decide_cancel, decide_close, decide_confirm, decide_expire, decide_fulfil};
pub use command::OrderCommand;
pub use create::{Create, NewLine, NewStatus, decide_create};
pub use fill::{Fill, decide_fill};
pub use kit::{Kits, Part};
pub use needs::OrderNeeds;
pub use order::{DocumentEvent, Fulfilment, FulfilmentLine, Line, Order, OrderBook, OrderDecision, Shipped, StoreFacts};
pub use refusal::{LineRefusal, Refusal, ReturnRefusal, ReturnStepRefusal};
pub use return_act::{ActOnReturn, GoodsBack, LineBack, Rest, ReturnStep, decide_return_step};
pub use return_command::ReturnCommand;
pub use return_doc::{Return, ReturnLine, ReturnLot, ReturnPiece};
pub use return_inspect::{Inspection, LineSeen};
pub use return_states::{RETURN_STEPS, ReturnAction, ReturnSteps, return_actions_from};
pub use returns::{CreateReturn, NewReturnLine, Receive, ReturnMatch, decide_return};
pub use settle::Settled;
pub use sourcing::{
    Demand, Lacking, MAX_STORES, Position, Share, Short, Source, Sourcing, SourcingAsked, SourcingPlan, SourcingRule, source,
};
pub use states::{Action, ORDER_STEPS, Step, actions_from, may};
