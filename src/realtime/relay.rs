//! What other processes wrote: a poll of the heads of the tenants that are followed here.

use std::{collections::HashMap, sync::Arc, time::Duration};

use entity::prelude::TenantId;

use crate::{
    clock,
    storage::{Backend, Committed, Database, Fault, Row},
};

/// How long a follower may wait to hear of another process's change.
const POLL: Duration = Duration::from_secs(1);

/// Polls until the process ends. A single process on SQLite has nobody else to hear of.
pub async fn relay(db: Database) {
    if db.backend() == Backend::Sqlite {
        return;
    }
    let mut known: HashMap<TenantId, i64> = HashMap::new();
    loop {
        clock::sleep(POLL).await;
        let followed = db.announcer().followed();
        known.retain(|tenant, _| followed.contains(tenant));
        if followed.is_empty() {
            continue;
        }
        match heads(&db, &followed).await {
            Err(fault) => tracing::warn!(error = %fault, "cannot read the heads of the journal"),
            Ok(heads) => {
                for (tenant, head) in heads {
                    if known.insert(tenant, head) != Some(head) {
                        db.announcer().announce(Committed { tenant, head, events: Arc::new([]) });
                    }
                }
            }
        }
    }
}

async fn heads(db: &Database, tenants: &[TenantId]) -> Result<Vec<(TenantId, i64)>, Fault> {
    let backend = db.backend();
    let sql = format!("SELECT tenant_id, head FROM tenant_counter WHERE {}", backend.in_ids("tenant_id", 1));
    let rows = db.global().rows(&sql, vec![backend.ids(tenants.iter().copied())]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok((row.take()?, row.take()?))
        })
        .collect()
}
