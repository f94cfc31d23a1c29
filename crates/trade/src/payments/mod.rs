//! Payments in GraphQL: facts, inputs, answers.

pub use objects::payments::*;

mod inputs;
mod mutation;
mod payload;

pub use inputs::{PaymentInput, PaymentRecordInput, PaymentReverseInput, PaymentsRecordInput};
pub use mutation::PaymentMutation;
pub use payload::{PaymentPayload, PaymentsPayload};
