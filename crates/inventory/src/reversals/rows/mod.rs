//! Rows of reversals.

mod find;
mod load;
mod resting;
mod write;

pub use find::{mirrors_of, movements_of};
pub use load::{REVERSALS, ReversalFilter, ReversalSort, ReversalsSorted, numbered, page, reversals, reversals_of, source};
pub use resting::{Found, invoices_of, returns_of, supplier_returns_of, takers};
pub use write::{reversal_rows, reversed_of};
