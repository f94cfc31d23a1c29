//! Refresh tokens: a global table. What is kept of one is its SHA-256.

use entity::prelude::*;
use platform::storage::{Fault, GlobalReads, GlobalWork, Row};
use sea_orm::QueryResult;

use crate::identity::core::Kept;

/// A refresh token as it is kept.
#[derive(Debug, Clone)]
pub struct TokenRow {
    pub id: RefreshTokenId,
    pub hash: Vec<u8>,
    pub successor: Option<RefreshTokenId>,
    pub kept: Kept,
}

const TOKEN: &str = "SELECT id, hash, successor_id, issued_at, expires_at, used_at, rotated_at, dead_at FROM refresh_token";

fn read_token(row: &QueryResult) -> Result<TokenRow, Fault> {
    let row = &mut Row::new(row);
    let (id, hash, successor) = (row.take()?, row.take()?, row.take()?);
    let kept = Kept {
        issued_at: row.time()?,
        expires_at: row.time()?,
        used_at: row.time_opt()?,
        rotated_at: row.time_opt()?,
        dead_at: row.time_opt()?,
    };
    Ok(TokenRow { id, hash, successor, kept })
}

pub async fn by_hash(work: &GlobalWork, hash: &[u8]) -> Result<Option<TokenRow>, Fault> {
    work.rows(&format!("{TOKEN} WHERE hash = $1"), vec![hash.to_vec().into()]).await?.first().map(read_token).transpose()
}

pub async fn by_id(work: &GlobalWork, id: RefreshTokenId) -> Result<Option<TokenRow>, Fault> {
    work.rows(&format!("{TOKEN} WHERE id = $1"), vec![id.into()]).await?.first().map(read_token).transpose()
}

/// A refresh token that is given out.
pub struct NewToken {
    pub id: RefreshTokenId,
    pub hash: [u8; 32],
    pub session: SessionId,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}

pub async fn insert(work: &GlobalWork, new: NewToken) -> Result<(), Fault> {
    let sql = "INSERT INTO refresh_token (id, hash, session_id, issued_at, expires_at) VALUES ($1, $2, $3, $4, $5)";
    let values = vec![new.id.into(), new.hash.to_vec().into(), new.session.into(), new.issued_at.into(), new.expires_at.into()];
    work.change(sql, values).await?;
    Ok(())
}

/// Puts `next` in the place of a token. The first time counts as the time of rotation, or lost replies could follow each other for ever.
pub async fn rotate(work: &GlobalWork, id: RefreshTokenId, next: RefreshTokenId, now: Timestamp) -> Result<(), Fault> {
    let sql = "UPDATE refresh_token SET rotated_at = COALESCE(rotated_at, $1), successor_id = $2 WHERE id = $3";
    work.change(sql, vec![now.into(), next.into(), id.into()]).await?;
    Ok(())
}

/// Withdraws a token whose reply was lost; false when it has been used meanwhile.
pub async fn withdraw(work: &GlobalWork, id: RefreshTokenId, now: Timestamp) -> Result<bool, Fault> {
    let sql = "UPDATE refresh_token SET dead_at = $1 WHERE id = $2 AND used_at IS NULL AND rotated_at IS NULL";
    Ok(work.change(sql, vec![now.into(), id.into()]).await? == 1)
}

/// Whatever of the session's tokens could still be used is replaced by `next`.
pub async fn rotate_all(work: &GlobalWork, session: SessionId, next: RefreshTokenId, now: Timestamp) -> Result<(), Fault> {
    let sql = "UPDATE refresh_token SET rotated_at = $1, successor_id = $2 WHERE session_id = $3 AND id <> $2 AND rotated_at IS NULL AND dead_at IS NULL";
    work.change(sql, vec![now.into(), next.into(), session.into()]).await?;
    Ok(())
}

/// Notes that the access token which came with a refresh token was seen: its reply was not lost. False when it was withdrawn as if it were.
pub async fn seen(work: &GlobalWork, id: RefreshTokenId, now: Timestamp) -> Result<bool, Fault> {
    let sql = "UPDATE refresh_token SET used_at = COALESCE(used_at, $1) WHERE id = $2 RETURNING dead_at";
    let rows = work.rows(sql, vec![now.into(), id.into()]).await?;
    rows.first().map_or(Ok(true), |row| Ok(Row::new(row).time_opt()?.is_none()))
}
