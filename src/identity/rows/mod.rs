//! Users and memberships: global tables.

pub mod factors;
pub mod keys;
pub mod links;
pub mod refresh;
pub mod sandboxes;
pub mod sessions;

use entity::{app_user, prelude::*, tenant};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder};

use crate::storage::{Fault, Global, GlobalReads, GlobalWork, Row};

/// A user in a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    pub tenant: TenantId,
    pub member: MemberId,
    pub user: UserId,
    pub status: MemberStatus,
    pub version: i64,
}

pub async fn user_by_email(global: &Global, email_key: &str) -> Result<Option<app_user::Model>, Fault> {
    global.one(app_user::Entity::find().filter(app_user::Column::EmailKey.eq(email_key))).await
}
pub async fn user(db: &impl GlobalReads, id: UserId) -> Result<Option<app_user::Model>, Fault> {
    let rows = db.rows("SELECT * FROM app_user WHERE id = $1", vec![id.into()]).await?;
    Ok(rows.first().map(|row| app_user::Model::from_query_result(row, "")).transpose()?)
}
pub async fn tenants_by_id(global: &Global, ids: &[TenantId]) -> Result<Vec<tenant::Model>, Fault> {
    global
        .all(tenant::Entity::find().filter(tenant::Column::Id.is_in(ids.iter().copied())).order_by_asc(tenant::Column::Slug))
        .await
}
pub async fn tenant_by_slug(global: &Global, slug: &str) -> Result<Option<tenant::Model>, Fault> {
    global.one(tenant::Entity::find().filter(tenant::Column::Slug.eq(slug))).await
}

pub async fn tenant(db: &impl GlobalReads, id: TenantId) -> Result<Option<tenant::Model>, Fault> {
    let rows = db.rows("SELECT * FROM tenant WHERE id = $1", vec![id.into()]).await?;
    Ok(rows.first().map(|row| tenant::Model::from_query_result(row, "")).transpose()?)
}

/// How strict the tenant is about sessions: seconds unused, and seconds at all. None is the deployment's own limit.
pub async fn session_limits(db: &impl GlobalReads, tenant: TenantId) -> Result<(Option<i64>, Option<i64>), Fault> {
    let rows = db.rows("SELECT session_idle_seconds, session_seconds FROM tenant WHERE id = $1", vec![tenant.into()]).await?;
    let Some(row) = rows.first() else { return Ok((None, None)) };
    let mut row = Row::new(row);
    Ok((row.take()?, row.take()?))
}

const MEMBERSHIP: &str = "SELECT tenant_id, id, user_id, status, version FROM member";

/// The user's memberships, the oldest first.
pub async fn memberships(global: &impl GlobalReads, user: UserId) -> Result<Vec<Membership>, Fault> {
    let rows = global.rows(&format!("{MEMBERSHIP} WHERE user_id = $1 ORDER BY created_at, id"), vec![user.into()]).await?;
    rows.iter().map(|row| read(&mut Row::new(row))).collect()
}

pub async fn membership(global: &impl GlobalReads, tenant: TenantId, member: MemberId) -> Result<Option<Membership>, Fault> {
    let sql = format!("{MEMBERSHIP} WHERE tenant_id = $1 AND id = $2");
    let rows = global.rows(&sql, vec![tenant.into(), member.into()]).await?;
    rows.first().map(|row| read(&mut Row::new(row))).transpose()
}

fn read(row: &mut Row<'_>) -> Result<Membership, Fault> {
    Ok(Membership {
        tenant: row.take()?,
        member: row.take()?,
        user: row.take()?,
        status: row.word("member", MemberStatus::parse)?,
        version: row.take()?,
    })
}

pub async fn rename_user(work: &GlobalWork, user: UserId, name: &str) -> Result<(), Fault> {
    work.change("UPDATE app_user SET display_name = $1 WHERE id = $2", vec![name.into(), user.into()]).await?;
    Ok(())
}

/// A member, locked until the transaction ends.
pub async fn lock_membership(work: &GlobalWork, tenant: TenantId, member: MemberId) -> Result<Option<Membership>, Fault> {
    let sql = format!("{MEMBERSHIP} WHERE tenant_id = $1 AND id = $2{}", work.backend().for_update("member"));
    work.rows(&sql, vec![tenant.into(), member.into()]).await?.first().map(|row| read(&mut Row::new(row))).transpose()
}

pub async fn set_status(
    work: &GlobalWork,
    tenant: TenantId,
    member: MemberId,
    status: MemberStatus,
    now: Timestamp,
) -> Result<(), Fault> {
    let sql = "UPDATE member SET status = $1, version = version + 1, updated_at = $2 WHERE tenant_id = $3 AND id = $4";
    work.change(sql, vec![status.as_str().into(), now.into(), tenant.into(), member.into()]).await?;
    Ok(())
}

/// A member as others see it.
#[derive(Debug, Clone)]
pub struct MemberView {
    pub membership: Membership,
    pub user: app_user::Model,
    pub updated_at: Timestamp,
    pub last_seen_at: Option<Timestamp>,
    pub mfa_enabled: bool,
}

pub async fn member_with_user(global: &Global, tenant: TenantId, member: MemberId) -> Result<Option<MemberView>, Fault> {
    let sql = "SELECT tenant_id, id, user_id, status, version, updated_at, last_seen_at,
        EXISTS (SELECT 1 FROM totp t WHERE t.user_id = member.user_id AND t.seed IS NOT NULL) FROM member
        WHERE tenant_id = $1 AND id = $2";
    let rows = global.rows(sql, vec![tenant.into(), member.into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut row = Row::new(row);
    let membership = read(&mut row)?;
    let (updated_at, last_seen_at, mfa_enabled) = (row.time()?, row.time_opt()?, row.take()?);
    let user = global.one(app_user::Entity::find_by_id(membership.user)).await?;
    Ok(user.map(|user| MemberView { membership, user, updated_at, last_seen_at, mfa_enabled }))
}
