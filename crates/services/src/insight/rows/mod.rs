//! The sums behind the reports, each one statement over what is committed.

mod movement_groups;
mod movements;
mod sales;

pub use movement_groups::{MovementGroup, MovementSums, MovementsQuery, movement_groups};
pub use movements::{MovementTotals, movement_totals};
pub use sales::{
    GroupSpan, SalesFilter, SalesQuery, default_currency,
    halves::{Cut, IdPart, MANY_ORDERS, middle_order, sales_in_halves},
    in_books::foreign_documents,
    sales,
};
