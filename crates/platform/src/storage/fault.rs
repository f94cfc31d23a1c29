//! What can go wrong that is not the caller's business.

use sea_orm::{DbErr, RuntimeErr, SqlErr, sqlx};

/// A fault of ours or of what we stand on. Callers see `INTERNAL`, `UNAVAILABLE` or `OVERLOADED`, never its text.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    #[error("database: {0}{why}", why = unwritable(.0).map_or("", Unwritable::aside))]
    Database(#[from] DbErr),
    /// A row that breaks a rule which its writers keep: the table and the rule.
    #[error("corrupt row in {table}: {rule}")]
    Corrupt { table: &'static str, rule: String },
    /// A sum of the caller's own figures that cannot be told exactly.
    #[error("a sum passes 2^53 − 1, the largest that can be told exactly")]
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

/// Codes of what may go better another time. Postgres: serialisation failure, deadlock, too many connections, admin shutdown, crash shutdown,
/// starting up, a lock that was not to be had in time, a statement that took too long, a transaction that stood still for too long; SQLite: busy,
/// locked, a snapshot that is too old to write.
const PASSING: &[&str] =
    &["40001", "40P01", "53300", "57P01", "57P02", "57P03", "55P03", "57014", "25P03", "25P04", "5", "6", "517"];
/// Codes of a disk without room: Postgres; SQLite, a write that found none, and so for shared memory.
const NO_ROOM: &[&str] = &["53100", "13", "778", "4874"];
/// Codes of a database that may be read only: Postgres, where the server is another's standby or was told so; SQLite, READONLY in all its forms.
const READ_ONLY: &[&str] = &["25006", "8", "264", "520", "776", "1032", "1288", "1544"];

/// Why a database that answers takes no writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwritable {
    NoRoom,
    ReadOnly,
}

impl Unwritable {
    fn aside(self) -> &'static str {
        match self {
            Self::NoRoom => ": the disk has no room, or takes no writes",
            Self::ReadOnly => ": the database is read-only",
        }
    }
}

/// What the database calls an error.
pub(super) fn code(err: &DbErr) -> Option<String> {
    match err {
        DbErr::Exec(RuntimeErr::SqlxError(err))
        | DbErr::Query(RuntimeErr::SqlxError(err))
        | DbErr::Conn(RuntimeErr::SqlxError(err)) => err.as_database_error()?.code().map(std::borrow::Cow::into_owned),
        _ => None,
    }
}

fn unwritable(err: &DbErr) -> Option<Unwritable> {
    let code = code(err)?;
    if NO_ROOM.contains(&&*code) { Some(Unwritable::NoRoom) } else { READ_ONLY.contains(&&*code).then_some(Unwritable::ReadOnly) }
}

/// Codes of what the rows themselves are to blame for. Postgres: no such table, no such column; SQLite: a number that is too large and names that
/// there are not, a value of another type.
const OF_ROWS: &[&str] = &["42P01", "42703", "1", "20"];

impl Fault {
    pub fn corrupt(table: &'static str, rule: impl Into<String>) -> Self {
        Self::Corrupt { table, rule: rule.into() }
    }

    /// The message of a violated unique constraint; it names the constraint (Postgres) or the columns (SQLite).
    pub fn unique_violation(&self) -> Option<String> {
        match self {
            Self::Database(err) => match err.sql_err() {
                Some(SqlErr::UniqueConstraintViolation(message)) => Some(message),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether a number passed what the database counts with, 64 bits.
    pub fn is_overflow(&self) -> bool {
        match self {
            Self::Database(DbErr::Exec(RuntimeErr::SqlxError(err)) | DbErr::Query(RuntimeErr::SqlxError(err))) => match &**err {
                // SQLite has no code of its own for it.
                sqlx::Error::Database(err) => {
                    err.code().is_some_and(|code| code == "22003") || err.message() == "integer overflow"
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether Postgres undid the transaction since it and another one waited for each other: begun again, it finds what that one has written.
    pub(super) fn is_deadlock(&self) -> bool {
        self.code().as_deref() == Some("40P01")
    }

    /// Whether a statement of Postgres divided by none.
    pub(super) fn is_division_by_zero(&self) -> bool {
        self.code().as_deref() == Some("22012")
    }

    /// What the database itself says of a statement.
    fn code(&self) -> Option<String> {
        if let Self::Database(err) = self { code(err) } else { None }
    }

    /// Whether the database answers and takes no writes, and why.
    pub fn unwritable(&self) -> Option<Unwritable> {
        match self {
            Self::Database(err) => unwritable(err),
            _ => None,
        }
    }

    /// Whether the database says that its own pages or indexes are broken.
    pub fn is_damage(&self) -> bool {
        self.code().is_some_and(|code| {
            // Postgres: data and index corrupted. SQLite: corrupt, in its extended forms too, and no database at all.
            matches!(&*code, "XX001" | "XX002" | "26")
                || code.parse::<u32>().is_ok_and(|code| code <= 0xffff && code & 0xff == 11)
        })
    }

    /// Whether rows that hold what none of theirs may hold cannot be read or counted with, while the database answers.
    pub fn is_of_rows(&self) -> bool {
        match self {
            Self::Corrupt { .. }
            | Self::TooLarge
            | Self::Database(DbErr::Type(_) | DbErr::Json(_) | DbErr::TryIntoErr { .. }) => true,
            Self::Database(DbErr::Exec(RuntimeErr::SqlxError(err)) | DbErr::Query(RuntimeErr::SqlxError(err))) => match &**err {
                sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::TypeNotFound { .. } => true,
                // Postgres has a class of codes for data: 22.
                sqlx::Error::Database(_) => {
                    self.is_damage()
                        || self
                            .code()
                            .is_some_and(|code| OF_ROWS.contains(&&*code) || (code.len() == 5 && code.starts_with("22")))
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether no connection to the database was to be had: nothing was asked of it, and what is asked next has to wait as long.
    pub fn is_away(&self) -> bool {
        match self {
            Self::Database(DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) => true,
            Self::Database(DbErr::Exec(RuntimeErr::SqlxError(err)) | DbErr::Query(RuntimeErr::SqlxError(err))) => {
                matches!(&**err, sqlx::Error::PoolTimedOut)
            }
            _ => false,
        }
    }

    /// Whether a replica failed where its primary may answer: its connection broke or was not to be had, it ended the statement to go on with its
    /// replay, or it has yet to replay a migration. A statement that took too long takes as long elsewhere.
    pub(super) fn is_of_a_replica(&self) -> bool {
        match self.code().as_deref() {
            Some("57014") => false,
            Some("42P01" | "42703") => true,
            _ => self.is_transient(),
        }
    }

    /// Whether the same work may succeed when done again: another writer was in the way, or the database was away for a moment, or takes no
    /// writes until somebody makes room or it has found its way to the server that does.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Database(err) if unwritable(err).is_some() => true,
            Self::Database(DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) => true,
            Self::Database(DbErr::Exec(RuntimeErr::SqlxError(err)) | DbErr::Query(RuntimeErr::SqlxError(err))) => match &**err {
                // A connection that ends while it is opened has an answer that is none.
                sqlx::Error::Io(_)
                | sqlx::Error::Protocol(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed => true,
                sqlx::Error::Database(err) => err.code().is_some_and(|code| PASSING.contains(&&*code)),
                _ => false,
            },
            Self::Overloaded => true,
            _ => false,
        }
    }
}
