//! Strange days of stock: judged once they are over, by the days before them, and accepted by people.
//!
//! The rule is `forecast::anomaly`, with which the figures of `docs/insight.md` were made; here are its inputs, what it flagged, and what people say of it.

pub mod core;
pub mod events;
pub mod jobs;
pub mod rows;
pub mod shell;
