//! The sums of the reports, each one statement over committed rows.

pub mod halves;
mod movement_groups;
mod movements;
mod sales;

pub use halves::{IdRange, SplitPoint, SplitSetting, middle_order};
pub use movement_groups::{MovementGroup, MovementSums, MovementsQuery, movement_groups};
pub use movements::{MovementTotals, movement_totals};
pub use sales::{
    GroupSpan, SalesFilter, SalesQuery, book_currency::foreign_documents, default_currency, documents::has_few_groups,
    halves::sales_in_halves, sales,
};
