//! Forecasts of weekly demand: made once a week from demand facts, kept as they were made, and scored as weeks come true.
//!
//! The method is the crate `forecast`; here are its inputs, its results and the questions that are asked of them.

pub mod core;
pub mod events;
pub mod jobs;
pub mod rows;
pub mod shell;
