//! Replenishment: policies by which stock is filled up, and plans of transfers and purchases.
//!
//! The formulas are in the crate `forecast` (`reorder`, `abc`, `xyz`); this room has their input,
//! plans as documents, and the conversion of approved lines to drafts of purchase orders and
//! transfers. `docs/replenishment.md` describes it.

pub mod core;
pub mod events;
pub mod jobs;
pub mod rows;
pub mod shell;
