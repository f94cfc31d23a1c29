//! Liquidation: dead and slow stock, the best action for it, and plans that carry it out.
//!
//! Proposals are computed from demand facts, forecasts, lots and the cost books; plans are
//! documents, and approved lines are executed through the shells of transfers, purchasing, the
//! ledger and the catalogue. `docs/liquidation.md` describes it.

pub mod core;
pub mod events;
pub mod jobs;
pub mod rows;
pub mod shell;
