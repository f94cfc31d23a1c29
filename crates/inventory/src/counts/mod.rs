//! Counting what is there: which products, by whom, what they found, and how the books are set right.
pub mod core;
mod document;
pub mod events;
pub mod rows;
pub mod shell;

pub use document::{Counts, StoredCount};
