//! The sums behind the reports, each one statement over what is committed.

mod movements;
mod sales;

pub use movements::{MovementTotals, movement_totals};
pub use sales::{SalesFilter, SalesQuery, default_currency, sales};
