//! Levels, the ledger, reservations.
pub mod core;
pub mod events;
pub mod rows;
pub mod shell;
