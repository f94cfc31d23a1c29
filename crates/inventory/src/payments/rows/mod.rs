//! Rows of payments.

mod load;
mod named;
mod write;

pub use load::{facts_and_lines, payments, payments_of, payments_of_returns, refunded, taken};
pub use named::orders_named;
pub use write::payment_rows;
