//! Returns: the callers' input, and its conversion into commands.

mod act;
mod create;
mod input;
mod returnable_lots;
mod ownership;
mod reverse;
mod settle;

pub use act::{
    InspectedReturnLine, RemainderPolicy, ReturnClose, ReturnInspect, ReturnLineBack, ReturnOf, ReturnReceive, ReturnReject,
    return_approve, return_close, return_inspect, return_receive, return_reject,
};
pub use create::{return_create, submit_return};
pub use input::{ReturnCreate, ReturnLine};
pub use reverse::return_reverse;
pub use settle::ReturnSettle;

pub use crate::returns::core::{Receive, ReturnMatch};
