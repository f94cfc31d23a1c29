//! Poll for events that other processes wrote: it reads the heads of the tenants that are followed
//! here, and finds what the hints missed.

use std::{sync::Arc, time::Duration};

use entity::{
    prelude::TenantId,
    record::{Record, Selected},
    tables::tenant_counter,
};

use crate::{
    clock, metrics,
    storage::{Committed, Database, Fault},
};

/// Longest delay until a follower learns of another process's change.
const POLL: Duration = Duration::from_secs(1);

/// Polls until the process ends. An SQLite file may have a second process too: a worker, or a
/// command.
pub async fn relay(db: Database) {
    loop {
        clock::sleep(POLL).await;
        let followed = db.announcer().followed();
        metrics::followed(followed.len());
        if followed.is_empty() {
            metrics::journal_lag(0);
            continue;
        }
        match heads(&db, &followed).await {
            Err(fault) => tracing::warn!(error = %fault, "cannot read the heads of the journal"),
            Ok(heads) => metrics::journal_lag(heads.into_iter().map(|(tenant, head)| tell(&db, tenant, head)).max().unwrap_or(0)),
        }
    }
}

/// Announces a head that was not known yet; returns how many events it is ahead of the last event
/// announced to followers.
fn tell(db: &Database, tenant: TenantId, head: i64) -> i64 {
    let Some((known, shared_event)) = db.announcer().known(tenant).filter(|(known, _)| *known < head) else { return 0 };
    db.announcer().announce(Committed { tenant, head, events: Arc::new([]) });
    // No follower can lag behind if nothing was announced of the tenant yet, and an event that was
    // hinted in time is not counted as found by the poll.
    if known == 0 || shared_event >= head {
        return 0;
    }
    metrics::count_found_by_poll();
    head - shared_event
}

#[derive(Record)]
#[record(of = tenant_counter, alias = "tenant_counter")]
struct HeadRow {
    tenant_id: TenantId,
    head: i64,
}

async fn heads(db: &Database, tenants: &[TenantId]) -> Result<Vec<(TenantId, i64)>, Fault> {
    let backend = db.backend();
    let sql = format!("SELECT {} FROM tenant_counter WHERE {}", HeadRow::SELECT, backend.in_ids("tenant_id", 1));
    let rows = db.global().records::<HeadRow>(&sql, vec![backend.ids(tenants.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.tenant_id, row.head)).collect())
}
