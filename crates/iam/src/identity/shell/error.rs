//! An `IdentityError` says why a call failed, or that more proof is required first.

use platform::{rate_limit::InsufficientPoints, storage::Fault};

use crate::identity::core::{MemberRefusal, Rejection};

/// A refusal or a fault.
#[derive(Debug)]
pub enum IdentityError {
    Refused(Vec<Rejection>),
    /// Too many attempts.
    Wait {
        retry_after_ms: u64,
    },
    /// A recent step-up is required first: a password or a code.
    StepUp,
    Fault(Fault),
}
impl From<InsufficientPoints> for IdentityError {
    fn from(shortage: InsufficientPoints) -> Self {
        Self::Wait { retry_after_ms: shortage.wait_ms() }
    }
}
impl From<Fault> for IdentityError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
impl From<MemberRefusal> for IdentityError {
    fn from(refusal: MemberRefusal) -> Self {
        Rejection::from(refusal).into()
    }
}
impl From<Rejection> for IdentityError {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(vec![rejection])
    }
}
