//! The rules of payments: pure. Payments are only added; an order's sums follow from all of them.

mod book;
mod order_effect;
mod payment;
mod place_order;
mod record;
mod refund;
mod refusal;
mod reverse;

pub use book::{PaymentBook, PaymentDecision, PaymentFact, PaymentNeeds, Reference};
pub use payment::Payment;
pub use place_order::PlaceOrderWithPayments;
pub use record::{MAX_PAYMENTS_PER_ORDER, MAX_ROWS_PER_CALL, NewPayment, PaymentCommand, Record, check_read_size};
pub use refund::RefundReturn;
pub use refusal::Refusal;
pub use reverse::ReversePayment;
