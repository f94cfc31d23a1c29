//! Works: a store's share of an order, from its reservation to its arrival. Works follow the
//! order's reservations and are written with them.

pub mod core;
mod document;
pub mod events;
pub mod jobs;
pub mod rows;
pub mod shell;

pub use document::{StoredWorks, Works};
