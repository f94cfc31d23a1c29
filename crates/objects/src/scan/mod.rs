//! Codes that scanners read, in GraphQL.

pub mod kind;

pub use kind::{SearchKind, node_id, node_of, permitted_scope};
