//! The history of an object: what the audit log says of it, its movements and its notes, in one order. No table of its own could disagree with them.

pub mod core;
pub mod shell;
