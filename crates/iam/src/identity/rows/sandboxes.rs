//! Sandboxes of tenants. A tenant has a limited number of sandbox slots, each for one sandbox.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::tenant,
};
use platform::storage::{Fault, GlobalReads, GlobalWork, Row};

/// The places of a tenant's sandboxes that are taken.
pub async fn taken_slots(db: &impl GlobalReads, live: TenantId) -> Result<Vec<i32>, Fault> {
    let sql = "SELECT sandbox_slot FROM tenant WHERE sandbox_of = $1 ORDER BY sandbox_slot";
    db.rows(sql, vec![live.into()]).await?.iter().map(Row::scalar).collect()
}

/// Maximum seconds of a tenant's sessions: idle, and in total; None is no limit of the tenant.
pub type SessionRules = (Option<i64>, Option<i64>);

#[derive(Record)]
#[record(of = tenant, alias = "tenant")]
struct RulesRow {
    session_idle_seconds: Option<i64>,
    session_seconds: Option<i64>,
}

pub async fn session_rules(db: &impl GlobalReads, tenant: TenantId) -> Result<SessionRules, Fault> {
    let sql = format!("SELECT {} FROM tenant WHERE id = $1", RulesRow::SELECT);
    let row = db.records::<RulesRow>(&sql, vec![tenant.into()]).await?.pop();
    Ok(row.map_or((None, None), |row| (row.session_idle_seconds, row.session_seconds)))
}

/// Sets the tenant that a sandbox belongs to, its slot there, and its session rules.
pub async fn set_sandbox_owner(
    work: &GlobalWork,
    sandbox: TenantId,
    (live, slot): (TenantId, i32),
    (idle_seconds, session_seconds): SessionRules,
) -> Result<(), Fault> {
    let sql =
        "UPDATE tenant SET sandbox_of = $1, sandbox_slot = $2, session_idle_seconds = $3, session_seconds = $4 WHERE id = $5";
    work.change(sql, vec![live.into(), slot.into(), idle_seconds.into(), session_seconds.into(), sandbox.into()]).await?;
    Ok(())
}
