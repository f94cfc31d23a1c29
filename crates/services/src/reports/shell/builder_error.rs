//! Errors of the report builder.

use crate::{insight::shell::ReportError, reports::core::BuilderRefusal};

/// Reasons for the absence of a report.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BuilderError {
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error(transparent)]
    Refused(#[from] BuilderRefusal),
}
