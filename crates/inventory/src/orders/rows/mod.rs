//! Rows of orders and returns.

mod backorders;
pub mod due;
mod filter;
mod list;
mod load;
mod parts;
mod returns;
pub mod shown;
mod visibility;
mod sourcing;
mod write;
mod write_returns;

pub use backorders::{BACKORDERS, Queued, WHOLE_KITS, Waiting, backorders, owed_parts, queue_for};
pub use filter::{Filter, IdColumn, ReturnTest, Span, TextTest, compile};
pub use list::{
    OrderName, OrderSort, RETURNS, Sorted, count, fill_lines, order_id, page, page_statement, return_keys, returns_page,
};
pub use load::{
    existing_channels, existing_customers, kits, lock_orders, orders, parts_of, store_facts, taken_order_refs, taken_return_refs,
};
pub use parts::{Flag, Held, SoldLine, flags_of, fulfilment, fulfilments_of, held_in, held_of, sold_lines, stocked_levels};
pub use returns::{
    ReturnPlace, lock_returns, return_lines, return_place, returns, returns_of, settled, shipped, unseen_lots, whole_returns,
};
pub use sourcing::{
    StoreSourcing, drafted_rows, drafted_sourcing, open_stores, put_rule, put_store, sources, sourcing_rule, store_sourcing,
};
pub use visibility::{places_of, returns_of_channel};
pub use write::{fulfilment_rows, order_rows};
pub use write_returns::return_rows;
