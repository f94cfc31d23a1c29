//! Rows of returns.

mod list;
mod load;
mod visibility;
mod write;

pub use list::{RETURNS, ReturnTest, return_keys, returns_page};
pub use load::{
    ReturnPlace, lock_returns, return_lines, return_place, returns, returns_of, settled, shipped, taken_refs, unseen_lots,
    whole_returns,
};
pub use visibility::returns_of_channel;
pub use write::return_rows;
