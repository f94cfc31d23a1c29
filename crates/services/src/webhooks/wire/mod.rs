//! Sends messages to addresses that tenants have chosen: resolved once, checked, and connected to
//! as checked.

mod address;
mod ask;
mod lookup;
mod send;

pub use address::{AllowedNetworks, check, host_of, origin_of};
pub use ask::{OutgoingRequest, RequestFailure, ResponseLimits};
pub use send::{OutgoingMessage, SendResult, Sender};
