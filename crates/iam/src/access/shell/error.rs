//! An `AccessError` says why a change of rights failed.

use platform::storage::Fault;

use crate::access::{caller::Denied, core::Rejection};

/// Reason why a change of rights failed; nothing was written.
#[derive(Debug)]
pub enum AccessError {
    Denied(Denied),
    Refused(Vec<Rejection>),
    Fault(Fault),
}
impl From<Denied> for AccessError {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}
impl From<Rejection> for AccessError {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(vec![rejection])
    }
}
impl From<Vec<Rejection>> for AccessError {
    fn from(rejections: Vec<Rejection>) -> Self {
        Self::Refused(rejections)
    }
}
impl From<Fault> for AccessError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
