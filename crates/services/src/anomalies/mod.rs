//! Anomalous days of stock: judged after their end, by the days before them, and accepted by
//! members.
//!
//! The rule is `forecast::anomaly`, with which the figures of `docs/insight.md` were made; this
//! module has its inputs, its flags and their acceptances.

pub mod core;
pub mod events;
pub mod jobs;
pub mod rows;
pub mod shell;
