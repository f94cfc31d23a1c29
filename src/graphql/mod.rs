//! What every room's `graph.rs` shares: scalars, refusals, top-level errors, connections, and what a resolver asks of its context.

pub mod connection;
pub mod context;
pub mod directives;
pub mod fault;
pub mod refusal;
pub mod scalars;
