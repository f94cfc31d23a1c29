//! What went wrong on a connection to Postgres: whether it can still be used, and whether another one will do.

use std::{io, time::Duration};

use sea_orm::sqlx;
use tokio::time::Instant;

use crate::storage::writable::WriteHealth;

/// A silence of this length makes every connection suspect that has not been heard of since it began.
const SUSPECT: Duration = Duration::from_millis(1_500);

/// The time in which a question has no answer. When it was long, and whoever waited has gone, connections are suspect.
pub(super) struct Silence<'a> {
    write_health: &'a WriteHealth,
    began: Instant,
    is_answered: bool,
}

impl<'a> Silence<'a> {
    pub(super) fn begins(write_health: &'a WriteHealth) -> Self {
        Self { write_health, began: Instant::now(), is_answered: false }
    }
    pub(super) const fn began(&self) -> Instant {
        self.began
    }
    pub(super) fn ends(mut self) {
        self.is_answered = true;
    }
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        if !self.is_answered && self.began.elapsed() > SUSPECT {
            self.write_health.lost(self.began);
        }
    }
}

pub(in crate::storage) fn late(why: &'static str) -> sqlx::Error {
    io::Error::new(io::ErrorKind::TimedOut, why).into()
}

/// Whether nothing was heard in time.
pub(in crate::storage) fn is_late(err: &sqlx::Error) -> bool {
    matches!(err, sqlx::Error::Io(err) if err.kind() == io::ErrorKind::TimedOut)
}

/// Whether it may be there in a moment: nobody listens, or the server says that it is starting or ending.
pub(in crate::storage) fn is_away(err: &sqlx::Error) -> bool {
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

/// Whether the connection has gone: it broke, or the server says that it is about to end it (class 57P, a transaction that stood still for
/// too long), or that it takes no writes any more (25006), as one does that another has taken over from.
pub(in crate::storage) fn is_lost(err: &sqlx::Error) -> bool {
    match err {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(err) => {
            err.code().is_some_and(|code| code.starts_with("57P") || matches!(&*code, "25006" | "25P03" | "25P04"))
        }
        _ => false,
    }
}
