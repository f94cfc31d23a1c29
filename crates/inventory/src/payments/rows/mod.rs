//! Rows of payments.

mod load;
mod named;
mod write;

pub use load::{count_payments_and_lines, load_ids_by_reference, load_refunded, payments, payments_of, payments_of_returns};
pub use named::orders_by_name;
pub use write::payment_rows;
