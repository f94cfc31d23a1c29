//! Demand facts: units ordered, sold, returned and moved of each product, store and channel on each
//! business day.
//!
//! A projection of orders, returns and the ledger in the order of `seq`, like the cost books:
//! `jobs` and the readers bring it up to date, and no sale waits for it. It can be discarded and
//! rebuilt with equal results.

pub mod core;
pub mod jobs;
pub mod rows;
pub mod shell;
