//! Second factors, and logins that wait for one: global tables.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{backup_code, login_challenge, totp},
};
use platform::{
    secrets::{Loss, SealedColumn},
    storage::{Fault, GlobalReads, GlobalWork, LockOrder, Row},
};
use sea_orm::Value;

use super::delete_unlocked;
use crate::identity::core::{MAX_CHALLENGE_TRIES, MAX_WRONG_CODES, Risk, WRONG_CODE_WINDOW_SECONDS};

/// The seed of an authenticator that is in use. A lost seed is replaced by a random one, so that a
/// password alone is not enough to log in.
pub const SEED: SealedColumn =
    SealedColumn { table: "totp", column: "seed", keys: &["user_id"], blind: None, loss: Loss::Random(20, "") };
/// The seed of an authenticator that has not shown its first code yet.
pub const PENDING_SEED: SealedColumn = SealedColumn {
    table: "totp",
    column: "pending_seed",
    keys: &["user_id"],
    blind: None,
    loss: Loss::Null("pending_at = NULL"),
};

/// Steps of an authenticator by which clocks may differ: five minutes.
const MAX_STEPS_AHEAD: i64 = 10;

/// A user's authenticator as it is stored, sealed.
#[derive(Debug, Clone, Default)]
pub struct Totp {
    pub seed: Option<Vec<u8>>,
    pub pending: Option<(Vec<u8>, Timestamp)>,
}

#[derive(Record)]
#[record(of = totp, alias = "totp")]
struct SealedRow {
    seed: Option<Vec<u8>>,
    pending_seed: Option<Vec<u8>>,
    pending_at: Option<Timestamp>,
}

pub async fn totp(db: &impl GlobalReads, user: UserId) -> Result<Totp, Fault> {
    let sql = format!("SELECT {} FROM totp WHERE user_id = $1", SealedRow::SELECT);
    let row = db.records::<SealedRow>(&sql, vec![user.into()]).await?.pop();
    Ok(row.map_or_else(Totp::default, |row| Totp { seed: row.seed, pending: row.pending_seed.zip(row.pending_at) }))
}

/// Whether the user has a second factor.
pub async fn has_factor(db: &impl GlobalReads, user: UserId) -> Result<bool, Fault> {
    Ok(!db.rows("SELECT 1 FROM totp WHERE user_id = $1 AND seed IS NOT NULL", vec![user.into()]).await?.is_empty())
}

/// Stores the seed of an enrolment, and replaces that of an unfinished one.
pub async fn store_pending_seed(work: &GlobalWork, user: UserId, sealed: Vec<u8>, now: Timestamp) -> Result<(), Fault> {
    let sql = "INSERT INTO totp (user_id, pending_seed, pending_at) VALUES ($1, $2, $3)
        ON CONFLICT (user_id) DO UPDATE SET pending_seed = excluded.pending_seed, pending_at = excluded.pending_at";
    work.change(sql, vec![user.into(), sealed.into(), now.into()]).await?;
    Ok(())
}

/// Puts an authenticator that has shown its first code into use, if it is still the pending one.
pub async fn confirm(
    work: &GlobalWork,
    user: UserId,
    (pending, sealed): (Vec<u8>, Vec<u8>),
    step: i64,
    now: Timestamp,
) -> Result<bool, Fault> {
    let sql = "UPDATE totp SET seed = $1, confirmed_at = $2, last_step = $3, pending_seed = NULL, pending_at = NULL, wrong = 0
        WHERE user_id = $4 AND pending_seed = $5";
    Ok(work.change(sql, vec![sealed.into(), now.into(), step.into(), user.into(), pending.into()]).await? == 1)
}

/// Counts an attempt before it is made, so that concurrent ones count too. The inner error is the
/// time until which further attempts are refused.
pub async fn count_attempt(work: &GlobalWork, user: UserId, now: Timestamp) -> Result<Result<(), Timestamp>, Fault> {
    let since = now.plus_seconds(-WRONG_CODE_WINDOW_SECONDS);
    // If the clock was set back, the window is capped at its full length, and the count is kept.
    let clamp_sql = "UPDATE totp SET wrong_since = $1 WHERE user_id = $2 AND wrong_since > $1";
    work.change(clamp_sql, vec![now.into(), user.into()]).await?;
    let sql = "UPDATE totp SET wrong = CASE WHEN wrong_since <= $1 OR wrong = 0 THEN 1 ELSE wrong + 1 END,
        wrong_since = CASE WHEN wrong_since <= $1 OR wrong = 0 THEN $2 ELSE wrong_since END
        WHERE user_id = $3 AND (wrong_since <= $1 OR wrong < $4)";
    if work.change(sql, vec![since.into(), now.into(), user.into(), MAX_WRONG_CODES.into()]).await? == 1 {
        return Ok(Ok(()));
    }
    let rows = work.rows("SELECT wrong_since FROM totp WHERE user_id = $1", vec![user.into()]).await?;
    let window_start: Option<Timestamp> = rows.first().map(Row::scalar).transpose()?;
    Ok(window_start.map_or(Ok(()), |window_start| Err(window_start.plus_seconds(WRONG_CODE_WINDOW_SECONDS))))
}

/// Uses a code by time, which must be of a later step than the last; returns whether it was. A last
/// step further ahead than clocks may differ was used before this clock was set back, and is
/// ignored.
pub async fn use_step(work: &GlobalWork, user: UserId, step: i64) -> Result<bool, Fault> {
    let sql = "UPDATE totp SET last_step = $1, wrong = 0 WHERE user_id = $2 AND (last_step < $1 OR last_step > $3) AND seed IS NOT NULL";
    Ok(work.change(sql, vec![step.into(), user.into(), (step + MAX_STEPS_AHEAD).into()]).await? == 1)
}

/// Replaces the user's codes for emergencies by a new set.
pub async fn replace_backup_codes(work: &GlobalWork, user: UserId, hashes: Vec<String>) -> Result<(), Fault> {
    work.change("DELETE FROM backup_code WHERE user_id = $1", vec![user.into()]).await?;
    for (number, hash) in (1i64..).zip(hashes) {
        let row = backup_code::Model { user_id: user, number, hash, used_at: None };
        work.tenant().insert_global::<backup_code::Entity>(row).await?;
    }
    Ok(())
}

/// The hash of a code that was not used.
pub async fn backup_code(db: &impl GlobalReads, user: UserId, number: i64) -> Result<Option<String>, Fault> {
    let sql = "SELECT hash FROM backup_code WHERE user_id = $1 AND number = $2 AND used_at IS NULL";
    db.rows(sql, vec![user.into(), number.into()]).await?.first().map(Row::scalar).transpose()
}

pub async fn count_backup_codes(db: &impl GlobalReads, user: UserId) -> Result<usize, Fault> {
    Ok(db.rows("SELECT number FROM backup_code WHERE user_id = $1 AND used_at IS NULL", vec![user.into()]).await?.len())
}

/// Uses a code for emergencies; whether it was there to be used.
pub async fn use_backup_code(work: &GlobalWork, user: UserId, number: i64, now: Timestamp) -> Result<bool, Fault> {
    let sql = "UPDATE backup_code SET used_at = $1 WHERE user_id = $2 AND number = $3 AND used_at IS NULL";
    let is_used = work.change(sql, vec![now.into(), user.into(), number.into()]).await? == 1;
    if is_used {
        work.change("UPDATE totp SET wrong = 0 WHERE user_id = $1", vec![user.into()]).await?;
    }
    Ok(is_used)
}

/// Takes a user's second factor away; whether there was one.
pub async fn remove(work: &GlobalWork, user: UserId) -> Result<bool, Fault> {
    work.change("DELETE FROM backup_code WHERE user_id = $1", vec![user.into()]).await?;
    Ok(work.change("DELETE FROM totp WHERE user_id = $1", vec![user.into()]).await? == 1)
}

/// A login whose password was right and that waits for a second factor.
#[derive(Debug, Clone)]
pub struct ChallengeRow {
    pub user: UserId,
    pub tenant: TenantId,
    pub member: MemberId,
    /// Network in which the login began; it cannot be continued from another.
    pub network: Option<String>,
    pub auth_at: Timestamp,
    /// Risk of the login.
    pub risk: Risk,
    /// Hash of the code that was sent to the account's address, bound to the challenge's token.
    pub code: Option<[u8; 32]>,
}

/// Locks logins that wait for a second factor, in the order of their keys, as every change or
/// deletion of several must do first. The condition is SQL on them, with values from `$1`.
pub async fn lock_challenges(work: &GlobalWork, condition: &str, values: Vec<Value>) -> Result<(), Fault> {
    work.lock_in_order(LockOrder::for_update("login_challenge", "hash"), condition, values).await
}

/// Ends those of the logins that wait for a second factor which the condition finds: SQL on them, with values from `$1`.
pub async fn end_challenges(work: &GlobalWork, condition: &str, values: Vec<Value>, now: Timestamp) -> Result<(), Fault> {
    let open = format!("{condition} AND done_at IS NULL");
    lock_challenges(work, &open, values.clone()).await?;
    let sql = format!("UPDATE login_challenge SET done_at = ${} WHERE {open}", values.len() + 1);
    work.change(&sql, [values, vec![now.into()]].concat()).await.map(drop)
}

pub async fn insert_challenge(
    work: &GlobalWork,
    hash: [u8; 32],
    challenge: ChallengeRow,
    expires_at: Timestamp,
) -> Result<(), Fault> {
    let sql = "INSERT INTO login_challenge (hash, user_id, tenant_id, member_id, network, auth_at, expires_at, risk, risk_signs, code_hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let c = challenge;
    let values = vec![
        hash.to_vec().into(),
        c.user.into(),
        c.tenant.into(),
        c.member.into(),
        c.network.into(),
        c.auth_at.into(),
        expires_at.into(),
        c.risk.score.into(),
        c.risk.words().into(),
        c.code.map(|code| code.to_vec()).into(),
    ];
    work.change(sql, values).await?;
    Ok(())
}

#[derive(Record)]
#[record(of = login_challenge, alias = "login_challenge")]
struct TriedRow {
    user_id: UserId,
    tenant_id: TenantId,
    member_id: MemberId,
    network: Option<String>,
    auth_at: Timestamp,
    risk: i32,
    risk_signs: String,
    code_hash: Option<Vec<u8>>,
}

impl From<TriedRow> for ChallengeRow {
    fn from(row: TriedRow) -> Self {
        Self {
            user: row.user_id,
            tenant: row.tenant_id,
            member: row.member_id,
            network: row.network,
            auth_at: row.auth_at,
            risk: Risk::read(row.risk, &row.risk_signs),
            code: row.code_hash.and_then(|code| code.try_into().ok()),
        }
    }
}

/// Takes one of a challenge's tries. None: it is over, or there never was one.
pub async fn count_challenge_attempt(work: &GlobalWork, hash: [u8; 32], now: Timestamp) -> Result<Option<ChallengeRow>, Fault> {
    let sql = format!(
        "UPDATE login_challenge SET tries = tries + 1 WHERE hash = $1 AND done_at IS NULL AND expires_at > $2 AND tries < $3
        RETURNING {}",
        TriedRow::SELECT
    );
    let values = vec![hash.to_vec().into(), now.into(), MAX_CHALLENGE_TRIES.into()];
    Ok(work.records::<TriedRow>(&sql, values).await?.pop().map(ChallengeRow::from))
}

/// Completes a challenge; returns false if it was completed already.
pub async fn complete_challenge(work: &GlobalWork, hash: [u8; 32], now: Timestamp) -> Result<bool, Fault> {
    let sql = "UPDATE login_challenge SET done_at = $1 WHERE hash = $2 AND done_at IS NULL";
    Ok(work.change(sql, vec![now.into(), hash.to_vec().into()]).await? == 1)
}

/// Deletes expired logins that still wait for a second factor, except rows that are locked at the
/// moment.
pub async fn delete_expired_challenges(work: &GlobalWork, now: Timestamp) -> Result<usize, Fault> {
    delete_unlocked(work, ("login_challenge", "hash"), "expires_at < $1", now).await
}
