//! The front over real sockets on loopback, with a small schema of its own.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "clippy knows tests by their attribute, not the functions that they share"
)]
#![expect(clippy::format_collect, reason = "documents that repeat one thing a thousand times")]

mod rate_limit;
mod clock;
mod connections;
mod contract;
mod cost;
mod documents;
mod engine;
mod event_stream;
mod validation_cache;
mod explorer;
mod headers;
mod hostile;
mod introspection;
mod merged;
mod overload;
mod proxies;
mod schema;
mod socket_frames;
mod socket_life;
mod socket_operations;
mod socket_rules;
mod sort_cost;
mod tenant_budget;
mod tls;
mod trusted;
mod wire;
mod server;
