//! Streams, and sockets: the `graphql-transport-ws` protocol over any transport of messages. `http` lends it one.

pub mod admission;
pub mod drain;
mod cohort;
pub mod credentials;
pub mod per_caller_limit;
pub mod feed;
mod operation;
pub mod outbox;
mod backoff;
pub mod protocol;
pub mod readings;
pub mod rights;
pub mod stream_handle;
pub mod socket;
mod jitter;
pub mod stream;
pub mod subscriptions;
