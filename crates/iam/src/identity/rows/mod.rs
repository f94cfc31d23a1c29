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

use entity::{
    app_user,
    prelude::*,
    record::{Record, Selected, TableRecord},
    tables, tenant,
};
use platform::storage::{Fault, Global, GlobalReads, GlobalWork, Row};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder};

/// A user in a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(of = tables::member)]
pub struct Membership {
    #[record(column = "tenant_id")]
    pub tenant: TenantId,
    #[record(column = "id")]
    pub member: MemberId,
    #[record(column = "user_id")]
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

/// Whether the operator has suspended a tenant.
pub async fn is_suspended(db: &impl GlobalReads, tenant: TenantId) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM tenant WHERE id = $1 AND suspended_at IS NOT NULL";
    Ok(!db.rows(sql, vec![tenant.into()]).await?.is_empty())
}

/// Those of some tenants that the operator has suspended.
pub async fn suspended_among(db: &impl GlobalReads, tenants: &[TenantId]) -> Result<Vec<TenantId>, Fault> {
    let backend = db.backend();
    let sql = format!("SELECT id FROM tenant WHERE {} AND suspended_at IS NOT NULL", backend.in_ids("id", 1));
    db.rows(&sql, vec![backend.ids(tenants.iter().copied())]).await?.iter().map(Row::scalar).collect()
}

/// How strict a tenant is. None is the deployment's own limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Record)]
#[record(of = tables::tenant, alias = "tenant")]
pub struct Strictness {
    /// A session that is not used for so many seconds ends.
    #[record(column = "session_idle_seconds")]
    pub idle_seconds: Option<i64>,
    /// And each after so many.
    #[record(column = "session_seconds")]
    pub seconds: Option<i64>,
    /// Characters that a password has at least.
    pub password_length: Option<i64>,
}

pub async fn strictness(db: &impl GlobalReads, tenant: TenantId) -> Result<Strictness, Fault> {
    let sql = format!("SELECT {} FROM tenant WHERE id = $1", Strictness::SELECT);
    Ok(db.records(&sql, vec![tenant.into()]).await?.pop().unwrap_or_default())
}

/// The longest password that any of the user's tenants asks for.
pub async fn strictest_length(db: &impl GlobalReads, user: UserId) -> Result<Option<i64>, Fault> {
    let sql = "SELECT max(t.password_length) FROM member m JOIN tenant t ON t.id = m.tenant_id
        WHERE m.user_id = $1 AND m.status = 'ACTIVE' AND m.removed_at IS NULL";
    db.rows(sql, vec![user.into()]).await?.first().map_or(Ok(None), Row::scalar)
}

/// How long the user's password is at least, as far as that is kept.
pub async fn password_class(db: &impl GlobalReads, user: UserId) -> Result<Option<i64>, Fault> {
    let rows = db.rows("SELECT password_class FROM app_user WHERE id = $1", vec![user.into()]).await?;
    rows.first().map_or(Ok(None), Row::scalar)
}

/// Notes how long a password is at least, where that was not known.
pub async fn note_class(work: &GlobalWork, user: UserId, class: i64) -> Result<(), Fault> {
    let sql = "UPDATE app_user SET password_class = $1 WHERE id = $2 AND (password_class IS NULL OR password_class <> $1)";
    work.change(sql, vec![class.into(), user.into()]).await?;
    Ok(())
}

/// The hash of a user's password, which stays the same until the transaction ends: whoever changes it waits. None: there is no such user.
///
/// A transaction that locks rows of a user locks this one first, then factors, logins that wait for one, sessions, then members; of several users, and of
/// several sessions, in the order of their IDs.
/// One that changes members of a tenant says so before all of them (`TenantProvisioner::before_members_change`).
pub async fn lock_password(work: &GlobalWork, user: UserId) -> Result<Option<String>, Fault> {
    // Weaker than FOR UPDATE, which would wait for those who only refer to the row.
    let sql = "UPDATE app_user SET password_hash = password_hash WHERE id = $1 RETURNING password_hash";
    work.rows(sql, vec![user.into()]).await?.first().map(Row::scalar).transpose()
}

/// Deletes rows of a table by the columns of its key, but those that somebody has at this moment: it waits for none, and the next time finds them. The condition
/// is SQL on the table, with `at` as `$1`. How many.
async fn forget_free(work: &GlobalWork, (table, key): (&str, &str), condition: &str, at: Timestamp) -> Result<usize, Fault> {
    let free = work.backend().for_update_if_free(table);
    let sql = format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE ({condition}){free})");
    work.change(&sql, vec![at.into()]).await
}

/// Selects memberships.
fn of_members() -> String {
    format!("SELECT {} FROM member", Membership::select("member"))
}

/// The user's memberships, the oldest first; without those that they have left or were only invited to.
pub async fn memberships(global: &impl GlobalReads, user: UserId) -> Result<Vec<Membership>, Fault> {
    let sql =
        format!("{} WHERE user_id = $1 AND status <> 'INVITED' AND removed_at IS NULL ORDER BY created_at, id", of_members());
    global.records(&sql, vec![user.into()]).await
}

pub async fn membership(global: &impl GlobalReads, tenant: TenantId, member: MemberId) -> Result<Option<Membership>, Fault> {
    let sql = format!("{} WHERE tenant_id = $1 AND id = $2", of_members());
    Ok(global.records(&sql, vec![tenant.into(), member.into()]).await?.pop())
}

/// Turns the row of somebody who was invited and has not come yet into their account; its id, if there was such a row.
pub async fn claim_user(work: &GlobalWork, user: &app_user::Model) -> Result<Option<UserId>, Fault> {
    let sql = "UPDATE app_user SET email = $1, password_hash = $2, display_name = $3, created_at = $4
        WHERE email_key = $5 AND password_hash = '' RETURNING id";
    let u = user.clone();
    let values = vec![u.email.into(), u.password_hash.into(), u.display_name.into(), u.created_at.into(), u.email_key.into()];
    work.rows(sql, values).await?.first().map(Row::scalar).transpose()
}

/// What a person says of themselves, and what is known of their address.
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(of = tables::app_user, alias = "app_user")]
pub struct Profile {
    pub email: String,
    pub display_name: String,
    pub locale: Option<String>,
    pub time_zone: Option<String>,
    pub verified_at: Option<Timestamp>,
}

pub async fn profile(db: &impl GlobalReads, user: UserId) -> Result<Option<Profile>, Fault> {
    let sql = format!("SELECT {} FROM app_user WHERE id = $1", Profile::SELECT);
    Ok(db.records(&sql, vec![user.into()]).await?.pop())
}

pub async fn put_profile(work: &GlobalWork, user: UserId, profile: Profile) -> Result<(), Fault> {
    let sql = "UPDATE app_user SET display_name = $1, locale = $2, time_zone = $3 WHERE id = $4";
    let values = vec![profile.display_name.into(), profile.locale.into(), profile.time_zone.into(), user.into()];
    work.change(sql, values).await?;
    Ok(())
}
