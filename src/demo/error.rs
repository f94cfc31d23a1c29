//! Errors of the demo.

use std::path::PathBuf;

use platform::storage::Fault;
use tools::replay::ReplayError;

use crate::serve::StartError;

/// Reason for which the demo does not run.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error("{0}")]
    Start(#[from] StartError),
    #[error("{0}")]
    Fault(#[from] Fault),
    #[error("{0}")]
    Replay(#[from] ReplayError),
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("the demo's login was refused: {0}; delete the demo's database to start over")]
    Login(String),
    #[error(
        "{file} was filled from other data, by {arguments}: ask for the same data (--rows, --seed, --data), or name another database with --file"
    )]
    OtherData { file: PathBuf, arguments: String },
    #[error("another demo is filling {0} just now: wait until it is up, or name another database with --file")]
    Busy(PathBuf),
    #[error("--database-url names a database that is not empty and was not filled by a demo from here: give an empty one")]
    OtherDatabase,
    #[error("stopped before all data were loaded; the next start continues")]
    Stopped,
    #[error("the day went wrong: {0}")]
    Day(String),
    #[error("the shop could not be set up in addition to the data: {0}")]
    Shop(String),
    #[error("{0}")]
    Http(#[from] reqwest::Error),
}
