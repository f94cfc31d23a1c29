//! Looking at the replicas and their primary, ten times a second.

use std::{io, pin::pin, sync::Weak, time::Duration};

use entity::prelude::TenantId;
use sea_orm::{
    DbBackend, Statement,
    sqlx::{self, ConnectOptions, PgConnection, Row as _, postgres::PgConnectOptions},
};
use tokio::time::{Instant, timeout, timeout_at};

use super::{Inner, pool::Replica, state::ReplicaState};
use crate::{
    clock,
    storage::{
        Fault, Row,
        sessions::{Bound, Sessions},
    },
};

/// Between two samples.
const EVERY: Duration = Duration::from_millis(100);
/// How long a replica may give no answer before it is left out, with the pause before it less than a second. A sample that breaks leaves the rest of it to the
/// next one.
const PATIENCE: Duration = Duration::from_millis(700);
/// How long an answer is waited for altogether. A connection over a slow network takes as long as several answers to open, and is not to be given up
/// and opened anew each time.
const LONGEST: Duration = Duration::from_secs(5);
/// Samples that fail before a replica is left out. A refused connection, or no answer, is enough by itself.
const FAILURES: u32 = 2;

/// A standby that follows nobody yet has no receiver; then its last restart point says the timeline, which may be an older one: that errs to the safe side.
const SAMPLE: &str = "SELECT pg_is_in_recovery() AS is_replica,
    coalesce((pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint, 0) AS replayed,
    coalesce((SELECT received_tli FROM pg_stat_wal_receiver), (SELECT timeline_id FROM pg_control_checkpoint()))::bigint AS timeline,
    (SELECT system_identifier FROM pg_control_system()) AS system";
/// A flushed position can be replayed, and ends where records end; one that is only inserted may lie beyond.
const FLUSHED: &str = "SELECT (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint";

/// A replica's own report.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub is_replica: bool,
    pub replayed: i64,
    pub timeline: i64,
    pub system: i64,
}

/// A connection for samples, made again when it is lost: those of requests may all be in use.
pub(super) struct Probe {
    login: PgConnectOptions,
    connection: Option<PgConnection>,
}

impl Probe {
    pub(super) fn new(login: PgConnectOptions) -> Self {
        Self { login, connection: None }
    }

    /// A future that is dropped takes its connection along.
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

/// Samples a replica until nobody reads from it any more.
pub(super) async fn follow_replica(replicas: Weak<Inner>, replica: Weak<Replica>, mut probe: Probe) {
    let (mut failures, mut is_foreign, mut silent_since) = (0, false, Instant::now());
    loop {
        if failures == 0 || failures == FAILURES {
            silent_since = Instant::now();
        }
        let mut sampling = pin!(probe.sample());
        let sampled = timeout_at(silent_since + PATIENCE, sampling.as_mut()).await;
        let is_late = sampled.is_err();
        {
            let (Some(replicas), Some(replica)) = (replicas.upgrade(), replica.upgrade()) else { return };
            failures = match sampled {
                Ok(Ok(sample)) => {
                    if sample.system != replicas.system && !is_foreign {
                        tracing::error!(
                            replica = replica.name,
                            "this replica is of another Postgres cluster: nothing is read from it"
                        );
                    }
                    is_foreign = sample.system != replicas.system;
                    let as_of = replicas.flushes().covered(sample.replayed);
                    replica.stands(sample.state(replicas.system, as_of));
                    0
                }
                Ok(Err(sqlx::Error::Io(error))) if error.kind() == io::ErrorKind::ConnectionRefused => FAILURES,
                Ok(Err(_)) => failures + 1,
                Err(_late) => FAILURES,
            };
            if failures >= FAILURES {
                failures = FAILURES;
                replica.stands(ReplicaState { is_up: false, ..replica.state() });
            }
        }
        if is_late {
            // The connection is kept when the answer comes after all, and the next sample is one of those that count.
            drop(timeout(LONGEST.saturating_sub(PATIENCE), sampling).await);
        }
        clock::sleep(EVERY).await;
    }
}

/// Asks the primary how far its WAL goes, until nobody reads from its replicas any more. A late answer counts: it is of the moment of its question.
pub(super) async fn follow_primary(replicas: Weak<Inner>, primary: Sessions) {
    loop {
        let asked = Instant::now();
        let flushed = timeout(LONGEST, flushed(&primary)).await;
        {
            let Some(replicas) = replicas.upgrade() else { return };
            if let Ok(Ok(Some(lsn))) = flushed {
                replicas.flushes().take(asked, lsn);
            }
        }
        clock::sleep(EVERY).await;
    }
}

async fn flushed(primary: &Sessions) -> Result<Option<i64>, Fault> {
    let statement = Statement::from_string(DbBackend::Postgres, FLUSHED);
    let rows = primary.rows(&Bound::Tenant(TenantId::NIL), statement).await?;
    rows.first().map(Row::scalar).transpose()
}
