//! Sending messages to addresses that strangers chose: resolved once, checked, and connected to as checked.

mod address;
mod ask;
mod send;

pub use address::{Allowed, check, host_of, origin_of};
pub use ask::{Bounds, Question, Unanswered};
pub use send::{Parcel, Sender, Sent};
