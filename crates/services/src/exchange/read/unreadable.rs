//! Reasons to stop reading a file.

use std::io;

use crate::exchange::core::columns::HeaderFault;

/// Reasons to stop reading a file.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("{0}")]
    Header(HeaderFault),
    #[error("the file cannot be read: {0}")]
    Broken(String),
    #[error("a row is longer than {0} bytes: check whether a quote is never closed")]
    LongRow(usize),
    #[error("the file has more than {0} rows: divide it")]
    TooManyRows(i64),
    #[error("the rows of one order have more than {} MiB", .0 >> 20)]
    LongOrder(usize),
    #[error("the workbook is invalid: {0}")]
    Workbook(String),
    /// Ours: it may go well the next time.
    #[error("{0}")]
    Storage(String),
}

/// Reasons for a reader to stop before the end.
pub(super) enum Stop {
    Unreadable(Unreadable),
    /// The receiver is closed.
    Unheard,
}
impl From<Unreadable> for Stop {
    fn from(unreadable: Unreadable) -> Self {
        Self::Unreadable(unreadable)
    }
}
impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(convert_error(&error))
    }
}

/// Error of the file storage, as opposed to one of the file.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct StorageFailure(pub(super) String);

/// A row that grew too long, as an error of reading.
#[derive(Debug, thiserror::Error)]
#[error("a row is too long")]
pub(super) struct TooLong(pub(super) usize);

/// Reason to refuse a workbook, as an error of reading.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct InvalidWorkbook(pub(super) String);

pub(super) fn invalid_workbook(reason: impl std::fmt::Display) -> Stop {
    Unreadable::Workbook(reason.to_string()).into()
}

/// Converts an error of reading.
pub(super) fn convert_error(error: &io::Error) -> Unreadable {
    let inner = error.get_ref();
    if let Some(TooLong(limit)) = inner.and_then(|inner| inner.downcast_ref::<TooLong>()) {
        return Unreadable::LongRow(*limit);
    }
    if let Some(InvalidWorkbook(reason)) = inner.and_then(|inner| inner.downcast_ref::<InvalidWorkbook>()) {
        return Unreadable::Workbook(reason.clone());
    }
    if let Some(StorageFailure(reason)) = inner.and_then(|inner| inner.downcast_ref::<StorageFailure>()) {
        return Unreadable::Storage(reason.clone());
    }
    // System errors of our temporary file are not the imported file's fault, except an impossible
    // position: an archive may name one.
    if error.raw_os_error().is_some() && error.kind() != io::ErrorKind::InvalidInput {
        return Unreadable::Storage(format!("a temporary file: {error}"));
    }
    Unreadable::Broken(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_not_the_fault_of_the_file() {
        const NO_SPACE: i32 = 28;
        const EINVAL: i32 = 22;
        assert!(matches!(convert_error(&io::Error::from_raw_os_error(NO_SPACE)), Unreadable::Storage(_)), "it is tried again");
        for of_the_file in [io::Error::from_raw_os_error(EINVAL), io::ErrorKind::InvalidData.into()] {
            assert!(matches!(convert_error(&of_the_file), Unreadable::Broken(_)), "{of_the_file}");
        }
    }
}
