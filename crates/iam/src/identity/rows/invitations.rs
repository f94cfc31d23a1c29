//! Invitations that wait for their answer: a global table, for whoever shows a link is not in a tenant yet. What is kept of a link is its SHA-256.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{invitation, member},
};
use platform::storage::{Fault, GlobalReads, GlobalWork, LockOrder, Row};

const LOCKS: LockOrder = LockOrder::for_update("invitation", "hash");

/// Whose invitation a link is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Record)]
pub struct Invited {
    #[record(of = invitation, alias = "i", column = "tenant_id")]
    pub tenant: TenantId,
    #[record(of = invitation, alias = "i", column = "member_id")]
    pub member: MemberId,
    #[record(of = member, alias = "m", column = "user_id")]
    pub user: UserId,
}

/// An invitation as it is written down.
pub struct NewInvitation {
    pub hash: [u8; 32],
    pub tenant: TenantId,
    pub member: MemberId,
    pub email: String,
    pub by: MemberId,
    pub sent_at: Timestamp,
    pub expires_at: Timestamp,
}

/// Writes an invitation down, in the place of one from before.
pub async fn put(work: &GlobalWork, new: NewInvitation) -> Result<(), Fault> {
    withdraw(work, new.tenant, new.member).await?;
    let row = invitation::Model {
        hash: new.hash.to_vec(),
        tenant_id: new.tenant,
        member_id: new.member,
        email: new.email,
        invited_by: new.by,
        sent_at: new.sent_at,
        expires_at: new.expires_at,
    };
    work.tenant().insert_global::<invitation::Entity>(row).await
}

/// Whose invitation it is, if it can still be accepted.
pub async fn by_hash(db: &impl GlobalReads, hash: [u8; 32], now: Timestamp) -> Result<Option<Invited>, Fault> {
    let sql = format!(
        "SELECT {} FROM invitation i
        JOIN member m ON m.tenant_id = i.tenant_id AND m.id = i.member_id
        WHERE i.hash = $1 AND i.expires_at > $2 AND m.status = 'INVITED'",
        Invited::SELECT
    );
    Ok(db.records(&sql, vec![hash.to_vec().into(), now.into()]).await?.pop())
}

/// Uses an invitation up: only one of many calls at once does.
pub async fn use_up(work: &GlobalWork, hash: [u8; 32], now: Timestamp) -> Result<bool, Fault> {
    let sql = "DELETE FROM invitation WHERE hash = $1 AND expires_at > $2";
    Ok(work.change(sql, vec![hash.to_vec().into(), now.into()]).await? == 1)
}

pub async fn withdraw(work: &GlobalWork, tenant: TenantId, member: MemberId) -> Result<(), Fault> {
    let sql = "DELETE FROM invitation WHERE tenant_id = $1 AND member_id = $2";
    work.change(sql, vec![tenant.into(), member.into()]).await?;
    Ok(())
}

/// Ends the time of all invitations: whoever was invited stays so, and is sent another link. How many.
pub async fn expire_all(work: &GlobalWork, now: Timestamp) -> Result<usize, Fault> {
    // In the order of their keys, as an erasure takes those of its tenant.
    work.lock_in_order(LOCKS, "expires_at > $1", vec![now.into()]).await?;
    work.change("UPDATE invitation SET expires_at = $1 WHERE expires_at > $1", vec![now.into()]).await
}

/// Locks all invitations of a tenant before they are deleted.
pub async fn hold_all_of(work: &GlobalWork, tenant: TenantId) -> Result<(), Fault> {
    work.lock_in_order(LOCKS, "tenant_id = $1", vec![tenant.into()]).await
}

/// The address that was invited, as it was written.
pub async fn address(db: &impl GlobalReads, tenant: TenantId, member: MemberId) -> Result<Option<String>, Fault> {
    let sql = "SELECT email FROM invitation WHERE tenant_id = $1 AND member_id = $2";
    db.rows(sql, vec![tenant.into(), member.into()]).await?.first().map(Row::scalar).transpose()
}

/// The row of an address that nobody has an account for: it has no password, and is nobody's until they come. It stays until the transaction ends: where
/// another tenant takes its invitation of the address back, the row is forgotten before or not at all.
pub async fn place_user(work: &GlobalWork, id: UserId, email: &str, email_key: &str, now: Timestamp) -> Result<UserId, Fault> {
    let sql =
        "INSERT INTO app_user (id, email, email_key, password_hash, display_name, created_at) VALUES ($1, $2, $3, '', $2, $4)
        ON CONFLICT (email_key) DO UPDATE SET created_at = app_user.created_at RETURNING id";
    let rows = work.rows(sql, vec![id.into(), email.into(), email_key.into(), now.into()]).await?;
    rows.first().map(Row::scalar).transpose()?.ok_or_else(|| Fault::corrupt("app_user", "an address has a row"))
}

#[derive(Record)]
#[record(of = member, alias = "member")]
struct PlacedMember {
    id: MemberId,
    version: i64,
}

/// Puts somebody among the members who are invited. One who has left becomes the same member again.
pub async fn place_member(
    work: &GlobalWork,
    (tenant, user): (TenantId, UserId),
    fresh: MemberId,
    now: Timestamp,
) -> Result<Option<(MemberId, i64)>, Fault> {
    let sql = format!(
        "INSERT INTO member (tenant_id, id, user_id, status, version, created_at, updated_at) VALUES ($1, $2, $3, 'INVITED', 1, $4, $4)
        ON CONFLICT (tenant_id, user_id) DO UPDATE SET status = 'INVITED', version = member.version + 1, updated_at = excluded.updated_at
        WHERE member.removed_at IS NOT NULL AND member.status <> 'INVITED' RETURNING {}",
        PlacedMember::SELECT
    );
    let values = vec![tenant.into(), fresh.into(), user.into(), now.into()];
    Ok(work.records::<PlacedMember>(&sql, values).await?.pop().map(|row| (row.id, row.version)))
}
