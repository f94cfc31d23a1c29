//! Which tenants are sandboxes of which. A tenant has so many places for them, and no two stand in one.

use entity::prelude::*;

use crate::storage::{Fault, GlobalReads, GlobalWork, Row};

/// The places of a tenant's sandboxes that are taken.
pub async fn slots(db: &impl GlobalReads, live: TenantId) -> Result<Vec<i32>, Fault> {
    let sql = "SELECT sandbox_slot FROM tenant WHERE sandbox_of = $1 ORDER BY sandbox_slot";
    db.rows(sql, vec![live.into()]).await?.iter().map(|row| Row::new(row).take()).collect()
}

/// Says which tenant a sandbox belongs to, and gives it that tenant's rules of sessions.
pub async fn belongs(work: &GlobalWork, sandbox: TenantId, live: TenantId, slot: i32) -> Result<(), Fault> {
    let sql = "UPDATE tenant SET sandbox_of = $1, sandbox_slot = $2,
         session_idle_seconds = (SELECT l.session_idle_seconds FROM tenant l WHERE l.id = $1),
         session_seconds = (SELECT l.session_seconds FROM tenant l WHERE l.id = $1) WHERE id = $3";
    work.change(sql, vec![live.into(), slot.into(), sandbox.into()]).await?;
    Ok(())
}
