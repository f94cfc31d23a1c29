//! Refresh tokens: a global table. Only the SHA-256 of a token is stored.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::refresh_token,
};
use platform::storage::{Fault, GlobalReads, GlobalWork, Row};
use sea_orm::Value;

use crate::identity::core::TokenState;

/// A stored refresh token.
#[derive(Debug, Clone)]
pub struct TokenRow {
    pub id: RefreshTokenId,
    pub hash: Vec<u8>,
    pub successor: Option<RefreshTokenId>,
    pub state: TokenState,
}

#[derive(Record)]
#[record(of = refresh_token, alias = "refresh_token")]
struct TokenRecord {
    id: RefreshTokenId,
    hash: Vec<u8>,
    successor_id: Option<RefreshTokenId>,
    issued_at: Timestamp,
    expires_at: Timestamp,
    used_at: Option<Timestamp>,
    rotated_at: Option<Timestamp>,
    dead_at: Option<Timestamp>,
}

impl From<TokenRecord> for TokenRow {
    fn from(row: TokenRecord) -> Self {
        let token_state = TokenState {
            issued_at: row.issued_at,
            expires_at: row.expires_at,
            used_at: row.used_at,
            rotated_at: row.rotated_at,
            dead_at: row.dead_at,
        };
        Self { id: row.id, hash: row.hash, successor: row.successor_id, state: token_state }
    }
}

async fn token(work: &GlobalWork, condition: &str, value: Value) -> Result<Option<TokenRow>, Fault> {
    let sql = format!("SELECT {} FROM refresh_token WHERE {condition}", TokenRecord::SELECT);
    Ok(work.records::<TokenRecord>(&sql, vec![value]).await?.pop().map(TokenRow::from))
}

pub async fn by_hash(work: &GlobalWork, hash: &[u8]) -> Result<Option<TokenRow>, Fault> {
    token(work, "hash = $1", hash.to_vec().into()).await
}

pub async fn by_id(work: &GlobalWork, id: RefreshTokenId) -> Result<Option<TokenRow>, Fault> {
    token(work, "id = $1", id.into()).await
}

/// A refresh token that is issued.
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

/// Sets `next` as the successor of a token. The time of rotation is that of the first call;
/// otherwise lost responses could follow each other for ever.
pub async fn rotate(work: &GlobalWork, id: RefreshTokenId, next: RefreshTokenId, now: Timestamp) -> Result<(), Fault> {
    let sql = "UPDATE refresh_token SET rotated_at = COALESCE(rotated_at, $1), successor_id = $2 WHERE id = $3";
    work.change(sql, vec![now.into(), next.into(), id.into()]).await?;
    Ok(())
}

/// Withdraws a token whose response was lost; false if it has been used meanwhile.
pub async fn invalidate(work: &GlobalWork, id: RefreshTokenId, now: Timestamp) -> Result<bool, Fault> {
    let sql = "UPDATE refresh_token SET dead_at = $1 WHERE id = $2 AND used_at IS NULL AND rotated_at IS NULL";
    Ok(work.change(sql, vec![now.into(), id.into()]).await? == 1)
}

/// Rotates all usable tokens of the session to `next`.
pub async fn rotate_all(work: &GlobalWork, session: SessionId, next: RefreshTokenId, now: Timestamp) -> Result<(), Fault> {
    let sql = "UPDATE refresh_token SET rotated_at = $1, successor_id = $2 WHERE session_id = $3 AND id <> $2 AND rotated_at IS NULL AND dead_at IS NULL";
    work.change(sql, vec![now.into(), next.into(), session.into()]).await?;
    Ok(())
}

/// Records that the access token issued with a refresh token was used, so its response was not
/// lost. False if it was withdrawn as lost.
pub async fn confirm_first_use(work: &GlobalWork, id: RefreshTokenId, now: Timestamp) -> Result<bool, Fault> {
    let sql = "UPDATE refresh_token SET used_at = COALESCE(used_at, $1) WHERE id = $2 RETURNING dead_at";
    let rows = work.rows(sql, vec![now.into(), id.into()]).await?;
    rows.first().map_or(Ok(true), |row| Ok(Row::scalar::<Option<Timestamp>>(row)?.is_none()))
}
