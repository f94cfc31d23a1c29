//! Payments in GraphQL: facts, inputs, answers.

mod enums;
mod inputs;
mod loaders;
mod mutation;
mod payload;
mod payment;
pub mod refusal;

pub use enums::{PaymentKind, PaymentStatus, RefundStatus};
pub use inputs::{PaymentInput, PaymentRecordInput, PaymentReverseInput, PaymentsRecordInput};
pub use loaders::Rows;
pub use mutation::PaymentMutation;
pub use payload::{PaymentPayload, PaymentsPayload};
pub use payment::{Payment, find_payment, payments_of_order, payments_of_return, refund_status_of_return};
