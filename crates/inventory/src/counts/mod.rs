//! Counting what is there: which products, by whom, what they found, and how the books are set right.
pub mod core;
pub mod events;
pub mod rows;
