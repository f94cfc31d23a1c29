//! Works: a store's share of an order, from the moment it is held there until it has arrived. They follow the order's holds and are written with them.

pub mod core;
mod document;
pub mod events;
pub mod jobs;
pub mod rows;
pub mod shell;

pub use document::{StoredWorks, Works};
