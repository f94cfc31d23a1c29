//! Cleanup after a restore to an earlier moment, which revives everything that was ended since. The
//! database cannot tell what that was, so all of it is ended.

use entity::prelude::{MemberId, MemberStatus, SessionId, TenantId, Timestamp, UserId};
use platform::{
    clock::Clock,
    storage::{Database, Fault, GlobalWork},
};

use super::super::{
    password,
    rows::{
        self, factors, invitations, links, members,
        sessions::{self, EndReason, SessionSelection},
    },
};

/// Treatment of passwords after a restore, which brings back the old one of each password that was
/// changed since the backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldPasswordPolicy {
    Keep,
    /// No old password is accepted any more: users choose another by a link that is sent to their
    /// address.
    Reset,
}

/// Numbers of ended sessions, links and passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedCounts {
    pub sessions: usize,
    /// Links for new passwords and addresses, registrations and invitations that waited.
    pub links: usize,
    pub passwords: usize,
}

/// Ends every session, every login that waits for a second factor, and every link that was mailed,
/// of all tenants. Running nodes notice within five seconds. Links that are requested meanwhile end
/// too. Sessions end in batches, each in a transaction of its own; `progress` is called with the
/// number ended so far.
///
/// # Errors
/// The database fails. Sessions that have ended stay ended; another call continues.
pub async fn end_all(
    db: &Database,
    clock: &Clock,
    password_policy: OldPasswordPolicy,
    progress: impl Fn(usize),
) -> Result<EndedCounts, Fault> {
    let (work, now) = (db.global().begin().await?, clock.now());
    // Links are withdrawn before passwords, in a transaction of its own: each locks accounts in the
    // order of their IDs, and no old link sets a password after the second transaction.
    let withdrawn_count = links::invalidate_all(&work, now).await?;
    work.commit().await?;
    // The order of locks is that of a password change, since nodes may be running.
    let work = db.global().begin().await?;
    let passwords = match password_policy {
        OldPasswordPolicy::Keep => 0,
        OldPasswordPolicy::Reset => links::reset_passwords(&work, password::DUMMY_PASSWORD_HASH).await?,
    };
    factors::end_challenges(&work, "expires_at > $1", vec![now.into()], now).await?;
    work.commit().await?;
    let sessions = end_all_sessions(db, now, progress).await?;
    // New links come last: users who were still logged in could request links and invite people.
    let new_link_count = invalidate_new_links(db, clock).await?;
    let (work, now) = (db.global().begin().await?, clock.now());
    let registrations = links::end_registrations(&work, now).await?;
    let links = withdrawn_count + new_link_count + registrations + invitations::expire_all(&work, now).await?;
    work.commit().await?;
    Ok(EndedCounts { sessions, links, passwords })
}

/// Withdraws the links that were requested since all of them were withdrawn; returns their number.
async fn invalidate_new_links(db: &Database, clock: &Clock) -> Result<usize, Fault> {
    let (mut withdrawn_count, mut last_id) = (0, UserId::NIL);
    loop {
        let work = db.global().begin().await?;
        let batch = links::invalidate_after(&work, last_id, clock.now()).await?;
        work.commit().await?;
        let Some((count, id)) = batch else { return Ok(withdrawn_count) };
        (withdrawn_count, last_id) = (withdrawn_count + count, id);
    }
}

/// Ends every active session; returns their number.
async fn end_all_sessions(db: &Database, now: Timestamp, progress: impl Fn(usize)) -> Result<usize, Fault> {
    /// A switch locks the session of the login, and begins one that may sort before it if clocks
    /// differ: the second pass finds that. A session that has ended cannot be switched from, so a
    /// third pass would find new logins only.
    const PASSES: usize = 2;
    let mut ended_count = 0;
    for _ in 0..PASSES {
        let mut last_id = SessionId::NIL;
        loop {
            let work = db.global().begin().await?;
            let batch = sessions::end_next_after(&work, last_id, now).await?;
            work.commit().await?;
            let Some((count, id)) = batch else { break };
            (ended_count, last_id) = (ended_count + count, id);
            progress(ended_count);
        }
    }
    Ok(ended_count)
}

/// Counts the sessions of a tenant that `end_sessions` would end.
///
/// # Errors
/// The database fails.
pub async fn open_sessions(db: &Database, tenant: TenantId) -> Result<i64, Fault> {
    sessions::count_active(&db.global(), tenant).await
}

/// Ends every session with one tenant, and logins to it that wait for a second factor, once the transaction commits; how many sessions. Their refresh tokens
/// are refused with them.
///
/// # Errors
/// The database fails.
pub async fn end_sessions(work: &GlobalWork, tenant: TenantId, now: Timestamp) -> Result<usize, Fault> {
    factors::end_challenges(work, "tenant_id = $1", vec![tenant.into()], now).await?;
    sessions::end_all_of(work, tenant, now).await
}

/// Way in which a membership ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MembershipEnd {
    Suspended,
    /// The member left, or was removed.
    Left,
}

/// Ends a member again who had ended in the lost database, with their sessions, once the
/// transaction commits; false if they have ended in this one, or are not in it. The caller takes
/// the rights of one who left.
///
/// # Errors
/// The database fails.
pub async fn end_member(
    work: &GlobalWork,
    tenant: TenantId,
    member: MemberId,
    end: MembershipEnd,
    now: Timestamp,
) -> Result<bool, Fault> {
    let Some((membership, has_left)) = members::lock(work, tenant, member).await? else { return Ok(false) };
    if has_left || (end == MembershipEnd::Suspended && membership.status != MemberStatus::Active) {
        return Ok(false);
    }
    match end {
        MembershipEnd::Suspended => members::set_status(work, tenant, member, MemberStatus::Suspended, now).await?,
        MembershipEnd::Left => members::mark_left(work, tenant, member, now).await?,
    }
    sessions::end(work, SessionSelection::OfMember(tenant, member), EndReason::Member, now).await?;
    Ok(true)
}

/// Removes the second factors of users whose sealed secrets are lost, and ends their sessions:
/// their passwords alone log them in, until they enrol another. Each user has a transaction, so
/// that no lock on one user is held while another's is awaited.
///
/// # Errors
/// The database fails. The factors of earlier users are removed by then; another call continues.
pub async fn remove_factors(
    db: &Database,
    clock: &Clock,
    users: &[UserId],
    is_lost: impl Fn(&[u8]) -> bool,
) -> Result<(), Fault> {
    for user in users {
        let work = db.global().begin().await?;
        rows::lock_password(&work, *user).await?;
        // A user who has enrolled another authenticator since the search keeps it.
        if !factors::totp(&work, *user).await?.seed.is_some_and(|seed| is_lost(&seed)) {
            work.rollback().await?;
            continue;
        }
        factors::remove(&work, *user).await?;
        sessions::end(&work, SessionSelection::OfUser(*user), EndReason::Factor, clock.now()).await?;
        work.commit().await?;
    }
    Ok(())
}
