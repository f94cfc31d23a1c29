//! Value of stock: each product's pool, valued by FIFO and by moving average side by side, and the
//! cost of each movement.
//!
//! A projection of the ledger in the order of `seq`: `jobs` and readers bring it up to date, and no
//! sale waits for it.

pub mod core;
pub mod events;
pub mod jobs;
pub mod rows;
pub mod shell;
