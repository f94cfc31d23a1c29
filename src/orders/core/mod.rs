//! The rules of orders and returns: pure. Stock is moved through `stock::core`'s draft, so an order is accepted or refused whole.

mod act;
mod create;
mod hold;
mod kit;
mod order;
mod returns;
mod states;

pub use act::{Act, Fulfil, LineQuantity, decide_cancel, decide_close, decide_confirm, decide_expire, decide_fulfil};
pub use create::{Create, NewLine, NewStatus, decide_create};
pub use kit::{Kits, Part};
pub use order::{DocumentEvent, Fulfilment, FulfilmentLine, Line, Order, OrderBook, OrderDecision, StoreFacts};
pub use returns::{CreateReturn, NewReturnLine, Receive, Return, ReturnLine, ReturnMatch, decide_return};
pub use states::{Action, ORDER_STEPS, Step, actions_from, may};
