//! Codes that scanners read: what a code says by itself, and the rows that it names.

pub mod core;
pub mod rows;
