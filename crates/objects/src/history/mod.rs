//! The history of a node in GraphQL.

pub mod item;

pub use item::{HistoryActor, HistoryActorKind, HistoryConnection, HistoryEdge, HistoryField, HistoryItem, HistoryKind};
