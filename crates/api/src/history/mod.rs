//! The history of a node in GraphQL.

pub use objects::history::*;

mod query;
mod related;

pub use query::HistoryQuery;
