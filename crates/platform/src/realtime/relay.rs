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
    storage::{CommittedEvents, Database, Fault},
};

/// Longest delay until a follower learns of another process's change.
const POLL: Duration = Duration::from_secs(1);

/// Polls until the process ends. An SQLite file may have a second process too: a worker, or a
/// command.
pub async fn relay(db: Database) {
    loop {
        clock::sleep(POLL).await;
        let followed_tenants = db.announcer().followed_tenants();
        metrics::set_followed_tenants(followed_tenants.len());
        if followed_tenants.is_empty() {
            metrics::set_journal_lag(0);
            continue;
        }
        match read_heads(&db, &followed_tenants).await {
            Err(fault) => tracing::warn!(error = %fault, "cannot read the heads of the journal"),
            Ok(heads) => metrics::set_journal_lag(
                heads.into_iter().map(|(tenant, head)| announce_head(&db, tenant, head)).max().unwrap_or(0),
            ),
        }
    }
}

/// Announces a head that was not known yet; returns how many events it is ahead of the last event
/// announced to followers.
fn announce_head(db: &Database, tenant: TenantId, head: i64) -> i64 {
    let Some((known_head, shared_event)) = db.announcer().known_heads(tenant).filter(|(known_head, _)| *known_head < head) else {
        return 0;
    };
    db.announcer().announce(CommittedEvents { tenant, head, events: Arc::new([]) });
    // No follower can lag behind if nothing was announced of the tenant yet, and an event that was
    // hinted in time is not counted as found by the poll.
    if known_head == 0 || shared_event >= head {
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

async fn read_heads(db: &Database, tenants: &[TenantId]) -> Result<Vec<(TenantId, i64)>, Fault> {
    let backend = db.backend();
    let sql = format!("SELECT {} FROM tenant_counter WHERE {}", HeadRow::SELECT, backend.in_ids("tenant_id", 1));
    let rows = db.global().records::<HeadRow>(&sql, vec![backend.ids(tenants.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.tenant_id, row.head)).collect())
}
