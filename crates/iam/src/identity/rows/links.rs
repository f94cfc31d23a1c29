//! Links that were mailed, and registrations that wait for one: global tables. Only the SHA-256 of
//! a link is stored.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{link, registration},
};
use platform::storage::{Fault, GlobalReads, GlobalWork, LockOrder, Row};

use super::delete_unlocked;

/// The order of locks on accounts: a transaction that changes links of several locks them first.
const ACCOUNT_LOCK_ORDER: LockOrder = LockOrder::for_change("app_user", "id");

/// Purpose of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPurpose {
    Reset,
    Verify,
}

impl LinkPurpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Reset => "RESET",
            Self::Verify => "VERIFY",
        }
    }
}

/// Inserts a link, in a transaction that holds its account's lock: an end of the account's sessions
/// comes after it and withdraws it, or is done before.
pub async fn insert_link(
    work: &GlobalWork,
    hash: [u8; 32],
    link_purpose: LinkPurpose,
    user: UserId,
    (now, expires_at): (Timestamp, Timestamp),
) -> Result<(), Fault> {
    let row = link::Model {
        hash: hash.to_vec(),
        purpose: link_purpose.as_str().to_owned(),
        user_id: user,
        created_at: now,
        expires_at,
        used_at: None,
    };
    work.tenant().insert_global::<link::Entity>(row).await
}

/// Returns the user of a link, if it can still be used.
pub async fn user_of(
    db: &impl GlobalReads,
    hash: [u8; 32],
    link_purpose: LinkPurpose,
    now: Timestamp,
) -> Result<Option<UserId>, Fault> {
    let sql = "SELECT user_id FROM link WHERE hash = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3";
    let rows = db.rows(sql, vec![hash.to_vec().into(), link_purpose.as_str().into(), now.into()]).await?;
    rows.first().map(Row::scalar).transpose()
}

/// Uses a link up: only one of many calls at once does.
pub async fn consume(work: &GlobalWork, hash: [u8; 32], link_purpose: LinkPurpose, now: Timestamp) -> Result<bool, Fault> {
    let sql = "UPDATE link SET used_at = $1 WHERE hash = $2 AND purpose = $3 AND used_at IS NULL AND expires_at > $1";
    Ok(work.change(sql, vec![now.into(), hash.to_vec().into(), link_purpose.as_str().into()]).await? == 1)
}

/// Invalidates the user's other links of the same purpose.
pub async fn invalidate(work: &GlobalWork, user: UserId, link_purpose: LinkPurpose, now: Timestamp) -> Result<(), Fault> {
    let sql = "UPDATE link SET used_at = $1 WHERE user_id = $2 AND purpose = $3 AND used_at IS NULL";
    work.change(sql, vec![now.into(), user.into(), link_purpose.as_str().into()]).await?;
    Ok(())
}

/// Withdraws all registrations that wait for their link; how many.
pub async fn end_registrations(work: &GlobalWork, now: Timestamp) -> Result<usize, Fault> {
    work.lock_in_order(LockOrder::for_update("registration", "hash"), "expires_at > $1", vec![now.into()]).await?;
    work.change("DELETE FROM registration WHERE expires_at > $1", vec![now.into()]).await
}

/// Withdraws all links that were mailed and all registrations that wait for one; how many.
pub async fn invalidate_all(work: &GlobalWork, now: Timestamp) -> Result<usize, Fault> {
    // Registrations are locked before accounts, in the same order as when a registration is
    // completed.
    let registrations = end_registrations(work, now).await?;
    let open = "used_at IS NULL AND expires_at > $1";
    work.lock_in_order(ACCOUNT_LOCK_ORDER, &format!("id IN (SELECT user_id FROM link WHERE {open})"), vec![now.into()]).await?;
    let links = work.change(&format!("UPDATE link SET used_at = $1 WHERE {open}"), vec![now.into()]).await?;
    Ok(links + registrations)
}

/// Withdraws the links of the next accounts after an ID. A link is inserted under its account's
/// lock, so every link requested before is withdrawn. Returns the number of links, and the ID of
/// the last account; None if no account follows.
pub async fn invalidate_after(work: &GlobalWork, user: UserId, now: Timestamp) -> Result<Option<(usize, UserId)>, Fault> {
    /// Maximum accounts of one call.
    const MAX_ACCOUNTS_PER_CALL: i64 = 1_000;
    let backend = work.backend();
    // In the order of the IDs, as in `ACCOUNT_LOCK_ORDER`. Users who are only invited have no links.
    let lock = backend.for_change("u");
    let sql = format!("SELECT u.id FROM app_user u WHERE u.id > $1 AND u.password_hash <> '' ORDER BY u.id LIMIT $2{lock}");
    let rows = work.rows(&sql, vec![user.into(), MAX_ACCOUNTS_PER_CALL.into()]).await?;
    let ids: Vec<UserId> = rows.iter().map(Row::scalar).collect::<Result<_, _>>()?;
    let Some(last) = ids.last().copied() else { return Ok(None) };
    let user_condition = backend.in_ids("user_id", 2);
    let sql = format!("UPDATE link SET used_at = $1 WHERE used_at IS NULL AND expires_at > $1 AND {user_condition}");
    Ok(Some((work.change(&sql, vec![now.into(), backend.ids(ids)]).await?, last)))
}

/// Replaces all passwords by a hash that no password has; returns their number.
pub async fn reset_passwords(work: &GlobalWork, dummy_hash: &str) -> Result<usize, Fault> {
    // Users that were only invited have no password.
    let condition = "password_hash <> '' AND password_hash <> $1";
    work.lock_in_order(ACCOUNT_LOCK_ORDER, condition, vec![dummy_hash.into()]).await?;
    work.change(&format!("UPDATE app_user SET password_hash = $1 WHERE {condition}"), vec![dummy_hash.into()]).await
}

/// Keeps a new password: its hash, and how long it is at least.
pub async fn set_password(work: &GlobalWork, user: UserId, (hash, class): (String, i64)) -> Result<(), Fault> {
    let sql = "UPDATE app_user SET password_hash = $1, password_class = $2 WHERE id = $3";
    work.change(sql, vec![hash.into(), class.into(), user.into()]).await?;
    Ok(())
}

/// Replaces a hash by one with stronger parameters, if the password is still the same.
pub async fn rehash(work: &GlobalWork, user: UserId, old_hash: &str, hash: String) -> Result<(), Fault> {
    let sql = "UPDATE app_user SET password_hash = $1 WHERE id = $2 AND password_hash = $3";
    work.change(sql, vec![hash.into(), user.into(), old_hash.into()]).await?;
    Ok(())
}

pub async fn set_verified(work: &GlobalWork, user: UserId, now: Timestamp) -> Result<(), Fault> {
    let sql = "UPDATE app_user SET verified_at = $1 WHERE id = $2 AND verified_at IS NULL";
    work.change(sql, vec![now.into(), user.into()]).await?;
    Ok(())
}

/// A registration that waits for its link.
#[derive(Debug, Clone, Record)]
#[record(of = registration, alias = "registration")]
pub struct PendingRegistration {
    pub email: String,
    pub display_name: String,
    pub tenant_name: String,
    pub tenant_slug: String,
    pub password_hash: String,
}

pub async fn insert_registration(
    work: &GlobalWork,
    hash: [u8; 32],
    pending: PendingRegistration,
    expires_at: Timestamp,
) -> Result<(), Fault> {
    let row = registration::Model {
        hash: hash.to_vec(),
        email: pending.email,
        display_name: pending.display_name,
        tenant_name: pending.tenant_name,
        tenant_slug: pending.tenant_slug,
        password_hash: pending.password_hash,
        expires_at,
    };
    work.tenant().insert_global::<registration::Entity>(row).await
}

/// The registration that waits for a link, if its time has not passed.
pub async fn registration(db: &impl GlobalReads, hash: [u8; 32], now: Timestamp) -> Result<Option<PendingRegistration>, Fault> {
    let sql = format!("SELECT {} FROM registration WHERE hash = $1 AND expires_at > $2", PendingRegistration::SELECT);
    Ok(db.records(&sql, vec![hash.to_vec().into(), now.into()]).await?.pop())
}

/// Deletes a pending registration; returns false if it was gone already.
pub async fn end_registration(work: &GlobalWork, hash: [u8; 32]) -> Result<bool, Fault> {
    Ok(work.change("DELETE FROM registration WHERE hash = $1", vec![hash.to_vec().into()]).await? == 1)
}

/// Deletes expired links and registrations, except rows that are locked at the moment.
pub async fn delete_expired(work: &GlobalWork, now: Timestamp) -> Result<(), Fault> {
    for table in ["link", "registration"] {
        delete_unlocked(work, (table, "hash"), "expires_at < $1", now).await?;
    }
    Ok(())
}
