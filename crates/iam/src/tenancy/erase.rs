//! Erasure of a tenant: requested, then a grace period, then every row is deleted in one
//! transaction. The proof of its existence stays: the row of the erasure, the tenant's id and slug,
//! and the head and the signed checkpoints of its audit log.

use std::time::Duration;

use entity::prelude::*;
use platform::{
    clock,
    storage::{Database, Fault, GlobalWork, LockOrder, Reads, Row, Work, journal, run_with_retries},
};

use super::{rows, tables};
use crate::{access, identity};

/// Tables with rows of a user, deleted with the user. Devices and login failures would also go by
/// their foreign keys, which wait for transactions that have locked one.
const USER_TABLES: [&str; 5] = ["backup_code", "totp", "link", "device", "login_failure"];
/// Tables of second factors, in the order in which calls that use or replace a factor lock them.
const FACTORS: [&str; 2] = ["backup_code", "totp"];
/// Tables that calls and jobs lock before the tenant's counter, and the columns that order the
/// locks: the follower of alerts, and master data in the order of calls.
const LOCKED_BEFORE_COUNTER: [(&str, &str); 7] = [
    ("alert_follower", "tenant_id"),
    ("supplier", "id"),
    ("product", "id"),
    ("product_family", "id"),
    ("customer", "id"),
    ("store", "id"),
    ("channel", "id"),
];
/// Number of attempts to delete users whose rows are locked by others, and the time between.
const MAX_ROUNDS: usize = 3;
const ROUND_INTERVAL: Duration = Duration::from_millis(50);
/// Time during which an erasure can be cancelled.
pub const GRACE_SECONDS: i64 = 30 * 24 * 3600;
/// Tables that are kept as proof of the tenant's existence and of its log's integrity.
const KEPT_TABLES: [&str; 3] = ["audit_head", "audit_checkpoint", "tenant_erasure"];
const SELECT_USERS: &str = "SELECT user_id FROM member WHERE tenant_id = $1 ORDER BY user_id";
/// Users who belong to no other tenant.
const SELECT_SINGLE_TENANT_USERS: &str = "SELECT user_id FROM member m WHERE tenant_id = $1
    AND NOT EXISTS (SELECT 1 FROM member o WHERE o.user_id = m.user_id AND o.tenant_id <> $1) ORDER BY user_id";

/// Requests the erasure of a tenant after the grace period; returns its due time. A repeated
/// request returns the same time.
pub async fn request_erasure(db: &Database, tenant: TenantId, requested_by: &str, now: Timestamp) -> Result<Timestamp, Fault> {
    let work = db.tenant(tenant).begin().await?;
    if let Some(request) = rows::erasure(&work).await? {
        work.rollback().await?;
        return Ok(request.due_at);
    }
    let due_at = now.plus_seconds(GRACE_SECONDS);
    rows::insert_erasure(&work, requested_by, now, due_at).await?;
    work.commit().await?;
    Ok(due_at)
}

/// Cancels a requested erasure; returns whether there was one.
pub async fn cancel(db: &Database, tenant: TenantId) -> Result<bool, Fault> {
    let work = db.tenant(tenant).begin().await?;
    let deleted_count = rows::delete_erasure(&work).await?;
    work.commit().await?;
    Ok(deleted_count > 0)
}

/// Whether a tenant was erased.
pub async fn is_done(db: &Database, tenant: TenantId) -> Result<bool, Fault> {
    Ok(rows::erasure(&db.tenant(tenant)).await?.is_some_and(|request| request.erased_at.is_some()))
}

/// Rows and users that an erasure deleted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Erased {
    pub rows: u64,
    /// People who belonged to no other tenant.
    pub users: u64,
}

/// Erases a tenant whose grace period is over. None if no erasure was requested, it is not due yet,
/// or it is done.
///
/// Rows are locked in the order in which changes of members and logins lock them: rights, then
/// users, factors, logins that wait for one, sessions, then members. The tenant's counter is locked
/// before any of the company's rows are deleted: earlier holders of the lock have committed by
/// then, and later ones find no counter. Retried if Postgres aborts it in favour of a call.
///
/// # Errors
/// The database fails.
pub async fn run(db: &Database, tenant: TenantId, now: Timestamp) -> Result<Option<Erased>, Fault> {
    run_with_retries(|| run_once(db, tenant, now)).await
}

async fn run_once(db: &Database, tenant: TenantId, now: Timestamp) -> Result<Option<Erased>, Fault> {
    let tables = tables::of_tenants(&db.global()).await?;
    let order = tables::deletion_order(&db.global(), &tables).await?;
    let global = GlobalWork::from(db.global().maintenance_for(tenant).await?);
    let work = global.tenant();
    let is_due = rows::erasure(work).await?.is_some_and(|request| request.erased_at.is_none() && request.due_at <= now);
    // Marked first: from here on the log's own rows may go.
    if !is_due || rows::mark_erased(work, now).await? == 0 {
        global.rollback().await?;
        return Ok(None);
    }
    // A change of a member calls this first too, and then locks the member, its sessions and its
    // user, in any order.
    access::lock_rights_version(work).await?;
    // Users who belong to other tenants too keep their rows, and log in there meanwhile.
    let single_tenant_users = user_ids(work, SELECT_SINGLE_TENANT_USERS).await?;
    for user in &single_tenant_users {
        identity::rows::lock_password(&global, *user).await?;
    }
    // A call that uses a factor locks it before the session.
    for table in FACTORS {
        let sql = format!("SELECT 1 FROM {table} WHERE user_id = $2 AND $1 = $1{}", work.backend().for_update(table));
        for user in &single_tenant_users {
            work.rows(&sql, vec![(*user).into()]).await?;
        }
    }
    let mut erased = Erased::default();
    // A call that ends a user's sessions locks the pending logins first, in the order of their
    // keys.
    identity::rows::factors::lock_challenges(&global, "tenant_id = $1", vec![tenant.into()]).await?;
    erased.rows += work.execute("DELETE FROM login_challenge WHERE tenant_id = $1", vec![]).await?;
    // Sessions are locked in the order of their IDs, as by every call that ends several, because
    // the deletion takes them in any order. Invitations likewise, by their keys.
    identity::rows::sessions::lock_all_of(&global, tenant).await?;
    identity::rows::invitations::lock_all_of(&global, tenant).await?;
    lock_tenant_rows(work).await?;
    // Users are deleted last, but they are known only while the members exist.
    let users = user_ids(work, SELECT_USERS).await?;
    // Sessions are deleted before members, and both again in their regular place, for those that
    // began meanwhile.
    let in_order = order.iter().map(String::as_str).filter(|table| !KEPT_TABLES.contains(table));
    for table in ["session"].into_iter().chain(in_order) {
        erased.rows += work.execute(&format!("DELETE FROM {table} WHERE tenant_id = $1"), vec![]).await?;
    }
    erased.users = erase_users(work, users).await?;
    let sql = "UPDATE tenant SET name = 'erased', sandbox_of = NULL, sandbox_slot = NULL, version = version + 1, updated_at = $2 WHERE id = $1";
    work.execute(sql, vec![now.micros().into()]).await?;
    global.commit().await?;
    Ok(Some(erased))
}

/// Waits for transactions that hold locks on the tenant's rows, and keeps others from writing until
/// this one ends. Rows inserted by another transaction are seen only after its commit, so nothing
/// is deleted before: they would stay.
async fn lock_tenant_rows(work: &Work) -> Result<(), Fault> {
    // Settings have the tenant's own row before the counter, too.
    rows::settings(work, true).await?;
    for (table, key) in LOCKED_BEFORE_COUNTER {
        work.lock_in_order(LockOrder::for_change(table, key), "true", vec![]).await?;
    }
    journal::hold(work).await
}

async fn user_ids(work: &Work, sql: &str) -> Result<Vec<UserId>, Fault> {
    work.rows(sql, vec![]).await?.iter().map(Row::scalar).collect()
}

/// Erases those of the users who belong to no tenant any more; returns their number.
///
/// The transaction holds locks that others wait for, so it waits for no row of a user here. Users
/// with locked rows (a requested link, a login that ends) are tried again; if rows are still locked
/// then, the account stays, without a tenant.
async fn erase_users(work: &Work, users: Vec<UserId>) -> Result<u64, Fault> {
    let (mut erased, mut remaining) = (0, users);
    for round in 0..MAX_ROUNDS {
        if round > 0 {
            clock::sleep(ROUND_INTERVAL).await;
        }
        let mut skipped = Vec::new();
        for user in remaining {
            match erase_user(work, user).await? {
                Some(count) => erased += count,
                None => skipped.push(user),
            }
        }
        remaining = skipped;
        if remaining.is_empty() {
            break;
        }
    }
    Ok(erased)
}

/// Erases a user who belongs to no tenant any more; 0 if they belong to one. None if another
/// transaction has locked a row of theirs.
async fn erase_user(work: &Work, user: UserId) -> Result<Option<u64>, Fault> {
    let membership_check =
        "SELECT 1 FROM app_user WHERE id = $2 AND $1 = $1 AND NOT EXISTS (SELECT 1 FROM member m WHERE m.user_id = app_user.id)";
    if work.rows(membership_check, vec![user.into()]).await?.is_empty() {
        return Ok(Some(0));
    }
    // While the user's row is locked, no new row can refer to it, so the rows found are complete.
    if !lock_if_free(work, ("app_user", "id"), user).await? {
        return Ok(None);
    }
    for table in USER_TABLES {
        if !lock_if_free(work, (table, "user_id"), user).await? {
            return Ok(None);
        }
    }
    for table in USER_TABLES {
        let sql = format!(
            "DELETE FROM {table} WHERE user_id = $2 AND $1 = $1 AND NOT EXISTS (SELECT 1 FROM member m WHERE m.user_id = {table}.user_id)"
        );
        work.execute(&sql, vec![user.into()]).await?;
    }
    let sql =
        "DELETE FROM app_user WHERE id = $2 AND $1 = $1 AND NOT EXISTS (SELECT 1 FROM member m WHERE m.user_id = app_user.id)";
    Ok(Some(work.execute(sql, vec![user.into()]).await?))
}

/// Locks the rows of a user in a table, by the column that names the user; false if another
/// transaction has locked one of them.
async fn lock_if_free(work: &Work, (table, column): (&str, &str), user: UserId) -> Result<bool, Fault> {
    let (sql, lock) =
        (format!("SELECT 1 FROM {table} WHERE {column} = $2 AND $1 = $1"), work.backend().for_update_if_free(table));
    let free_rows = work.rows(&format!("{sql}{lock}"), vec![user.into()]).await?.len();
    Ok(free_rows == work.rows(&sql, vec![user.into()]).await?.len())
}
