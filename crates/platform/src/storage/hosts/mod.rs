//! A database of several hosts, one of which takes writes until another takes over.
//!
//! sqlx knows one host. This module queries all hosts at once for the one that takes writes: when
//! the database is opened, and whenever the primary may have changed (a connection to it broke,
//! could not be opened, or it stops answering). Once another is found, connections to the former
//! one are closed, with the statements that are on their way there.
//! `docs/decisions/0164-failover.md`.

mod failover;
mod login;
mod report;
mod status;
mod url;

pub use self::status::{HostReport, HostState, HostStatus};
pub(super) use self::{
    login::{Login, host_left_error},
    url::split_hosts,
};
