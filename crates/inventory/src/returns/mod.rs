//! Returns: goods that customers give back, on orders or on none. A return is decided on its orders, and changes them.

pub mod core;
mod document;
pub mod events;
pub mod rows;
pub mod shell;

pub use document::{Returns, StoredReturn};
