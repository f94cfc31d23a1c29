//! Payments in GraphQL: facts, inputs, answers.

pub mod enums;
pub mod loaders;
pub mod payment;
pub mod refusal;

pub use enums::{PaymentKind, PaymentStatus, RefundStatus};
pub use loaders::Rows;
pub use payment::{Payment, find_payment, payments_of_dry_run, payments_of_order, payments_of_return, refund_status_of_return};
