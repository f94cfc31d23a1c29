//! Errors for which a node does not start, or a command of the operator fails.

use std::io;

use api::graphql::{schema_index::Unreadable, trusted::TrustedError};
use iam::{access::PolicyError, identity};
use platform::{rate_limit::RedisError, storage::Fault};
use server::TlsError;

/// Reason for which a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{0}")]
    Fault(#[from] Fault),
    #[error("{0}")]
    Policy(#[from] PolicyError),
    #[error("cannot listen on {0}: {1}; choose another address")]
    Listen(std::net::SocketAddr, io::Error),
    #[error(
        "the database is {0} migration(s) behind this version: run `entrepot migrate` with the same --database-url, then start again"
    )]
    OldSchema(usize),
    #[error("{0}")]
    NewSchema(String),
    #[error(
        "the database may only be read: give this process the right to write its file and the folder around it, or give it another --database-url"
    )]
    ReadOnly,
    #[error(
        "--registration verified sends an e-mail to confirm a registration, and no mail server is set: give --mail, or --registration closed"
    )]
    NoLetters,
    #[error("--denied-passwords {0}: {1}")]
    DeniedPasswords(std::path::PathBuf, io::Error),
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Mail(#[from] identity::MailerError),
    #[error("{0}")]
    Redis(#[from] RedisError),
    #[error("{0}")]
    Schema(#[from] Unreadable),
    #[error("{0}")]
    Trusted(#[from] TrustedError),
    #[error("{0}")]
    Tls(#[from] TlsError),
}
