//! Demand facts: what was wanted, sold, brought back and moved of each product, store and channel on each business day.
//!
//! A projection of orders, returns and the ledger in the order of `seq`, like the cost books: `jobs` and whoever asks bring it up to date, and
//! nothing that sells waits for it. It can be thrown away and made again with equal results.

pub mod core;
pub mod jobs;
pub mod rows;
pub mod shell;
