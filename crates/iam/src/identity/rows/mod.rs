//! Users and memberships: global tables.

pub mod devices;
pub mod factors;
pub mod invitations;
pub mod keys;
pub mod links;
pub mod members;
pub mod refresh;
pub mod sandboxes;
pub mod sessions;

use entity::{app_user, prelude::*, tenant};
use platform::storage::{Fault, Global, GlobalReads, GlobalWork, Row};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder};

/// A user in a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    pub tenant: TenantId,
    pub member: MemberId,
    pub user: UserId,
    pub status: MemberStatus,
    pub version: i64,
}

/// The account of an address. Who was invited and has not come yet has none: their row has no password.
pub async fn user_by_email(global: &Global, email_key: &str) -> Result<Option<app_user::Model>, Fault> {
    let known = app_user::Entity::find().filter(app_user::Column::EmailKey.eq(email_key));
    global.one(known.filter(app_user::Column::PasswordHash.ne(""))).await
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

/// How strict a tenant is. None is the deployment's own limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Strictness {
    /// A session that is not used for so many seconds ends.
    pub idle_seconds: Option<i64>,
    /// And each after so many.
    pub seconds: Option<i64>,
    /// Characters that a password has at least.
    pub password_length: Option<i64>,
}

pub async fn strictness(db: &impl GlobalReads, tenant: TenantId) -> Result<Strictness, Fault> {
    let sql = "SELECT session_idle_seconds, session_seconds, password_length FROM tenant WHERE id = $1";
    let rows = db.rows(sql, vec![tenant.into()]).await?;
    let Some(row) = rows.first() else { return Ok(Strictness::default()) };
    let row = &mut Row::new(row);
    Ok(Strictness { idle_seconds: row.take()?, seconds: row.take()?, password_length: row.take()? })
}

/// The longest password that any of the user's tenants asks for.
pub async fn strictest_length(db: &impl GlobalReads, user: UserId) -> Result<Option<i64>, Fault> {
    let sql = "SELECT max(t.password_length) FROM member m JOIN tenant t ON t.id = m.tenant_id
        WHERE m.user_id = $1 AND m.status = 'ACTIVE' AND m.removed_at IS NULL";
    db.rows(sql, vec![user.into()]).await?.first().map_or(Ok(None), |row| Row::new(row).take())
}

/// How long the user's password is at least, as far as that is kept.
pub async fn password_class(db: &impl GlobalReads, user: UserId) -> Result<Option<i64>, Fault> {
    let rows = db.rows("SELECT password_class FROM app_user WHERE id = $1", vec![user.into()]).await?;
    rows.first().map_or(Ok(None), |row| Row::new(row).take())
}

/// Notes how long a password is at least, where that was not known.
pub async fn note_class(work: &GlobalWork, user: UserId, class: i64) -> Result<(), Fault> {
    let sql = "UPDATE app_user SET password_class = $1 WHERE id = $2 AND (password_class IS NULL OR password_class <> $1)";
    work.change(sql, vec![class.into(), user.into()]).await?;
    Ok(())
}

/// The hash of a user's password, which stays the same until the transaction ends: whoever changes it waits. None: there is no such user.
pub async fn lock_password(work: &GlobalWork, user: UserId) -> Result<Option<String>, Fault> {
    // Weaker than FOR UPDATE, which would wait for those who only refer to the row.
    let sql = "UPDATE app_user SET password_hash = password_hash WHERE id = $1 RETURNING password_hash";
    work.rows(sql, vec![user.into()]).await?.first().map(|row| Row::new(row).take()).transpose()
}

const MEMBERSHIP: &str = "SELECT tenant_id, id, user_id, status, version FROM member";

/// The user's memberships, the oldest first; without those that they have left or were only invited to.
pub async fn memberships(global: &impl GlobalReads, user: UserId) -> Result<Vec<Membership>, Fault> {
    let sql = format!("{MEMBERSHIP} WHERE user_id = $1 AND status <> 'INVITED' AND removed_at IS NULL ORDER BY created_at, id");
    let rows = global.rows(&sql, vec![user.into()]).await?;
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

/// Turns the row of somebody who was invited and has not come yet into their account; its id, if there was such a row.
pub async fn claim_user(work: &GlobalWork, user: &app_user::Model) -> Result<Option<UserId>, Fault> {
    let sql = "UPDATE app_user SET email = $1, password_hash = $2, display_name = $3, created_at = $4
        WHERE email_key = $5 AND password_hash = '' RETURNING id";
    let u = user.clone();
    let values = vec![u.email.into(), u.password_hash.into(), u.display_name.into(), u.created_at.into(), u.email_key.into()];
    work.rows(sql, values).await?.first().map(|row| Row::new(row).take()).transpose()
}

/// What a person says of themselves, and what is known of their address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    pub email: String,
    pub display_name: String,
    pub locale: Option<String>,
    pub time_zone: Option<String>,
    pub verified_at: Option<Timestamp>,
}

pub async fn profile(db: &impl GlobalReads, user: UserId) -> Result<Option<Profile>, Fault> {
    let sql = "SELECT email, display_name, locale, time_zone, verified_at FROM app_user WHERE id = $1";
    let rows = db.rows(sql, vec![user.into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let row = &mut Row::new(row);
    let (email, display_name, locale, time_zone) = (row.take()?, row.take()?, row.take()?, row.take()?);
    Ok(Some(Profile { email, display_name, locale, time_zone, verified_at: row.time_opt()? }))
}

pub async fn put_profile(work: &GlobalWork, user: UserId, profile: Profile) -> Result<(), Fault> {
    let sql = "UPDATE app_user SET display_name = $1, locale = $2, time_zone = $3 WHERE id = $4";
    let values = vec![profile.display_name.into(), profile.locale.into(), profile.time_zone.into(), user.into()];
    work.change(sql, values).await?;
    Ok(())
}
