//! The rules of payments: pure. A fact is only added; what an order was paid follows from all of them.

mod book;
mod payment;
mod place;
mod record;
mod refund;
mod refusal;
mod reverse;

pub use book::{PaymentBook, PaymentDecision, PaymentNeeds, Recorded, Reference};
pub use payment::Payment;
pub use place::PlacePaid;
pub use record::{MAX_FACTS, MOST_READ, NewPayment, PaymentCommand, Record, check_read};
pub use refund::RefundReturn;
pub use refusal::Refusal;
pub use reverse::ReversePayment;
