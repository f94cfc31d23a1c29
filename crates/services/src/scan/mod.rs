//! Scanned codes: their parsed content, and the rows that match it.

pub mod core;
pub mod rows;
