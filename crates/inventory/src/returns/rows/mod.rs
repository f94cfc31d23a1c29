//! Rows of returns.

mod returned_lots;
mod list;
mod load;
mod later_changes;
mod visibility;
mod write;

pub use later_changes::closed_since;
pub use list::{ReturnTest, return_keys, returns_by_number, returns_by_reference, returns_kind, returns_page, returns_source};
pub use load::{ReturnPlace, load_full_returns, lock_returns, return_lines, return_place, returns, returns_of, taken_refs};
pub use returned_lots::{returned_lots, settled, shipped, uninspected_lots};
pub use visibility::{order_stores_and_channels, return_of_channel, returns_of_channel};
pub use write::return_rows;
