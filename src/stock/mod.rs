//! Levels, the ledger, reservations.
pub mod core;
pub mod graph;
pub mod rows;
pub mod shell;
