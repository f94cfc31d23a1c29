//! Transfers of goods from one store to another: requested, reserved, sent, received in parts, and
//! losses on the way.
pub mod core;
mod document;
pub mod events;
pub mod rows;
pub mod shell;
mod audit_log;

pub use document::{StoredTransfer, Transfers};
