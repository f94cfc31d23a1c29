//! Payments of orders as facts: what was authorised, captured, given up and given back. A fact is decided on its order, and changes its sums.

pub mod core;
mod document;
pub mod events;
pub mod rows;
pub mod shell;

pub use document::{Payments, StoredPayments};
