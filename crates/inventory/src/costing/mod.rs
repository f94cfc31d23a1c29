//! What stock is worth: each product's pool, valued first-in-first-out and by moving average beside each other, and every cost that came of it.
//!
//! A projection of the ledger in the order of `seq`: `jobs` and whoever asks bring it up to date, and nothing that sells waits for it.

pub mod core;
pub mod events;
pub mod jobs;
pub mod rows;
pub mod shell;
