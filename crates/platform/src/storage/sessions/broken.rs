//! Errors of a connection to Postgres: whether it can still be used, and whether another one will
//! do.

use std::io;

use sea_orm::sqlx;

pub(in crate::storage) fn timeout_error(message: &'static str) -> sqlx::Error {
    io::Error::new(io::ErrorKind::TimedOut, message).into()
}

/// Whether the error is a timeout.
pub(in crate::storage) fn is_late(err: &sqlx::Error) -> bool {
    matches!(err, sqlx::Error::Io(err) if err.kind() == io::ErrorKind::TimedOut)
}

/// Whether the server may be available in a moment: it refuses connections, or reports that it is
/// starting or stopping.
pub(in crate::storage) fn is_server_away(err: &sqlx::Error) -> bool {
    match err {
        sqlx::Error::Io(err) => err.kind() == io::ErrorKind::ConnectionRefused,
        sqlx::Error::Database(err) => err.code().is_some_and(|code| matches!(&*code, "57P01" | "57P03")),
        _ => false,
    }
}

/// Whether the server has no place for one more connection just now.
pub(in crate::storage) fn is_full(err: &sqlx::Error) -> bool {
    err.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| code == "53300")
}

/// Whether the connection is lost: it broke, or the server reports that it will end it (class 57P,
/// a transaction that was idle for too long), or that it takes no writes any more (25006), like a
/// former primary.
pub(in crate::storage) fn is_lost(err: &sqlx::Error) -> bool {
    match err {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(err) => {
            err.code().is_some_and(|code| code.starts_with("57P") || matches!(&*code, "25006" | "25P03" | "25P04"))
        }
        _ => false,
    }
}
