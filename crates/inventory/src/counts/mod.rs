//! Counts of stock: which products are counted, by whom, the findings, and the corrections of the
//! books.
pub mod core;
mod document;
pub mod events;
pub mod rows;
pub mod shell;

pub use document::{Counts, StoredCount};
