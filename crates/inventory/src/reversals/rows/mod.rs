//! Rows of reversals.

mod find;
mod load;
mod records;
mod dependents;
mod write;

pub use dependents::{DependentList, invoices_of, returns_of, stock_consumers, supplier_returns_of};
pub use find::{mirror_movements_of, movements_of};
pub use load::{
    REVERSALS, ReversalFilter, ReversalSort, ReversalsSorted, page, reversal_by_number, reversals, reversals_of, source,
};
pub use write::{reversal_rows, reversed_quantities};
