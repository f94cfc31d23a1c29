//! Sending messages to addresses that strangers chose: resolved once, checked, and connected to as checked.

mod address;
mod send;

pub use address::{Allowed, check, host_of};
pub use send::{Parcel, Sender, Sent};
