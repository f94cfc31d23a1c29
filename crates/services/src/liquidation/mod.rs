//! Liquidation: dead and slow stock, what is best done with it, and plans that do it.
//!
//! Proposals are made of demand facts, forecasts, lots and the cost books; plans are documents, and approved lines are carried out through the shells of transfers,
//! purchasing, the ledger and the catalogue. `docs/liquidation.md` has it in plain words.

pub mod core;
pub mod events;
pub mod jobs;
pub mod rows;
pub mod shell;
