//! Reports, and stock on hand at an earlier moment, on both databases.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set itself up has failed")]

mod countries;
mod graph;
mod history;
mod ledger_sums;
mod movements;
pub mod sales;
mod speed;
mod summaries;
pub mod trade;
pub mod world;
