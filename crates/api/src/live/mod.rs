//! Streams, and sockets: the `graphql-transport-ws` protocol over any transport of messages. `http` lends it one.

pub mod admission;
pub mod drain;
mod cohort;
pub mod credentials;
pub mod crowd;
pub mod feed;
mod operation;
pub mod outbox;
mod pause;
pub mod protocol;
pub mod rights;
pub mod seat;
pub mod socket;
mod spread;
pub mod stream;
pub mod streams;
