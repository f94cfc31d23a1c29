//! Errors of the operations on files.

use platform::storage::Fault;

use crate::files::{
    core::{Dimensions, Purpose},
    store::StoreError,
};

/// Error of a file's operation that changed nothing.
#[derive(Debug)]
pub enum FileError {
    /// The file does not exist, or the link is invalid.
    NotFound,
    /// The operator has suspended the tenant.
    Suspended,
    /// The bytes were uploaded already, or the file has expired.
    NotAwaited,
    /// The bytes are not uploaded yet, or the file has expired.
    NotReady,
    NoName,
    /// The name is empty once its path and odd characters are removed.
    OddName,
    NoBytes,
    TooLarge {
        most: u64,
    },
    /// Maximum bytes of all files of the tenant, which this file would exceed.
    Quota {
        most: u64,
    },
    /// The bytes are of a type that this purpose does not accept.
    WrongKind(Purpose),
    /// The picture is too large to be decoded.
    TooManyPixels(Dimensions),
    /// The file belongs to another object already.
    Held,
    /// The upload ended before all bytes had arrived.
    Broken,
    /// The upload was so slow that its slot was given to others.
    TooSlow,
    /// `most` uploads of the caller or tenant (`whose`) are running.
    Crowded {
        whose: &'static str,
        most: usize,
    },
    /// This node has as many concurrent uploads as are allowed.
    Busy,
    /// The file store has no space left.
    Full,
    /// The file store cannot be reached.
    Away,
    Fault(Fault),
}
impl From<Fault> for FileError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
impl From<StoreError> for FileError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Missing => Self::NotReady,
            StoreError::Full => Self::Full,
            StoreError::Away(reason) => {
                tracing::error!(why = reason, "the file store cannot be reached");
                Self::Away
            }
        }
    }
}
