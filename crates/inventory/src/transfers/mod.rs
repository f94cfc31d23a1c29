//! Goods on their way from one store to another: asked for, held, sent, received in parts, and what was lost on the way.
pub mod core;
mod document;
pub mod events;
pub mod rows;
pub mod shell;
mod traced;

pub use document::{StoredTransfer, Transfers};
