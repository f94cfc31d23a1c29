//! Pending invitations: a global table, since a caller with a link is not in a tenant yet. Only the
//! SHA-256 of a link is stored.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{invitation, member},
};
use platform::storage::{Fault, GlobalReads, GlobalWork, LockOrder, Row};

const LOCK_ORDER: LockOrder = LockOrder::for_update("invitation", "hash");

/// Tenant and member of an invitation link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Record)]
pub struct InvitedMember {
    #[record(of = invitation, alias = "i", column = "tenant_id")]
    pub tenant: TenantId,
    #[record(of = invitation, alias = "i", column = "member_id")]
    pub member: MemberId,
    #[record(of = member, alias = "m", column = "user_id")]
    pub user: UserId,
}

/// An invitation to be inserted.
pub struct NewInvitation {
    pub hash: [u8; 32],
    pub tenant: TenantId,
    pub member: MemberId,
    pub email: String,
    pub by: MemberId,
    pub sent_at: Timestamp,
    pub expires_at: Timestamp,
}

/// Inserts an invitation; it replaces an earlier one.
pub async fn insert_invitation(work: &GlobalWork, new: NewInvitation) -> Result<(), Fault> {
    invalidate(work, new.tenant, new.member).await?;
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

/// Returns the tenant and member of an invitation, if it can still be accepted.
pub async fn by_hash(db: &impl GlobalReads, hash: [u8; 32], now: Timestamp) -> Result<Option<InvitedMember>, Fault> {
    let sql = format!(
        "SELECT {} FROM invitation i
        JOIN member m ON m.tenant_id = i.tenant_id AND m.id = i.member_id
        WHERE i.hash = $1 AND i.expires_at > $2 AND m.status = 'INVITED'",
        InvitedMember::SELECT
    );
    Ok(db.records(&sql, vec![hash.to_vec().into(), now.into()]).await?.pop())
}

/// Uses an invitation up: only one of many calls at once does.
pub async fn consume(work: &GlobalWork, hash: [u8; 32], now: Timestamp) -> Result<bool, Fault> {
    let sql = "DELETE FROM invitation WHERE hash = $1 AND expires_at > $2";
    Ok(work.change(sql, vec![hash.to_vec().into(), now.into()]).await? == 1)
}

pub async fn invalidate(work: &GlobalWork, tenant: TenantId, member: MemberId) -> Result<(), Fault> {
    let sql = "DELETE FROM invitation WHERE tenant_id = $1 AND member_id = $2";
    work.change(sql, vec![tenant.into(), member.into()]).await?;
    Ok(())
}

/// Expires all invitations; invited members stay invited, and can be sent another link. Returns the
/// number of invitations.
pub async fn expire_all(work: &GlobalWork, now: Timestamp) -> Result<usize, Fault> {
    // In the order of their keys, like the erasure of a tenant.
    work.lock_in_order(LOCK_ORDER, "expires_at > $1", vec![now.into()]).await?;
    work.change("UPDATE invitation SET expires_at = $1 WHERE expires_at > $1", vec![now.into()]).await
}

/// Locks all invitations of a tenant before they are deleted.
pub async fn lock_all_of(work: &GlobalWork, tenant: TenantId) -> Result<(), Fault> {
    work.lock_in_order(LOCK_ORDER, "tenant_id = $1", vec![tenant.into()]).await
}

/// The invited address, as it was entered.
pub async fn address(db: &impl GlobalReads, tenant: TenantId, member: MemberId) -> Result<Option<String>, Fault> {
    let sql = "SELECT email FROM invitation WHERE tenant_id = $1 AND member_id = $2";
    db.rows(sql, vec![tenant.into(), member.into()]).await?.first().map(Row::scalar).transpose()
}

/// Returns the user row of an address, and inserts one if there is none: without a password, it is
/// no account until the invitation is accepted. The row stays until the transaction ends: if
/// another tenant revokes its invitation of the address, the row is deleted before this statement
/// or not at all.
pub async fn upsert_user(work: &GlobalWork, id: UserId, email: &str, email_key: &str, now: Timestamp) -> Result<UserId, Fault> {
    let sql =
        "INSERT INTO app_user (id, email, email_key, password_hash, display_name, created_at) VALUES ($1, $2, $3, '', $2, $4)
        ON CONFLICT (email_key) DO UPDATE SET created_at = app_user.created_at RETURNING id";
    let rows = work.rows(sql, vec![id.into(), email.into(), email_key.into(), now.into()]).await?;
    rows.first().map(Row::scalar).transpose()?.ok_or_else(|| Fault::corrupt("app_user", "an address has a row"))
}

#[derive(Record)]
#[record(of = member, alias = "member")]
struct MemberVersion {
    id: MemberId,
    version: i64,
}

/// Adds a user to the invited members. A former member becomes the same member again.
pub async fn upsert_member(
    work: &GlobalWork,
    (tenant, user): (TenantId, UserId),
    fresh: MemberId,
    now: Timestamp,
) -> Result<Option<(MemberId, i64)>, Fault> {
    let sql = format!(
        "INSERT INTO member (tenant_id, id, user_id, status, version, created_at, updated_at) VALUES ($1, $2, $3, 'INVITED', 1, $4, $4)
        ON CONFLICT (tenant_id, user_id) DO UPDATE SET status = 'INVITED', version = member.version + 1, updated_at = excluded.updated_at
        WHERE member.removed_at IS NOT NULL AND member.status <> 'INVITED' RETURNING {}",
        MemberVersion::SELECT
    );
    let values = vec![tenant.into(), fresh.into(), user.into(), now.into()];
    Ok(work.records::<MemberVersion>(&sql, values).await?.pop().map(|row| (row.id, row.version)))
}
