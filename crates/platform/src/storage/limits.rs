//! Timeouts of a connection to Postgres. The server keeps the first three; the last is kept here,
//! for a server or a network that does not answer at all (sqlx offers neither TCP keep-alive nor a
//! user timeout).

use std::time::Duration;

use sea_orm::sqlx::{self, AssertSqlSafe, Executor, PgConnection, postgres::PgConnectOptions};

/// The limits of connections of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// Timeout of a statement's wait for a lock (`lock_timeout`).
    pub lock: Duration,
    /// Timeout of a statement (`statement_timeout`).
    pub statement: Duration,
    /// Timeout of an open transaction without a statement (`idle_in_transaction_session_timeout`):
    /// a process that is stuck loses its locks.
    pub idle: Duration,
    /// Timeout of a statement's wait for a connection: for a free one, or until one has been
    /// opened.
    pub turn: Duration,
}

/// Limits of single statements and transactions of requests and jobs. A request itself ends after
/// ten seconds; a job's statement may take longer.
pub(super) const REQUESTS: Limits = Limits {
    lock: Duration::from_secs(4),
    statement: Duration::from_mins(1),
    idle: Duration::from_secs(6),
    turn: Duration::from_secs(5),
};
/// Limits of the ledger's lanes: their queued commands are changes of stock.
pub(super) const LANES: Limits = Limits {
    lock: Duration::from_secs(3),
    statement: Duration::from_secs(10),
    idle: Duration::from_secs(5),
    turn: Duration::from_secs(5),
};
/// Limits of the deployment's own transactions, which may delete all rows of a tenant.
pub(super) const STEWARDS: Limits = Limits { statement: Duration::from_mins(30), ..REQUESTS };
/// Limits of exports, reports and imports. They wait longer for a connection, because few of them
/// run at a time.
pub(super) const LONG: Limits = Limits { statement: Duration::from_mins(10), turn: Duration::from_secs(30), ..REQUESTS };
/// Limits of proofs and exports that read a whole tenant as of one moment, and write a file
/// meanwhile. They lock nothing.
pub(super) const SNAPSHOTS: Limits = Limits { statement: Duration::from_hours(1), idle: Duration::from_hours(1), ..REQUESTS };
/// Limits of reads on a replica: if no connection is free at once, the primary answers. Opening one
/// has the same timeout as elsewhere: the network to a replica may be slow, and a replica that does
/// not answer is detected sooner (`replicas`).
pub(super) const REPLICAS: Limits = Limits { turn: Duration::from_secs(1), ..REQUESTS };
pub(super) const LONG_ON_REPLICAS: Limits = Limits { turn: Duration::from_secs(1), ..LONG };

/// Time to wait for a response beyond the server's own limit.
const MARGIN: Duration = Duration::from_secs(2);
/// Settings by which the server closes the connection of a silent client: its locks go with it.
const KEEPALIVE_IDLE_SECONDS: &str = "10";
const KEEPALIVE_INTERVAL_SECONDS: &str = "5";
const KEEPALIVE_COUNT: &str = "3";
const USER_TIMEOUT_MS: &str = "25000";

impl Limits {
    /// Returns the timeout of a statement's response; after that its connection is closed.
    pub fn answer(&self) -> Duration {
        self.statement + MARGIN
    }

    /// Returns the timeout of responses that take no time (BEGIN, ROLLBACK), and of opening a
    /// connection, which needs several responses.
    pub fn liveness_timeout(&self) -> Duration {
        self.turn.max(REQUESTS.turn)
    }

    /// Adds the limits to the options, so that the server enforces them.
    pub fn apply_to_options(&self, options: PgConnectOptions) -> PgConnectOptions {
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

    /// Sets these limits on an open connection, and removes the limit of whole transactions
    /// (Postgres 17 and newer), if statements may run for longer than those of requests. A pooler
    /// may drop the options, so that the login's own limits would apply.
    ///
    /// # Errors
    /// The connection is lost.
    pub async fn apply_to_connection(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
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
                limits.liveness_timeout() >= REQUESTS.turn,
                "a connection over a slow network takes several answers to open: {limits:?}"
            );
        }
    }

    #[test]
    fn the_server_is_told_of_all_of_them() {
        let options = LANES.apply_to_options(PgConnectOptions::new_without_pgpass());
        let told = options.get_options().unwrap_or_default();
        for one in
            ["lock_timeout=3000", "statement_timeout=10000", "idle_in_transaction_session_timeout=5000", "tcp_user_timeout=25000"]
        {
            assert!(told.contains(one), "{told}");
        }
    }
}
