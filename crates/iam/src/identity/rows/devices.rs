//! Devices that people have logged in from, and wrong passwords that were tried: global tables. What is kept of a device's token is its SHA-256.

use entity::prelude::*;
use platform::storage::{Fault, GlobalReads, GlobalWork, Row};

use crate::identity::core::{Before, network};

/// Devices that are remembered of a user; beyond it those last used are kept.
const MOST: i64 = 50;
/// Logins that a new one is compared with.
const COMPARED: i64 = 250;

/// Whether somebody has logged in to the account from the device, and whether anybody has to any.
pub async fn known(db: &impl GlobalReads, user: UserId, hash: [u8; 32]) -> Result<(bool, bool), Fault> {
    let rows = db.rows("SELECT user_id FROM device WHERE hash = $1", vec![hash.to_vec().into()]).await?;
    let users: Vec<UserId> = rows.iter().map(|row| Row::new(row).take()).collect::<Result<_, _>>()?;
    Ok((users.contains(&user), !users.is_empty()))
}

/// Notes that somebody has logged in from a device.
pub async fn note(work: &GlobalWork, user: UserId, hash: [u8; 32], now: Timestamp) -> Result<(), Fault> {
    let sql = "INSERT INTO device (user_id, hash, first_at, last_at) VALUES ($1, $2, $3, $3)
        ON CONFLICT (user_id, hash) DO UPDATE SET last_at = excluded.last_at";
    work.change(sql, vec![user.into(), hash.to_vec().into(), now.into()]).await?;
    let sql = "DELETE FROM device WHERE user_id = $1 AND hash NOT IN
        (SELECT d.hash FROM device d WHERE d.user_id = $1 ORDER BY d.last_at DESC, d.hash LIMIT $2)";
    work.change(sql, vec![user.into(), MOST.into()]).await?;
    Ok(())
}

/// Forgets all devices of a user: whoever logs in from one is new.
pub async fn forget_of(work: &GlobalWork, user: UserId) -> Result<(), Fault> {
    work.change("DELETE FROM device WHERE user_id = $1", vec![user.into()]).await?;
    Ok(())
}

/// Forgets devices and wrong passwords of before a time.
pub async fn forget(work: &GlobalWork, before: Timestamp) -> Result<(), Fault> {
    work.change("DELETE FROM device WHERE last_at < $1", vec![before.into()]).await?;
    work.change("DELETE FROM login_failure WHERE last_at < $1", vec![before.into()]).await?;
    Ok(())
}

/// Counts a wrong password of an account. Those of before `since` are forgotten.
pub async fn count_failure(work: &GlobalWork, user: UserId, since: Timestamp, now: Timestamp) -> Result<(), Fault> {
    let sql = "INSERT INTO login_failure (user_id, count, last_at) VALUES ($1, 1, $2) ON CONFLICT (user_id) DO UPDATE SET
        count = CASE WHEN login_failure.last_at < $3 THEN 1 ELSE login_failure.count + 1 END, last_at = excluded.last_at";
    work.change(sql, vec![user.into(), now.into(), since.into()]).await?;
    Ok(())
}

/// The wrong passwords since the last login.
pub async fn failures(db: &impl GlobalReads, user: UserId) -> Result<Option<(i64, Timestamp)>, Fault> {
    let rows = db.rows("SELECT count, last_at FROM login_failure WHERE user_id = $1", vec![user.into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let row = &mut Row::new(row);
    Ok(Some((row.take()?, row.time()?)))
}

/// Somebody has logged in: wrong passwords from before are forgotten.
pub async fn forget_failures(work: &GlobalWork, user: UserId) -> Result<(), Fault> {
    work.change("DELETE FROM login_failure WHERE user_id = $1", vec![user.into()]).await?;
    Ok(())
}

/// Where a user has logged in, the last login first.
pub async fn logins(db: &impl GlobalReads, user: UserId, now: Timestamp) -> Result<Vec<Before>, Fault> {
    let sql = "SELECT address, user_agent, used_at, ended_at, ends_at FROM session WHERE user_id = $1 ORDER BY created_at DESC LIMIT $2";
    let rows = db.rows(sql, vec![user.into(), COMPARED.into()]).await?;
    let read = |row| {
        let row = &mut Row::new(row);
        let address: Option<String> = row.take()?;
        let address = address.and_then(|address| address.parse().ok());
        let (user_agent, used_at, ended_at, ends_at) = (row.take()?, row.time()?, row.time_opt()?, row.time()?);
        Ok(Before { network: address.map(network), user_agent, used_at, goes_on: ended_at.is_none() && ends_at > now })
    };
    rows.iter().map(read).collect()
}

/// Whether somebody has ever logged in to the account.
pub async fn was_ever_here(db: &impl GlobalReads, user: UserId) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM member WHERE user_id = $1 AND last_seen_at IS NOT NULL
        UNION ALL SELECT 1 FROM session WHERE user_id = $1 UNION ALL SELECT 1 FROM device WHERE user_id = $1 LIMIT 1";
    Ok(!db.rows(sql, vec![user.into()]).await?.is_empty())
}
