//! Levels, the ledger, reservations.
pub mod core;
pub mod rows;
pub mod shell;
