//! Recording and reversing payments: the callers' input, and its conversion into commands.

mod place_order;
mod record;
mod refund;
mod reverse;

pub use crate::orders::shell::MAX_METHOD_LENGTH;

pub use place_order::order_create;
pub use record::{MAX_PAYMENTS_PER_CALL, NewFact, OrderRef, PaymentsRecord, payment_record, payments_record};
pub use refund::return_create;
pub use reverse::{PaymentReverse, payment_reverse};
