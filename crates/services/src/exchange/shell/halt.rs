//! Why an exchange ends before its end.

use iam::access::Denied;
use platform::storage::Fault;

use crate::files::FileError;

/// Why an exchange ends before its end.
#[derive(Debug)]
pub(super) enum Halt {
    /// In words for whoever asked for it.
    Failed(String),
    /// A chunk was refused as a whole because others were in its way again and again: so it seems, until that is always so.
    Raced(String),
    /// Somebody has cancelled it.
    Cancelled,
    /// It goes on when it is its turn again.
    Yielded,
    /// It may go well the next time.
    Fault(Fault),
}
/// After so many failures what others seemed to be in the way of is taken for refused.
pub(super) const MOST_RACES: i64 = 3;

impl Halt {
    /// What it comes to after so many failures.
    pub(super) fn at(self, failures: i64) -> Self {
        match self {
            Self::Raced(why) if failures < MOST_RACES => Self::Fault(Fault::Broken(why)),
            Self::Raced(why) => Self::Failed(why),
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
        Self::Failed(format!("{denied}, and whoever asked for this does not hold it now"))
    }
}
impl From<FileError> for Halt {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Fault(fault) => Self::Fault(fault),
            FileError::Full => Self::Failed("there is no room for files: free some, then ask again".to_owned()),
            FileError::Quota { most } => Self::Failed(format!(
                "all files of the tenant together may have {} MiB, and its result would be more",
                most >> 20
            )),
            FileError::TooLarge { most } => Self::Failed(format!("its result is larger than {} MiB: ask for less", most >> 20)),
            FileError::NotFound | FileError::NotReady => Self::Failed("the bytes of its file are not there any more".to_owned()),
            FileError::Away => Self::Fault(Fault::Broken("where files are kept cannot be reached".to_owned())),
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
        assert_eq!(Failure::from(fault).to_string(), "where files are kept cannot be reached");
    }
}
