//! Exchange rates of a tenant, and amounts of one currency in another.

pub mod core;
pub mod events;
pub mod rows;
pub mod shell;
