//! Faults that do not concern the caller.

use sea_orm::{
    DbErr, RuntimeErr, SqlErr,
    sqlx::{self, error::DatabaseError},
};

/// An error of this program or of the services that it uses. Callers see `INTERNAL`, `UNAVAILABLE`
/// or `OVERLOADED`, never its text.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    #[error("database: {0}{why}", why = unwritable(.0).map_or("", Unwritable::explanation))]
    Database(#[from] DbErr),
    /// A row that violates an invariant: the table and the rule.
    #[error("corrupt row in {table}: {rule}")]
    Corrupt { table: &'static str, rule: String },
    /// A sum of the caller's own figures that is too large to be exact.
    #[error("a sum exceeds 2^53 − 1, the largest exact integer of the API")]
    TooLarge,
    #[error("too much is queued")]
    Overloaded,
    #[error("shutting down")]
    ShuttingDown,
    /// Postgres is behind a connection pooler in transaction mode: the observation that proves it.
    #[error(
        "the database URL leads to a connection pooler in transaction mode: {0}; give --database-url the address of Postgres itself, or of a pooler in session \
         mode (PgBouncer: pool_mode = session), since settings, locks and prepared statements of a connection reach others there"
    )]
    Pooled(&'static str),
    #[error("{0}")]
    Broken(String),
}

/// Codes of errors that may pass. Postgres: serialisation failure, deadlock, too many connections,
/// admin shutdown, crash shutdown, starting up, lock timeout, statement timeout, idle transaction
/// timeout; SQLite: busy, locked, a snapshot that is too old to write.
const TRANSIENT_CODES: &[&str] =
    &["40001", "40P01", "53300", "57P01", "57P02", "57P03", "55P03", "57014", "25P03", "25P04", "5", "6", "517"];
/// Codes of a full disk: Postgres; SQLite, for a write and for shared memory.
const DISK_FULL_CODES: &[&str] = &["53100", "13", "778", "4874"];
/// Codes of a read-only database: Postgres, if the server is a standby or was set so; SQLite,
/// READONLY in all its forms.
const READ_ONLY: &[&str] = &["25006", "8", "264", "520", "776", "1032", "1288", "1544"];

/// Code of Postgres for a row that no partition takes, and for one that violates a CHECK, which has a name.
const CHECK_VIOLATION: &str = "23514";

/// Reason that a reachable database takes no writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwritable {
    NoRoom,
    ReadOnly,
    /// A table that is partitioned by month has no partition for a row.
    NoPartition,
}

impl Unwritable {
    fn explanation(self) -> &'static str {
        match self {
            Self::NoRoom => ": the disk has no room, or takes no writes",
            Self::ReadOnly => ": the database is read-only",
            Self::NoPartition => ": a month has no partition; run `entrepot partitions run` with the login that owns the tables",
        }
    }
}

fn database_error(err: &DbErr) -> Option<&dyn DatabaseError> {
    match err {
        DbErr::Exec(RuntimeErr::SqlxError(err))
        | DbErr::Query(RuntimeErr::SqlxError(err))
        | DbErr::Conn(RuntimeErr::SqlxError(err)) => err.as_database_error(),
        _ => None,
    }
}

/// Returns the database's code of an error.
pub(super) fn error_code(err: &DbErr) -> Option<String> {
    database_error(err)?.code().map(std::borrow::Cow::into_owned)
}

fn unwritable(err: &DbErr) -> Option<Unwritable> {
    let code = error_code(err)?;
    if DISK_FULL_CODES.contains(&&*code) {
        Some(Unwritable::NoRoom)
    } else if code == CHECK_VIOLATION {
        let has_name = database_error(err).is_some_and(|err| err.constraint().is_some());
        (!has_name).then_some(Unwritable::NoPartition)
    } else {
        READ_ONLY.contains(&&*code).then_some(Unwritable::ReadOnly)
    }
}

/// Codes of errors that corrupt rows can cause. Postgres: no such table, no such column; SQLite: a
/// number that is too large, missing names, a value of another type.
const CORRUPT_ROW_CODES: &[&str] = &["42P01", "42703", "1", "20"];

impl Fault {
    pub fn corrupt(table: &'static str, rule: impl Into<String>) -> Self {
        Self::Corrupt { table, rule: rule.into() }
    }

    /// Returns the message of a violated unique constraint; it contains the constraint (Postgres)
    /// or the columns (SQLite).
    pub fn unique_violation(&self) -> Option<String> {
        match self {
            Self::Database(err) => match err.sql_err() {
                Some(SqlErr::UniqueConstraintViolation(message)) => Some(message),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether a number exceeded the database's 64 bits.
    pub fn is_overflow(&self) -> bool {
        match self {
            Self::Database(DbErr::Exec(RuntimeErr::SqlxError(err)) | DbErr::Query(RuntimeErr::SqlxError(err))) => match &**err {
                // SQLite has no code of its own for an overflow.
                sqlx::Error::Database(err) => {
                    err.code().is_some_and(|code| code == "22003") || err.message() == "integer overflow"
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether Postgres rolled the transaction back because of a deadlock: a retry finds what the
    /// other transaction has written.
    pub(super) fn is_deadlock(&self) -> bool {
        self.code().as_deref() == Some("40P01")
    }

    /// Whether a statement of Postgres divided by none.
    pub(super) fn is_division_by_zero(&self) -> bool {
        self.code().as_deref() == Some("22012")
    }

    /// Returns the database's own code of the error.
    fn code(&self) -> Option<String> {
        if let Self::Database(err) = self { error_code(err) } else { None }
    }

    /// Whether the database answers and takes no writes, and why.
    pub fn unwritable(&self) -> Option<Unwritable> {
        match self {
            Self::Database(err) => unwritable(err),
            _ => None,
        }
    }

    /// Whether the database reports that its own pages or indexes are corrupt.
    pub fn is_corruption(&self) -> bool {
        self.code().is_some_and(|code| {
            // Postgres: data and index corrupted. SQLite: corrupt, in its extended forms too, and no database at all.
            matches!(&*code, "XX001" | "XX002" | "26")
                || code.parse::<u32>().is_ok_and(|code| code <= 0xffff && code & 0xff == 11)
        })
    }

    /// Whether rows with invalid values cannot be read or summed, while the database answers.
    pub fn is_corrupt_row(&self) -> bool {
        match self {
            Self::Corrupt { .. }
            | Self::TooLarge
            | Self::Database(DbErr::Type(_) | DbErr::Json(_) | DbErr::TryIntoErr { .. }) => true,
            Self::Database(DbErr::Exec(RuntimeErr::SqlxError(err)) | DbErr::Query(RuntimeErr::SqlxError(err))) => match &**err {
                sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::TypeNotFound { .. } => true,
                // Postgres has a class of codes for data: 22.
                sqlx::Error::Database(_) => {
                    self.is_corruption()
                        || self.code().is_some_and(|code| {
                            CORRUPT_ROW_CODES.contains(&&*code) || (code.len() == 5 && code.starts_with("22"))
                        })
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether no connection to the database was available: no statement was sent, and the next
    /// attempt would wait as long.
    pub fn is_connection_unavailable(&self) -> bool {
        match self {
            Self::Database(DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) => true,
            Self::Database(DbErr::Exec(RuntimeErr::SqlxError(err)) | DbErr::Query(RuntimeErr::SqlxError(err))) => {
                matches!(&**err, sqlx::Error::PoolTimedOut)
            }
            _ => false,
        }
    }

    /// Whether a replica failed where its primary may answer: its connection broke or was
    /// unavailable, it cancelled the statement to continue its replay, or it has yet to replay a
    /// migration. A statement that took too long would take as long on the primary.
    pub(super) fn is_replica_failure(&self) -> bool {
        match self.code().as_deref() {
            Some("57014") => false,
            Some("42P01" | "42703") => true,
            _ => self.is_transient(),
        }
    }

    /// Whether the same work may succeed later: another writer was in the way, the database was
    /// unavailable for a moment, or it takes no writes until there is disk space again or the new
    /// primary is found.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Database(err) if unwritable(err).is_some() => true,
            Self::Database(DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) => true,
            Self::Database(DbErr::Exec(RuntimeErr::SqlxError(err)) | DbErr::Query(RuntimeErr::SqlxError(err))) => match &**err {
                // A connection that ends during the handshake yields an invalid answer.
                sqlx::Error::Io(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed => true,
                sqlx::Error::Database(err) => err.code().is_some_and(|code| TRANSIENT_CODES.contains(&&*code)),
                _ => false,
            },
            Self::Overloaded => true,
            _ => false,
        }
    }
}
