//! Erasing a tenant: asked for, a time of grace, then every row in one transaction. What stays is that there was one: the row of the
//! erasure, the tenant's id and slug, and the head and the signed checkpoints of its audit log.

use entity::prelude::*;
use platform::storage::{Database, Fault, Reads, Row};

use super::{rows, tables};

/// What people have besides their row: it goes with them.
const OF_USERS: [&str; 3] = ["backup_code", "totp", "link"];
/// How long an erasure can be taken back.
pub const GRACE_SECONDS: i64 = 30 * 24 * 3600;
/// Tables that keep what proves that there was a tenant, and that its log was whole.
const KEPT: [&str; 3] = ["audit_head", "audit_checkpoint", "tenant_erasure"];

/// Asks for a tenant to be erased when the grace is over; says when that is. Asked again, it says the same.
pub async fn ask(db: &Database, tenant: TenantId, by: &str, now: Timestamp) -> Result<Timestamp, Fault> {
    let work = db.tenant(tenant).begin().await?;
    if let Some(asked) = rows::erasure(&work).await? {
        work.rollback().await?;
        return Ok(asked.due_at);
    }
    let due_at = now.plus_seconds(GRACE_SECONDS);
    rows::ask_erasure(&work, by, now, due_at).await?;
    work.commit().await?;
    Ok(due_at)
}

/// Takes an erasure back; says whether there was one to take back.
pub async fn cancel(db: &Database, tenant: TenantId) -> Result<bool, Fault> {
    let work = db.tenant(tenant).begin().await?;
    let taken = rows::take_erasure_back(&work).await?;
    work.commit().await?;
    Ok(taken > 0)
}

/// Whether a tenant was erased.
pub async fn is_done(db: &Database, tenant: TenantId) -> Result<bool, Fault> {
    Ok(rows::erasure(&db.tenant(tenant)).await?.is_some_and(|asked| asked.erased_at.is_some()))
}

/// What an erasure took away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Erased {
    pub rows: u64,
    /// People who belonged to no other tenant.
    pub users: u64,
}

/// Erases a tenant whose grace is over. None when nobody asked, or it is too early, or it is done.
pub async fn run(db: &Database, tenant: TenantId, now: Timestamp) -> Result<Option<Erased>, Fault> {
    let tables = tables::of_tenants(&db.global()).await?;
    let order = tables::children_first(&db.global(), &tables).await?;
    let work = db.global().maintenance_for(tenant).await?;
    let is_due = rows::erasure(&work).await?.is_some_and(|asked| asked.erased_at.is_none() && asked.due_at <= now);
    // Marked first: from here on the log's own rows may go.
    if !is_due || rows::mark_erased(&work, now).await? == 0 {
        work.rollback().await?;
        return Ok(None);
    }
    let mut erased = Erased::default();
    // People go last, but who they are is known only while the members are there.
    let names = "SELECT user_id FROM member WHERE tenant_id = $1";
    let users: Vec<UserId> = {
        let found = work.rows(names, vec![]).await?;
        found.iter().map(Row::scalar).collect::<Result<_, _>>()?
    };
    for table in order.iter().filter(|table| !KEPT.contains(&table.as_str())) {
        erased.rows += work.execute(&format!("DELETE FROM {table} WHERE tenant_id = $1"), vec![]).await?;
    }
    for user in users {
        for table in OF_USERS {
            let sql = format!(
                "DELETE FROM {table} WHERE user_id = $2 AND $1 = $1 AND NOT EXISTS (SELECT 1 FROM member m WHERE m.user_id = {table}.user_id)"
            );
            work.execute(&sql, vec![user.into()]).await?;
        }
        let sql = "DELETE FROM app_user WHERE id = $2 AND $1 = $1 AND NOT EXISTS (SELECT 1 FROM member m WHERE m.user_id = app_user.id)";
        erased.users += work.execute(sql, vec![user.into()]).await?;
    }
    let sql = "UPDATE tenant SET name = 'erased', sandbox_of = NULL, sandbox_slot = NULL, version = version + 1, updated_at = $2 WHERE id = $1";
    work.execute(sql, vec![now.micros().into()]).await?;
    work.commit().await?;
    Ok(Some(erased))
}
