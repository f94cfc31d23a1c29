//! Codes that scanners read, in GraphQL.

pub mod kind;

pub use kind::{SearchKind, allowed, node_id, node_of};
