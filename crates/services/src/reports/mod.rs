//! Reports that rank, divide and compare: over demand facts, cost postings and documents, never
//! over the ledger's entries.
//!
//! One file for each report on each floor; `rows/narrow.rs` and `shell/report_context.rs` have the
//! parts that all of them share.

pub mod core;
pub mod rows;
pub mod shell;
