//! The history of a node in GraphQL.

mod item;
mod query;
mod related;

pub use item::{HistoryActor, HistoryActorKind, HistoryConnection, HistoryEdge, HistoryField, HistoryItem, HistoryKind};
pub use query::HistoryQuery;
