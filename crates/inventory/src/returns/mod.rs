//! Returns: goods that customers send back, for orders or without. A return is decided on its
//! orders, and changes them.

pub mod core;
mod document;
pub mod events;
pub mod rows;
pub mod shell;

pub use document::{Returns, StoredReturn};
