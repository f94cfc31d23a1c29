//! Forecasts of weekly demand: made once a week from demand facts, stored unchanged, and scored
//! when the weeks are over.
//!
//! The method is the crate `forecast`; this module has its inputs, its results and the queries on
//! them.

pub mod core;
pub mod events;
pub mod jobs;
pub mod rows;
pub mod shell;
