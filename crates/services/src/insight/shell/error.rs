//! Errors of reports, and the check that a sum is in the range that clients can represent.

use entity::quantity::MAX_SAFE;
use platform::storage::Fault;

/// Reasons for the absence of a report.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReportError {
    #[error(transparent)]
    Fault(Fault),
    /// A sum exceeds 2^53 − 1, the largest number that clients can represent exactly.
    #[error("a sum passes 2^53 − 1: narrow the report")]
    TooLarge,
}

impl From<Fault> for ReportError {
    /// An overflow in the database is beyond the numbers that clients can read exactly, too.
    fn from(fault: Fault) -> Self {
        if fault.is_overflow() { Self::TooLarge } else { Self::Fault(fault) }
    }
}

/// Returns a sum within the range that clients can represent exactly; `None` for any other.
pub(crate) fn to_safe_integer(number: i128) -> Option<i64> {
    i64::try_from(number).ok().filter(|number| (-MAX_SAFE..=MAX_SAFE).contains(number))
}
