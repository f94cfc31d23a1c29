//! Levels, the ledger, reservations.
pub mod graph;
