//! Errors of storing and reading bytes.

use std::{error::Error, io};

/// Error of storing or reading bytes. No partial file is left behind.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the bytes are not there")]
    Missing,
    #[error("the disk is full")]
    Full,
    #[error("the file store cannot be reached: {0}")]
    Away(String),
}

impl From<object_store::Error> for StoreError {
    fn from(error: object_store::Error) -> Self {
        if matches!(error, object_store::Error::NotFound { .. }) {
            return Self::Missing;
        }
        let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
        while let Some(one) = cause {
            let kind = one.downcast_ref::<io::Error>().map(io::Error::kind);
            if matches!(kind, Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)) {
                return Self::Full;
            }
            cause = one.source();
        }
        Self::Away(error.to_string())
    }
}

pub(super) fn disk(error: io::Error) -> StoreError {
    object_store::Error::Generic { store: "the disk", source: Box::new(error) }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_one_that_is_away() {
        let of = |kind: io::ErrorKind| {
            let inner: Box<dyn Error + Send + Sync> = Box::new(io::Error::from(kind));
            StoreError::from(object_store::Error::Generic { store: "test", source: inner })
        };
        assert!(matches!(of(io::ErrorKind::StorageFull), StoreError::Full));
        assert!(matches!(of(io::ErrorKind::QuotaExceeded), StoreError::Full));
        assert!(matches!(of(io::ErrorKind::PermissionDenied), StoreError::Away(_)));
    }
}
