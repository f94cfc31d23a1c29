//! Rows of orders and returns.

mod load;
mod write;

pub use load::{existing_channels, existing_customers, lock_orders, orders, taken_order_refs, taken_return_refs};
pub use write::{write_fulfilments, write_orders, write_returns};
