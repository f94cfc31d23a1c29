//! How long anything on a connection to Postgres may take. The server keeps the first three; the last is kept here, for a server or a network
//! that does not answer at all (sqlx offers neither TCP keep-alive nor a user timeout).

use std::time::Duration;

use sea_orm::sqlx::{self, AssertSqlSafe, Executor, PgConnection, postgres::PgConnectOptions};

/// The limits of connections of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// How long a statement waits for a lock (`lock_timeout`).
    pub lock: Duration,
    /// How long a statement may run (`statement_timeout`).
    pub statement: Duration,
    /// How long a transaction may stay open with nothing asked of it (`idle_in_transaction_session_timeout`): a process that stands still
    /// loses its locks.
    pub idle: Duration,
    /// How long a statement waits for a connection: for a free one, or until one has been opened.
    pub turn: Duration,
}

/// Single statements and transactions of requests and jobs. A request itself ends after ten seconds; a job's statement may take longer.
pub(super) const REQUESTS: Limits = Limits {
    lock: Duration::from_secs(4),
    statement: Duration::from_mins(1),
    idle: Duration::from_secs(6),
    turn: Duration::from_secs(5),
};
/// The ledger's lanes: who waits behind them is waiting for stock.
pub(super) const LANES: Limits = Limits {
    lock: Duration::from_secs(3),
    statement: Duration::from_secs(10),
    idle: Duration::from_secs(5),
    turn: Duration::from_secs(5),
};
/// The deployment's own transactions, which may take all rows of a tenant away.
pub(super) const STEWARDS: Limits = Limits { statement: Duration::from_mins(30), ..REQUESTS };
/// Exports, reports and imports. They wait longer for their turn, because few of them run at a time.
pub(super) const LONG: Limits = Limits { statement: Duration::from_mins(10), turn: Duration::from_secs(30), ..REQUESTS };
/// Proofs and exports that read a whole tenant as it was at one moment, and write a file meanwhile. They lock nothing.
pub(super) const SNAPSHOTS: Limits = Limits { statement: Duration::from_hours(1), idle: Duration::from_hours(1), ..REQUESTS };
/// Reads on a replica: who finds no free connection at once is answered by the primary. One is opened for as long as elsewhere: the network to a replica may
/// be slow, and whether it answers at all is known sooner (`replicas`).
pub(super) const REPLICAS: Limits = Limits { turn: Duration::from_secs(1), ..REQUESTS };
pub(super) const LONG_ON_REPLICAS: Limits = Limits { turn: Duration::from_secs(1), ..LONG };

/// How much longer than the server's own limit an answer is waited for.
const MARGIN: Duration = Duration::from_secs(2);
/// How long the server keeps the connection of a client that is not heard of: its locks go with it.
const KEEPALIVE_IDLE_SECONDS: &str = "10";
const KEEPALIVE_INTERVAL_SECONDS: &str = "5";
const KEEPALIVE_COUNT: &str = "3";
const USER_TIMEOUT_MS: &str = "25000";

impl Limits {
    /// How long the answer to a statement is waited for; after that its connection is closed.
    pub fn answer(&self) -> Duration {
        self.statement + MARGIN
    }

    /// How long the answer to what takes no time is waited for, and the opening of a connection, which is several answers: BEGIN, ROLLBACK.
    pub fn sign_of_life(&self) -> Duration {
        self.turn.max(REQUESTS.turn)
    }

    /// The same connections, whose server keeps these limits.
    pub fn kept_by(&self, options: PgConnectOptions) -> PgConnectOptions {
        let ms = |limit: Duration| limit.as_millis().to_string();
        options.options([
            ("lock_timeout", &*ms(self.lock)),
            ("statement_timeout", &*ms(self.statement)),
            ("idle_in_transaction_session_timeout", &*ms(self.idle)),
            ("tcp_keepalives_idle", KEEPALIVE_IDLE_SECONDS),
            ("tcp_keepalives_interval", KEEPALIVE_INTERVAL_SECONDS),
            ("tcp_keepalives_count", KEEPALIVE_COUNT),
            ("tcp_user_timeout", USER_TIMEOUT_MS),
        ])
    }

    /// Has an open connection keep these limits, and none of whole transactions (Postgres 17 and newer), where statements run for longer than those of
    /// requests. A pooler may drop the options, and then the login's own limits would hold.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn keep_on(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.statement <= REQUESTS.statement {
            return Ok(());
        }
        let sql = format!(
            "SET lock_timeout = {}; SET statement_timeout = {}; SET idle_in_transaction_session_timeout = {};
             SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'transaction_timeout'",
            self.lock.as_millis(),
            self.statement.as_millis(),
            self.idle.as_millis()
        );
        connection.execute(AssertSqlSafe(sql)).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_within_ends_before_the_one_around_it() {
        for limits in [REQUESTS, LANES, STEWARDS, LONG, SNAPSHOTS, REPLICAS, LONG_ON_REPLICAS] {
            assert!(limits.lock < limits.statement && limits.statement < limits.answer(), "{limits:?}");
            assert!(limits.lock <= limits.idle, "who is blocked learns it before the one who blocks is ended: {limits:?}");
            assert!(
                limits.sign_of_life() >= REQUESTS.turn,
                "a connection over a slow network takes several answers to open: {limits:?}"
            );
        }
    }

    #[test]
    fn the_server_is_told_of_all_of_them() {
        let options = LANES.kept_by(PgConnectOptions::new_without_pgpass());
        let told = options.get_options().unwrap_or_default();
        for one in
            ["lock_timeout=3000", "statement_timeout=10000", "idle_in_transaction_session_timeout=5000", "tcp_user_timeout=25000"]
        {
            assert!(told.contains(one), "{told}");
        }
    }
}
