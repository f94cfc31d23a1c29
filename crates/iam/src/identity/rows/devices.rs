//! Devices from which users have logged in, and wrong passwords that were tried: global tables.
//! Only the SHA-256 of a device's token is stored.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{login_failure, session},
};
use platform::storage::{Fault, GlobalReads, GlobalWork, Row};

use super::delete_unlocked;
use crate::identity::core::{EarlierSession, network};

/// Devices that are remembered of a user; beyond it those last used are kept.
const MAX_DEVICES: i64 = 50;
/// Logins that a new one is compared with.
const MAX_COMPARED_LOGINS: i64 = 250;

/// Whether the account has had a login from the device, and whether any account has.
pub async fn look_up_device(db: &impl GlobalReads, user: UserId, hash: [u8; 32]) -> Result<(bool, bool), Fault> {
    let rows = db.rows("SELECT user_id FROM device WHERE hash = $1", vec![hash.to_vec().into()]).await?;
    let users: Vec<UserId> = rows.iter().map(Row::scalar).collect::<Result<_, _>>()?;
    Ok((users.contains(&user), !users.is_empty()))
}

/// Records a login of a user from a device.
pub async fn note(work: &GlobalWork, user: UserId, hash: [u8; 32], now: Timestamp) -> Result<(), Fault> {
    let sql = "INSERT INTO device (user_id, hash, first_at, last_at) VALUES ($1, $2, $3, $3)
        ON CONFLICT (user_id, hash) DO UPDATE SET last_at = excluded.last_at";
    work.change(sql, vec![user.into(), hash.to_vec().into(), now.into()]).await?;
    let sql = "DELETE FROM device WHERE user_id = $1 AND hash NOT IN
        (SELECT d.hash FROM device d WHERE d.user_id = $1 ORDER BY d.last_at DESC, d.hash LIMIT $2)";
    work.change(sql, vec![user.into(), MAX_DEVICES.into()]).await?;
    Ok(())
}

/// Deletes all devices of a user: each counts as new at its next login.
pub async fn delete_devices(work: &GlobalWork, user: UserId) -> Result<(), Fault> {
    work.change("DELETE FROM device WHERE user_id = $1", vec![user.into()]).await?;
    Ok(())
}

/// Deletes devices and wrong passwords from before a time, except rows that are locked at the
/// moment.
pub async fn delete_expired(work: &GlobalWork, before: Timestamp) -> Result<(), Fault> {
    for (table, key) in [("device", "user_id, hash"), ("login_failure", "user_id")] {
        delete_unlocked(work, (table, key), "last_at < $1", before).await?;
    }
    Ok(())
}

/// Counts a wrong password of an account. Those of before `since` are forgotten.
pub async fn count_failure(work: &GlobalWork, user: UserId, since: Timestamp, now: Timestamp) -> Result<(), Fault> {
    let sql = "INSERT INTO login_failure (user_id, count, last_at) VALUES ($1, 1, $2) ON CONFLICT (user_id) DO UPDATE SET
        count = CASE WHEN login_failure.last_at < $3 THEN 1 ELSE login_failure.count + 1 END, last_at = excluded.last_at";
    work.change(sql, vec![user.into(), now.into(), since.into()]).await?;
    Ok(())
}

#[derive(Record)]
#[record(of = login_failure, alias = "login_failure")]
struct Failures {
    count: i64,
    last_at: Timestamp,
}

/// The wrong passwords since the last login.
pub async fn failures(db: &impl GlobalReads, user: UserId) -> Result<Option<(i64, Timestamp)>, Fault> {
    let sql = format!("SELECT {} FROM login_failure WHERE user_id = $1", Failures::SELECT);
    Ok(db.records::<Failures>(&sql, vec![user.into()]).await?.pop().map(|row| (row.count, row.last_at)))
}

/// Deletes the wrong passwords of a user after a successful login.
pub async fn delete_failures(work: &GlobalWork, user: UserId) -> Result<(), Fault> {
    work.change("DELETE FROM login_failure WHERE user_id = $1", vec![user.into()]).await?;
    Ok(())
}

#[derive(Record)]
#[record(of = session, alias = "session")]
struct Login {
    address: Option<String>,
    user_agent: Option<String>,
    used_at: Timestamp,
    ended_at: Option<Timestamp>,
    ends_at: Timestamp,
}

/// Returns a user's logins, the last first.
pub async fn logins(db: &impl GlobalReads, user: UserId, now: Timestamp) -> Result<Vec<EarlierSession>, Fault> {
    let sql = format!("SELECT {} FROM session WHERE user_id = $1 ORDER BY created_at DESC LIMIT $2", Login::SELECT);
    let to_session = |row: Login| {
        let address = row.address.and_then(|address| address.parse().ok());
        let is_active = row.ended_at.is_none() && row.ends_at > now;
        EarlierSession { network: address.map(network), user_agent: row.user_agent, used_at: row.used_at, goes_on: is_active }
    };
    let rows = db.records::<Login>(&sql, vec![user.into(), MAX_COMPARED_LOGINS.into()]).await?;
    Ok(rows.into_iter().map(to_session).collect())
}

/// Whether the account has ever had a login.
pub async fn has_ever_logged_in(db: &impl GlobalReads, user: UserId) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM member WHERE user_id = $1 AND last_seen_at IS NOT NULL
        UNION ALL SELECT 1 FROM session WHERE user_id = $1 UNION ALL SELECT 1 FROM device WHERE user_id = $1 LIMIT 1";
    Ok(!db.rows(sql, vec![user.into()]).await?.is_empty())
}
