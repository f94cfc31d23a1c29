//! The sums behind the reports, each one statement over what is committed.

pub mod halves;
mod movement_groups;
mod movements;
mod sales;

pub use halves::{Cut, Halving, IdPart, middle_order};
pub use movement_groups::{MovementGroup, MovementSums, MovementsQuery, movement_groups};
pub use movements::{MovementTotals, movement_totals};
pub use sales::{
    GroupSpan, SalesFilter, SalesQuery, default_currency, documents::has_few_groups, halves::sales_in_halves,
    in_books::foreign_documents, sales,
};
