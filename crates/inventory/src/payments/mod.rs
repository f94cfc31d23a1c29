//! Payments of orders: authorisations, captures, voids and refunds, each recorded as a fact. A
//! payment is decided on its order, and changes its sums.

pub mod core;
mod document;
pub mod events;
pub mod rows;
pub mod shell;

pub use document::{Payments, StoredPayments};
