//! Sales orders and their fulfilments: documents that move stock through the ledger.

pub mod core;
mod document;
pub mod events;
pub mod jobs;
pub mod rows;
pub mod shell;
mod audit_log;

pub use document::{Orders, StoredOrder};
