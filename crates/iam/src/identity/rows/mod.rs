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

/// The account of an address. A user who is invited and has not joined yet has none: their row has
/// no password.
pub async fn user_by_email(global: &Global, email_key: &str) -> Result<Option<app_user::Model>, Fault> {
    let users = app_user::Entity::find().filter(app_user::Column::EmailKey.eq(email_key));
    global.one(users.filter(app_user::Column::PasswordHash.ne(""))).await
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

/// Returns those of the given tenants that the operator has suspended.
pub async fn suspended_among(db: &impl GlobalReads, tenants: &[TenantId]) -> Result<Vec<TenantId>, Fault> {
    let backend = db.backend();
    let sql = format!("SELECT id FROM tenant WHERE {} AND suspended_at IS NOT NULL", backend.in_ids("id", 1));
    db.rows(&sql, vec![backend.ids(tenants.iter().copied())]).await?.iter().map(Row::scalar).collect()
}

/// A tenant's limits of sessions and passwords. None: the deployment's own limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Record)]
#[record(of = tables::tenant, alias = "tenant")]
pub struct SecurityLimits {
    /// Seconds without use after which a session ends.
    #[record(column = "session_idle_seconds")]
    pub idle_seconds: Option<i64>,
    /// Seconds after which a session ends in any case.
    #[record(column = "session_seconds")]
    pub seconds: Option<i64>,
    /// Characters that a password has at least.
    pub password_length: Option<i64>,
}

pub async fn security_limits(db: &impl GlobalReads, tenant: TenantId) -> Result<SecurityLimits, Fault> {
    let sql = format!("SELECT {} FROM tenant WHERE id = $1", SecurityLimits::SELECT);
    Ok(db.records(&sql, vec![tenant.into()]).await?.pop().unwrap_or_default())
}

/// The longest minimum length of passwords among the user's tenants.
pub async fn required_password_length(db: &impl GlobalReads, user: UserId) -> Result<Option<i64>, Fault> {
    let sql = "SELECT max(t.password_length) FROM member m JOIN tenant t ON t.id = m.tenant_id
        WHERE m.user_id = $1 AND m.status = 'ACTIVE' AND m.removed_at IS NULL";
    db.rows(sql, vec![user.into()]).await?.first().map_or(Ok(None), Row::scalar)
}

/// Returns the lower bound of the length of a user's password; None if it is not stored.
pub async fn password_class(db: &impl GlobalReads, user: UserId) -> Result<Option<i64>, Fault> {
    let rows = db.rows("SELECT password_class FROM app_user WHERE id = $1", vec![user.into()]).await?;
    rows.first().map_or(Ok(None), Row::scalar)
}

/// Records the length class of a password, if it was not known.
pub async fn record_password_class(work: &GlobalWork, user: UserId, class: i64) -> Result<(), Fault> {
    let sql = "UPDATE app_user SET password_class = $1 WHERE id = $2 AND (password_class IS NULL OR password_class <> $1)";
    work.change(sql, vec![class.into(), user.into()]).await?;
    Ok(())
}

/// Locks a user's row and returns the password hash, which stays the same until the transaction
/// ends. None if there is no such user.
///
/// A transaction that locks rows of a user locks this one first, then factors, logins that wait for
/// one, sessions, then members; several users, and several sessions, are locked in the order of
/// their IDs. One that changes members of a tenant calls `TenantProvisioner::before_members_change`
/// before any of these.
pub async fn lock_password(work: &GlobalWork, user: UserId) -> Result<Option<String>, Fault> {
    // Weaker than FOR UPDATE, which would wait for transactions that only refer to the row.
    let sql = "UPDATE app_user SET password_hash = password_hash WHERE id = $1 RETURNING password_hash";
    work.rows(sql, vec![user.into()]).await?.first().map(Row::scalar).transpose()
}

/// Deletes rows of a table by the columns of its key, except rows that are locked at the moment: it
/// waits for none, and the next call deletes them. The condition is SQL on the table, with `at` as
/// `$1`. Returns the number of rows.
async fn delete_unlocked(work: &GlobalWork, (table, key): (&str, &str), condition: &str, at: Timestamp) -> Result<usize, Fault> {
    let lock_clause = work.backend().for_update_if_free(table);
    let sql = format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE ({condition}){lock_clause})");
    work.change(&sql, vec![at.into()]).await
}

/// Selects memberships.
fn select_memberships() -> String {
    format!("SELECT {} FROM member", Membership::select("member"))
}

/// The user's memberships, the oldest first, without those that they have left or were only invited
/// to.
pub async fn memberships(global: &impl GlobalReads, user: UserId) -> Result<Vec<Membership>, Fault> {
    let sql = format!(
        "{} WHERE user_id = $1 AND status <> 'INVITED' AND removed_at IS NULL ORDER BY created_at, id",
        select_memberships()
    );
    global.records(&sql, vec![user.into()]).await
}

pub async fn membership(global: &impl GlobalReads, tenant: TenantId, member: MemberId) -> Result<Option<Membership>, Fault> {
    let sql = format!("{} WHERE tenant_id = $1 AND id = $2", select_memberships());
    Ok(global.records(&sql, vec![tenant.into(), member.into()]).await?.pop())
}

/// Turns the row of an invited user into their account; returns its ID, if there was such a row.
pub async fn claim_user(work: &GlobalWork, user: &app_user::Model) -> Result<Option<UserId>, Fault> {
    let sql = "UPDATE app_user SET email = $1, password_hash = $2, display_name = $3, created_at = $4
        WHERE email_key = $5 AND password_hash = '' RETURNING id";
    let u = user.clone();
    let values = vec![u.email.into(), u.password_hash.into(), u.display_name.into(), u.created_at.into(), u.email_key.into()];
    work.rows(sql, values).await?.first().map(Row::scalar).transpose()
}

/// A user's own details, and the state of their e-mail address.
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

pub async fn update_profile(work: &GlobalWork, user: UserId, profile: Profile) -> Result<(), Fault> {
    let sql = "UPDATE app_user SET display_name = $1, locale = $2, time_zone = $3 WHERE id = $4";
    let values = vec![profile.display_name.into(), profile.locale.into(), profile.time_zone.into(), user.into()];
    work.change(sql, values).await?;
    Ok(())
}
