//! Sales orders, their fulfilments, and returns: documents that move stock through the ledger.

pub mod core;
pub mod graph;
pub mod rows;
pub mod shell;
