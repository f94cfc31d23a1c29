//! Reasons for which a connection, or the whole watch, ends.

use std::time::Duration;

/// Reason for which a watch ended without being stopped.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    #[error("{0} is not the address of a server: {1}")]
    Address(String, String),
    #[error("{0}: {1}")]
    Refused(String, String),
    #[error("there is no {0} {1} that this token may see")]
    Unknown(&'static str, String),
    #[error("the server's answer is not what the schema promises: {0}")]
    Nonsense(String),
    #[error("{0}")]
    Output(#[from] std::io::Error),
}

/// Reason for which a connection ended that another may follow.
#[derive(Debug)]
pub enum End {
    Lost { reason: String, come_back: Option<Duration> },
    Reset(String),
}
