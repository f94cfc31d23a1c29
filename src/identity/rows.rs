//! Users and memberships: global tables.

use entity::{app_user, prelude::*, signing_key, tenant};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::{
    secrets::SealedColumn,
    storage::{Fault, Global, Row, Work},
};

/// The private half of a key that signs tokens.
pub const SIGNING_KEY: SealedColumn = SealedColumn { table: "signing_key", column: "pkcs8", keys: &["id"], blind: None };

/// A user in a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    pub tenant: TenantId,
    pub member: MemberId,
    pub user: UserId,
    pub role: String,
    pub status: MemberStatus,
}

pub async fn user_by_email(global: &Global, email_key: &str) -> Result<Option<app_user::Model>, Fault> {
    global.one(app_user::Entity::find().filter(app_user::Column::EmailKey.eq(email_key))).await
}
pub async fn tenants_by_id(global: &Global, ids: &[TenantId]) -> Result<Vec<tenant::Model>, Fault> {
    global
        .all(tenant::Entity::find().filter(tenant::Column::Id.is_in(ids.iter().copied())).order_by_asc(tenant::Column::Slug))
        .await
}
pub async fn tenant_by_slug(global: &Global, slug: &str) -> Result<Option<tenant::Model>, Fault> {
    global.one(tenant::Entity::find().filter(tenant::Column::Slug.eq(slug))).await
}
/// The key that signs now: the newest.
pub async fn signing_key(global: &Global) -> Result<Option<signing_key::Model>, Fault> {
    global.one(signing_key::Entity::find().order_by_desc(signing_key::Column::CreatedAt)).await
}

/// Puts the sealed form in the place of a private key from before there were keys to seal it with.
pub async fn seal_signing_key(work: &Work, id: SigningKeyId, plain: Vec<u8>, sealed: Vec<u8>) -> Result<(), Fault> {
    let values = vec![sealed.into(), id.into(), plain.into()];
    work.execute_global("UPDATE signing_key SET pkcs8 = $1 WHERE id = $2 AND pkcs8 = $3", values).await?;
    Ok(())
}

const MEMBERSHIP: &str = "SELECT tenant_id, id, user_id, role, status FROM member";

/// The user's memberships, the oldest first.
pub async fn memberships(global: &Global, user: UserId) -> Result<Vec<Membership>, Fault> {
    let rows = global.rows(&format!("{MEMBERSHIP} WHERE user_id = $1 ORDER BY created_at, id"), vec![user.into()]).await?;
    rows.iter().map(|row| read(&mut Row::new(row))).collect()
}

pub async fn membership(global: &Global, tenant: TenantId, member: MemberId) -> Result<Option<Membership>, Fault> {
    let sql = format!("{MEMBERSHIP} WHERE tenant_id = $1 AND id = $2");
    let rows = global.rows(&sql, vec![tenant.into(), member.into()]).await?;
    rows.first().map(|row| read(&mut Row::new(row))).transpose()
}

fn read(row: &mut Row<'_>) -> Result<Membership, Fault> {
    Ok(Membership {
        tenant: row.take()?,
        member: row.take()?,
        user: row.take()?,
        role: row.take()?,
        status: row.word("member", MemberStatus::parse)?,
    })
}

/// A member as others see it: its user's address and name, its status, and when it last changed.
pub async fn member_with_user(
    global: &Global,
    tenant: TenantId,
    member: MemberId,
) -> Result<Option<(Membership, app_user::Model, i64, Timestamp)>, Fault> {
    let sql = "SELECT tenant_id, id, user_id, role, status, version, updated_at FROM member WHERE tenant_id = $1 AND id = $2";
    let rows = global.rows(sql, vec![tenant.into(), member.into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut row = Row::new(row);
    let membership = read(&mut row)?;
    let (version, updated_at) = (row.take()?, row.time()?);
    let user = global.one(app_user::Entity::find_by_id(membership.user)).await?;
    Ok(user.map(|user| (membership, user, version, updated_at)))
}
