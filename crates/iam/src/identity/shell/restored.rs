//! After the database was restored to an earlier moment, when all that was ended since is good again: it cannot know what that was, so all of it ends.

use entity::prelude::{MemberId, MemberStatus, SessionId, TenantId, Timestamp, UserId};
use platform::{
    clock::Clock,
    storage::{Database, Fault, GlobalWork},
};

use super::super::{
    password,
    rows::{
        self, factors, invitations, links, members,
        sessions::{self, EndReason, Which},
    },
};

/// What becomes of passwords: those that were changed since the backup are the old ones again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldPasswords {
    Keep,
    /// None is accepted any more: people choose another by a link that is sent to their address.
    Reset,
}

/// How much was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    pub sessions: usize,
    /// Links for new passwords and addresses, registrations and invitations that waited.
    pub links: usize,
    pub passwords: usize,
}

/// Ends every session, every login that waits for a second factor, and every link that was mailed, of all tenants. Nodes that run notice within five seconds.
/// A link that is asked for meanwhile ends too.
/// Sessions end in batches, each in a transaction of its own; `progress` is told how many have ended by then.
///
/// # Errors
/// The database fails. What has ended by then stays so; called again, it goes on.
pub async fn end_all(db: &Database, clock: &Clock, old: OldPasswords, progress: impl Fn(usize)) -> Result<Ended, Fault> {
    let (work, now) = (db.global().begin().await?, clock.now());
    // Before passwords, in a transaction of its own: each locks accounts in the order of their IDs, and no old link sets a password behind the second one.
    let withdrawn = links::withdraw_all(&work, now).await?;
    work.commit().await?;
    // In the order in which whoever sets a new password takes them: nodes may run.
    let work = db.global().begin().await?;
    let passwords = match old {
        OldPasswords::Keep => 0,
        OldPasswords::Reset => links::reset_passwords(&work, password::NOBODY).await?,
    };
    factors::end_challenges(&work, "expires_at > $1", vec![now.into()], now).await?;
    work.commit().await?;
    let sessions = end_all_sessions(db, now, progress).await?;
    // Last: whoever is still logged in may ask for links and invite people.
    let asked_for = withdraw_new(db, clock).await?;
    let (work, now) = (db.global().begin().await?, clock.now());
    let registrations = links::end_registrations(&work, now).await?;
    let links = withdrawn + asked_for + registrations + invitations::expire_all(&work, now).await?;
    work.commit().await?;
    Ok(Ended { sessions, links, passwords })
}

/// Withdraws the links that were asked for since all of them were withdrawn; how many.
async fn withdraw_new(db: &Database, clock: &Clock) -> Result<usize, Fault> {
    let (mut withdrawn, mut last) = (0, UserId::NIL);
    loop {
        let work = db.global().begin().await?;
        let batch = links::withdraw_behind(&work, last, clock.now()).await?;
        work.commit().await?;
        let Some((count, id)) = batch else { return Ok(withdrawn) };
        (withdrawn, last) = (withdrawn + count, id);
    }
}

/// Ends every session that goes on; how many.
async fn end_all_sessions(db: &Database, now: Timestamp, progress: impl Fn(usize)) -> Result<usize, Fault> {
    /// Whoever switches holds the session of the login, and begins one that may come before it, where clocks differ: the second time finds that. None is
    /// switched to from a session that has ended, so that a third time would find new logins alone.
    const TIMES: usize = 2;
    let mut ended = 0;
    for _ in 0..TIMES {
        let mut last = SessionId::NIL;
        loop {
            let work = db.global().begin().await?;
            let batch = sessions::end_behind(&work, last, now).await?;
            work.commit().await?;
            let Some((count, id)) = batch else { break };
            (ended, last) = (ended + count, id);
            progress(ended);
        }
    }
    Ok(ended)
}

/// How many sessions with a tenant `end_sessions` would end.
///
/// # Errors
/// The database fails.
pub async fn open_sessions(db: &Database, tenant: TenantId) -> Result<i64, Fault> {
    sessions::count_of(&db.global(), tenant).await
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

/// How a member ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberEnd {
    Suspended,
    /// They left, or were removed.
    Left,
}

/// Ends a member again who had ended in the database that is lost, with their sessions, once the transaction commits; false where they have ended in this one, or
/// are not in it. The rights of one who left are the caller's to take.
///
/// # Errors
/// The database fails.
pub async fn end_member(
    work: &GlobalWork,
    tenant: TenantId,
    member: MemberId,
    end: MemberEnd,
    now: Timestamp,
) -> Result<bool, Fault> {
    let Some((found, has_left)) = members::lock(work, tenant, member).await? else { return Ok(false) };
    if has_left || (end == MemberEnd::Suspended && found.status != MemberStatus::Active) {
        return Ok(false);
    }
    match end {
        MemberEnd::Suspended => members::set_status(work, tenant, member, MemberStatus::Suspended, now).await?,
        MemberEnd::Left => members::set_left(work, tenant, member, now).await?,
    }
    sessions::end(work, Which::OfMember(tenant, member), EndReason::Member, now).await?;
    Ok(true)
}

/// Removes the second factors of users, where their sealed secrets are lost, and ends their sessions: their passwords alone let them in, until they enrol
/// another. Each user has a transaction, so that nothing of one is held while another's is waited for.
///
/// # Errors
/// The database fails. Those who come before have none by then; called again, it goes on.
pub async fn remove_factors(
    db: &Database,
    clock: &Clock,
    users: &[UserId],
    is_lost: impl Fn(&[u8]) -> bool,
) -> Result<(), Fault> {
    for user in users {
        let work = db.global().begin().await?;
        rows::lock_password(&work, *user).await?;
        // Whoever has enrolled another one since they were looked for keeps it.
        if !factors::totp(&work, *user).await?.seed.is_some_and(|seed| is_lost(&seed)) {
            work.rollback().await?;
            continue;
        }
        factors::remove(&work, *user).await?;
        sessions::end(&work, Which::OfUser(*user), EndReason::Factor, clock.now()).await?;
        work.commit().await?;
    }
    Ok(())
}
