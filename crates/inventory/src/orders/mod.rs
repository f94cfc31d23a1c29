//! Sales orders, their fulfilments, and returns: documents that move stock through the ledger.

pub mod core;
pub mod events;
pub mod rows;
pub mod shell;
