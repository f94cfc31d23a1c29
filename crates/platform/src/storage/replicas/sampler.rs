//! Sampling of the replicas and their primary, ten times a second.

use std::{io, pin::pin, sync::Weak, time::Duration};

use entity::prelude::TenantId;
use sea_orm::{DbBackend, Statement, sqlx};
use tokio::time::{Instant, timeout, timeout_at};

use super::{pool::Replica, probe::Probe, replica_set::Inner, state::ReplicaState};
use crate::{
    clock,
    storage::{
        Fault, Row,
        sessions::{Bound, Sessions},
    },
};

/// Time between two samples.
const SAMPLE_INTERVAL: Duration = Duration::from_millis(100);
/// Time without a response after which a replica is left out; with the pause before it less than a
/// second. If a sample fails, the next one has only the rest of this time.
const SAMPLE_TIMEOUT: Duration = Duration::from_millis(700);
/// Timeout of a response. A connection over a slow network takes as long as several responses to
/// open, and must not be given up and opened again each time.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);
/// Consecutive failed samples before a replica is left out. A refused connection, or no answer, is
/// enough by itself.
const FAILURES: u32 = 2;

/// Flushed position. It can be replayed, and is the end of a record; an inserted position may lie
/// beyond.
const FLUSHED: &str = "SELECT (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint";

/// Samples a replica until its handles are dropped.
pub(super) async fn follow_replica(replicas: Weak<Inner>, replica: Weak<Replica>, mut probe: Probe) {
    let (mut failures, mut is_foreign, mut silent_since) = (0, false, Instant::now());
    loop {
        if failures == 0 || failures == FAILURES {
            silent_since = Instant::now();
        }
        let mut sampling = pin!(probe.sample());
        let sampled = timeout_at(silent_since + SAMPLE_TIMEOUT, sampling.as_mut()).await;
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
                    let as_of = replicas.flushes().replayed_until(sample.replayed);
                    replica.set_state(sample.state(replicas.system, as_of));
                    0
                }
                Ok(Err(sqlx::Error::Io(error))) if error.kind() == io::ErrorKind::ConnectionRefused => FAILURES,
                Ok(Err(_)) => failures + 1,
                Err(_late) => FAILURES,
            };
            if failures >= FAILURES {
                failures = FAILURES;
                replica.set_state(ReplicaState { is_up: false, ..replica.state() });
            }
        }
        if is_late {
            // A late answer keeps the connection, and its next sample counts.
            drop(timeout(RESPONSE_TIMEOUT.saturating_sub(SAMPLE_TIMEOUT), sampling).await);
        }
        clock::sleep(SAMPLE_INTERVAL).await;
    }
}

/// Samples the primary's WAL position until the handles of its replicas are dropped. A late answer
/// counts, with the time of its query.
pub(super) async fn follow_primary(replicas: Weak<Inner>, primary: Sessions) {
    loop {
        let sampled_at = Instant::now();
        let response = timeout(RESPONSE_TIMEOUT, read_flush_position(&primary)).await;
        {
            let Some(replicas) = replicas.upgrade() else { return };
            if let Ok(Ok(Some(lsn))) = response {
                replicas.flushes().take(sampled_at, lsn);
            }
        }
        clock::sleep(SAMPLE_INTERVAL).await;
    }
}

async fn read_flush_position(primary: &Sessions) -> Result<Option<i64>, Fault> {
    let statement = Statement::from_string(DbBackend::Postgres, FLUSHED);
    let rows = primary.rows(&Bound::Tenant(TenantId::NIL), statement).await?;
    rows.first().map(Row::scalar).transpose()
}
