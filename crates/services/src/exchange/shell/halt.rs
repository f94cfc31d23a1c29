//! Reasons to stop an exchange early.

use iam::access::Denied;
use platform::storage::Fault;

use crate::files::FileError;

/// Reason to stop an exchange early.
#[derive(Debug)]
pub(super) enum Halt {
    /// The exchange has failed for good; the text is for its requester.
    Failed(String),
    /// A chunk was refused as a whole, presumably because of concurrent changes: retried up to
    /// `MAX_RACES` failures, and then failed.
    Raced(String),
    /// A caller has cancelled the exchange.
    Cancelled,
    /// The worker yields to others; the exchange continues at its next turn.
    Yielded,
    /// A retry may succeed.
    Fault(Fault),
}
/// Failures after which a chunk that seemed to lose races counts as refused.
pub(super) const MAX_RACES: i64 = 3;

impl Halt {
    /// Returns the reason after this many failures: a lost race is retried, and fails for good
    /// after `MAX_RACES`.
    pub(super) fn at(self, failures: i64) -> Self {
        match self {
            Self::Raced(reason) if failures < MAX_RACES => Self::Fault(Fault::Broken(reason)),
            Self::Raced(reason) => Self::Failed(reason),
            other => other,
        }
    }
}
impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
impl From<Denied> for Halt {
    fn from(denied: Denied) -> Self {
        Self::Failed(format!("{denied}, and the requester no longer has it"))
    }
}
impl From<FileError> for Halt {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Fault(fault) => Self::Fault(fault),
            FileError::Full => Self::Failed("there is no space for files: free some, then retry".to_owned()),
            FileError::Quota { most } => Self::Failed(format!(
                "all files of the tenant together may have {} MiB, and its result would be more",
                most >> 20
            )),
            FileError::TooLarge { most } => Self::Failed(format!("its result is larger than {} MiB: ask for less", most >> 20)),
            FileError::NotFound | FileError::NotReady => Self::Failed("the bytes of its file no longer exist".to_owned()),
            FileError::Away => Self::Fault(Fault::Broken("the file store cannot be reached".to_owned())),
            other => Self::Fault(Fault::Broken(format!("its file: {other:?}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::jobs::Failure;

    #[test]
    fn a_store_of_files_that_is_away_is_logged_in_words() {
        let Halt::Fault(fault) = Halt::from(FileError::Away) else { panic!("it may pass") };
        assert_eq!(Failure::from(fault).to_string(), "the file store cannot be reached");
    }
}
