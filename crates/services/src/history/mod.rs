//! The history of an object: its entries in the audit log, its movements and its notes, in one
//! order. It has no table of its own that could disagree with them.

pub mod core;
pub mod shell;
