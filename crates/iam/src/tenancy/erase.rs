//! Erasing a tenant: asked for, a time of grace, then every row in one transaction. What stays is that there was one: the row of the
//! erasure, the tenant's id and slug, and the head and the signed checkpoints of its audit log.

use std::time::Duration;

use entity::prelude::*;
use platform::{
    clock,
    storage::{Database, Fault, GlobalWork, LockOrder, Reads, Row, Work, journal, retried},
};

use super::{rows, tables};
use crate::{access, identity};

/// What people have besides their row: it goes with them. Devices and failures would also go by their foreign keys, which wait for whoever has one.
const OF_USERS: [&str; 5] = ["backup_code", "totp", "link", "device", "login_failure"];
/// Their second factors, in the order in which whoever shows or replaces one locks them.
const FACTORS: [&str; 2] = ["backup_code", "totp"];
/// What calls and jobs lock before the tenant's counter, and by which column: the follower of alerts, and master data in the order of calls.
const BEFORE_COUNTER: [(&str, &str); 7] = [
    ("alert_follower", "tenant_id"),
    ("supplier", "id"),
    ("product", "id"),
    ("product_family", "id"),
    ("customer", "id"),
    ("store", "id"),
    ("channel", "id"),
];
/// How often users are looked at whose rows somebody else has, and the time between.
const ROUNDS: usize = 3;
const BETWEEN_ROUNDS: Duration = Duration::from_millis(50);
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
/// Rows are locked in the order in which changes of members and logins lock them: rights, then users, factors, logins that wait for one, sessions, then members.
/// The tenant's counter is locked before anything of the company is deleted: whoever has it has committed by then, and whoever wants it finds none afterwards.
/// Begun again where Postgres undid it in favour of a call.
///
/// # Errors
/// The database fails.
pub async fn run(db: &Database, tenant: TenantId, now: Timestamp) -> Result<Option<Erased>, Fault> {
    retried(|| run_once(db, tenant, now)).await
}

async fn run_once(db: &Database, tenant: TenantId, now: Timestamp) -> Result<Option<Erased>, Fault> {
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
    let lone = user_ids(work, LONE_USERS).await?;
    for user in &lone {
        identity::rows::lock_password(&global, *user).await?;
    }
    // Whoever shows a factor has it before the session.
    for table in FACTORS {
        let sql = format!("SELECT 1 FROM {table} WHERE user_id = $2 AND $1 = $1{}", work.backend().for_update(table));
        for user in &lone {
            work.rows(&sql, vec![(*user).into()]).await?;
        }
    }
    let mut erased = Erased::default();
    // Whoever ends somebody's sessions has the logins that wait for a factor before, in the order of their keys.
    identity::rows::factors::hold_challenges(&global, "tenant_id = $1", vec![tenant.into()]).await?;
    erased.rows += work.execute("DELETE FROM login_challenge WHERE tenant_id = $1", vec![]).await?;
    // In the order of their IDs, as whoever ends several: the deletion takes them as it finds them. So with invitations, by their keys.
    identity::rows::sessions::hold_all_of(&global, tenant).await?;
    identity::rows::invitations::hold_all_of(&global, tenant).await?;
    hold_company(work).await?;
    // People go last, but who they are is known only while the members are there.
    let users = user_ids(work, USERS).await?;
    // Sessions come before members, and both of these once more in their place for those that began meanwhile.
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

/// Waits for the calls that have something of the tenant, and keeps others from writing until the transaction ends. What one has inserted is seen once it is
/// committed, so nothing is deleted before: it would stay.
async fn hold_company(work: &Work) -> Result<(), Fault> {
    // Settings have the tenant's own row before the counter, too.
    rows::settings(work, true).await?;
    for (table, key) in BEFORE_COUNTER {
        work.lock_in_order(LockOrder::for_change(table, key), "true", vec![]).await?;
    }
    journal::hold(work).await
}

async fn user_ids(work: &Work, sql: &str) -> Result<Vec<UserId>, Fault> {
    work.rows(sql, vec![]).await?.iter().map(Row::scalar).collect()
}

/// Erases those of the users who belong to no tenant any more; how many.
///
/// The transaction holds what others wait for, so here it waits for no row of a user. Where somebody has one, as who asks for a link or a login that ends,
/// they are looked at again; where that is still so, the account stays, without a tenant.
async fn erase_users(work: &Work, users: Vec<UserId>) -> Result<u64, Fault> {
    let (mut erased, mut left) = (0, users);
    for round in 0..ROUNDS {
        if round > 0 {
            clock::sleep(BETWEEN_ROUNDS).await;
        }
        let mut held = Vec::new();
        for user in left {
            match erase_user(work, user).await? {
                Some(count) => erased += count,
                None => held.push(user),
            }
        }
        left = held;
        if left.is_empty() {
            break;
        }
    }
    Ok(erased)
}

/// Erases a user who belongs to no tenant any more; 0 where they belong to one. None where somebody else has a row of theirs.
async fn erase_user(work: &Work, user: UserId) -> Result<Option<u64>, Fault> {
    let lone =
        "SELECT 1 FROM app_user WHERE id = $2 AND $1 = $1 AND NOT EXISTS (SELECT 1 FROM member m WHERE m.user_id = app_user.id)";
    if work.rows(lone, vec![user.into()]).await?.is_empty() {
        return Ok(Some(0));
    }
    // From then on nobody refers to them anew, so what is found of theirs is all there is.
    if !lock_if_free(work, ("app_user", "id"), user).await? {
        return Ok(None);
    }
    for table in OF_USERS {
        if !lock_if_free(work, (table, "user_id"), user).await? {
            return Ok(None);
        }
    }
    for table in OF_USERS {
        let sql = format!(
            "DELETE FROM {table} WHERE user_id = $2 AND $1 = $1 AND NOT EXISTS (SELECT 1 FROM member m WHERE m.user_id = {table}.user_id)"
        );
        work.execute(&sql, vec![user.into()]).await?;
    }
    let sql =
        "DELETE FROM app_user WHERE id = $2 AND $1 = $1 AND NOT EXISTS (SELECT 1 FROM member m WHERE m.user_id = app_user.id)";
    Ok(Some(work.execute(sql, vec![user.into()]).await?))
}

/// Locks the rows of a user in a table, by the column that names the user; false where somebody else has one of them.
async fn lock_if_free(work: &Work, (table, column): (&str, &str), user: UserId) -> Result<bool, Fault> {
    let (sql, lock) =
        (format!("SELECT 1 FROM {table} WHERE {column} = $2 AND $1 = $1"), work.backend().for_update_if_free(table));
    let free = work.rows(&format!("{sql}{lock}"), vec![user.into()]).await?.len();
    Ok(free == work.rows(&sql, vec![user.into()]).await?.len())
}
