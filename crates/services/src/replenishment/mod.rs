//! Replenishment: policies by which stock is filled up, and plans of what to move and what to buy.
//!
//! The formulas are the crate `forecast` (`reorder`, `abc`, `xyz`); here is what they are fed with, plans as documents, and how approved lines become
//! drafts of purchase orders and transfers. `docs/replenishment.md` has it in plain words.

pub mod core;
pub mod events;
pub mod jobs;
pub mod rows;
pub mod shell;
