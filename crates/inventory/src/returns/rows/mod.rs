//! Rows of returns.

mod returned_lots;
mod list;
mod load;
mod later_changes;
mod visibility;
mod write;

pub use later_changes::load_closed_since;
pub use list::{ReturnTest, return_keys, returns_by_number, returns_by_reference, returns_kind, returns_page, returns_source};
pub use load::{
    ReturnPlace, find_used_references, load_full_returns, load_return_lines, load_return_place, load_returns,
    load_returns_of_orders, lock_returns,
};
pub use returned_lots::{load_returned_lots, load_settled_quantities, load_shipped_products, load_uninspected_lots};
pub use visibility::{filter_returns_by_channel, load_order_places, return_channel_condition};
pub use write::return_rows;
