//! Sockets: the `graphql-transport-ws` protocol over any transport of messages. `http` lends it one.

pub mod drain;
mod operation;
pub mod outbox;
pub mod protocol;
pub mod socket;
pub mod stream;
