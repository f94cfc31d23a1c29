//! Erasing a tenant: asked for, a time of grace, then every row in one transaction. What stays is that there was one: the row of the
//! erasure, the tenant's id and slug, and the head and the signed checkpoints of its audit log.

use entity::prelude::*;
use platform::storage::{Database, Fault, GlobalWork, Reads, Row, Work};

use super::{rows, tables};
use crate::{access, identity};

/// What people have besides their row: it goes with them.
const OF_USERS: [&str; 3] = ["backup_code", "totp", "link"];
/// How long an erasure can be taken back.
pub const GRACE_SECONDS: i64 = 30 * 24 * 3600;
/// Tables that keep what proves that there was a tenant, and that its log was whole.
const KEPT: [&str; 3] = ["audit_head", "audit_checkpoint", "tenant_erasure"];
const USERS: &str = "SELECT user_id FROM member WHERE tenant_id = $1 ORDER BY user_id";
/// Users who belong to no other tenant.
const LONE_USERS: &str = "SELECT user_id FROM member m WHERE tenant_id = $1
    AND NOT EXISTS (SELECT 1 FROM member o WHERE o.user_id = m.user_id AND o.tenant_id <> $1) ORDER BY user_id";

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
///
/// Rows are locked in the order in which changes of members and logins lock them: rights, then users, then sessions, then members.
///
/// # Errors
/// The database fails.
pub async fn run(db: &Database, tenant: TenantId, now: Timestamp) -> Result<Option<Erased>, Fault> {
    let tables = tables::of_tenants(&db.global()).await?;
    let order = tables::children_first(&db.global(), &tables).await?;
    let global = GlobalWork::from(db.global().maintenance_for(tenant).await?);
    let work = global.tenant();
    let is_due = rows::erasure(work).await?.is_some_and(|asked| asked.erased_at.is_none() && asked.due_at <= now);
    // Marked first: from here on the log's own rows may go.
    if !is_due || rows::mark_erased(work, now).await? == 0 {
        global.rollback().await?;
        return Ok(None);
    }
    // Whoever changes a member has said so first, and takes the member, its sessions and its user after that, in whichever order.
    access::rights_change(work).await?;
    // Users who belong to other tenants too keep their rows, and log in there meanwhile.
    for user in user_ids(work, LONE_USERS).await? {
        identity::rows::lock_password(&global, user).await?;
    }
    // People go last, but who they are is known only while the members are there.
    let users = user_ids(work, USERS).await?;
    let mut erased = Erased::default();
    // Sessions come before members, and once more in their place for those that began meanwhile.
    let in_order = order.iter().map(String::as_str).filter(|table| !KEPT.contains(table));
    for table in ["session"].into_iter().chain(in_order) {
        erased.rows += work.execute(&format!("DELETE FROM {table} WHERE tenant_id = $1"), vec![]).await?;
    }
    erased.users = erase_users(work, users).await?;
    let sql = "UPDATE tenant SET name = 'erased', sandbox_of = NULL, sandbox_slot = NULL, version = version + 1, updated_at = $2 WHERE id = $1";
    work.execute(sql, vec![now.micros().into()]).await?;
    global.commit().await?;
    Ok(Some(erased))
}

async fn user_ids(work: &Work, sql: &str) -> Result<Vec<UserId>, Fault> {
    work.rows(sql, vec![]).await?.iter().map(Row::scalar).collect()
}

/// Erases those of the users who belong to no tenant any more; how many.
///
/// Users who left their last other tenant after the erasure began are not locked yet, and members are: here nothing may wait for a row of `app_user`.
/// Where a login has it at this moment, the account stays, without a tenant.
async fn erase_users(work: &Work, users: Vec<UserId>) -> Result<u64, Fault> {
    let mut erased = 0;
    let lock = work.backend().for_change_if_free("app_user");
    let lone =
        "SELECT 1 FROM app_user WHERE id = $2 AND $1 = $1 AND NOT EXISTS (SELECT 1 FROM member m WHERE m.user_id = app_user.id)";
    for user in users {
        if work.rows(&format!("{lone}{lock}"), vec![user.into()]).await?.is_empty() {
            continue;
        }
        for table in OF_USERS {
            let sql = format!(
                "DELETE FROM {table} WHERE user_id = $2 AND $1 = $1 AND NOT EXISTS (SELECT 1 FROM member m WHERE m.user_id = {table}.user_id)"
            );
            work.execute(&sql, vec![user.into()]).await?;
        }
        let sql = "DELETE FROM app_user WHERE id = $2 AND $1 = $1 AND NOT EXISTS (SELECT 1 FROM member m WHERE m.user_id = app_user.id)";
        erased += work.execute(sql, vec![user.into()]).await?;
    }
    Ok(erased)
}
