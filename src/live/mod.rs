//! Sockets: the `graphql-transport-ws` protocol over any transport of messages. `http` lends it one.

pub mod admission;
pub mod drain;
mod operation;
pub mod outbox;
pub mod protocol;
pub mod socket;
mod spread;
pub mod stream;
