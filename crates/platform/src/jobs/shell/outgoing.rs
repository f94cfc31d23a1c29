//! Jobs with an effect outside the deployment: held after a restore until the operator decides.

use entity::{prelude::*, record::TableRecord, tables::OutgoingHold};

use super::{super::rows, service::Jobs};
use crate::storage::{Fault, Global, Reads, Work};

impl Jobs {
    /// Returns the hold of jobs with an outside effect; None if they run normally.
    pub async fn outgoing_hold(&self) -> Result<Option<OutgoingHold>, Fault> {
        outgoing_hold(&self.database().global()).await
    }
}

/// Returns the hold, for callers without a `Jobs`.
pub async fn outgoing_hold(global: &Global) -> Result<Option<OutgoingHold>, Fault> {
    let sql = format!("SELECT {} FROM outgoing_hold", OutgoingHold::select(""));
    Ok(global.records::<OutgoingHold>(&sql, vec![]).await?.pop())
}

/// Holds jobs with an outside effect from now on: each worker finds the hold at its next look. An
/// existing hold keeps its start.
pub async fn hold_outgoing(global: &Global, reason: &str, now: Timestamp) -> Result<(), Fault> {
    let sql = "INSERT INTO outgoing_hold (scope, held_at, reason) VALUES ('DEPLOYMENT', $1, $2)
               ON CONFLICT (scope) DO UPDATE SET reason = excluded.reason";
    let work = global.begin().await?;
    work.change(sql, vec![now.micros().into(), reason.into()]).await?;
    work.commit().await
}

/// Ends the hold; false if there was none.
pub async fn release_outgoing(global: &Global) -> Result<bool, Fault> {
    let work = global.begin().await?;
    let released = work.change("DELETE FROM outgoing_hold WHERE scope = 'DEPLOYMENT'", vec![]).await?;
    work.commit().await?;
    Ok(released > 0)
}

/// Makes a tenant's queued jobs of these kinds dead if they wait or run and were created by
/// `until`; returns their count. The workers then find that they no longer hold them.
pub async fn abandon_all(work: &Work, kinds: &[&str], error: &str, until: Timestamp, now: Timestamp) -> Result<u64, Fault> {
    let backend = work.backend();
    let kinds_condition = backend.in_texts("kind", 2);
    let condition = format!("period IS NULL AND state IN ('WAITING', 'RUNNING') AND created_at <= $3 AND {kinds_condition}");
    let values = vec![backend.texts(kinds.iter().copied()), until.micros().into()];
    work.lock_in_order(rows::LOCKS, &condition, values.clone()).await?;
    let sql =
        format!("UPDATE job SET state = 'DEAD', owner = NULL, error = $4, finished_at = $5 WHERE tenant_id = $1 AND {condition}");
    work.execute(&sql, [values, vec![error.into(), now.micros().into()]].concat()).await
}
