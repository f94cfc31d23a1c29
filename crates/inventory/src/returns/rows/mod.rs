//! Rows of returns.

mod came_back;
mod list;
mod load;
mod since;
mod visibility;
mod write;

pub use came_back::{lots_back, settled, shipped, unseen_lots};
pub use list::{ReturnTest, return_keys, returns_kind, returns_numbered, returns_page, returns_referenced, returns_source};
pub use load::{ReturnPlace, lock_returns, return_lines, return_place, returns, returns_of, taken_refs, whole_returns};
pub use since::closed_since;
pub use visibility::{order_places, return_of_channel, returns_of_channel};
pub use write::return_rows;
