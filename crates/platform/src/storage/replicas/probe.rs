//! Samples of a replica's state, on a connection of their own.

use sea_orm::sqlx::{self, ConnectOptions, PgConnection, Row as _, postgres::PgConnectOptions};

/// Query of a replica's state. A standby without a receiver takes the timeline of its last restart
/// point, which may be an older one: that errs on the safe side.
const SAMPLE: &str = "SELECT pg_is_in_recovery() AS is_replica,
    coalesce((pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint, 0) AS replayed,
    coalesce((SELECT received_tli FROM pg_stat_wal_receiver), (SELECT timeline_id FROM pg_control_checkpoint()))::bigint AS timeline,
    (SELECT system_identifier FROM pg_control_system()) AS system";

/// A replica's own report.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub is_replica: bool,
    pub replayed: i64,
    pub timeline: i64,
    pub system: i64,
}

/// A connection for samples, opened again when it is lost: those of requests may all be in use.
pub(super) struct Probe {
    login: PgConnectOptions,
    connection: Option<PgConnection>,
}

impl Probe {
    pub(super) fn new(login: PgConnectOptions) -> Self {
        Self { login, connection: None }
    }

    /// Takes a sample. If the future is dropped, its connection is closed.
    pub(super) async fn sample(&mut self) -> Result<Sample, sqlx::Error> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.login.connect().await?,
        };
        let row = sqlx::query(SAMPLE).fetch_one(&mut connection).await?;
        self.connection = Some(connection);
        Ok(Sample {
            is_replica: row.try_get("is_replica")?,
            replayed: row.try_get("replayed")?,
            timeline: row.try_get("timeline")?,
            system: row.try_get("system")?,
        })
    }
}
