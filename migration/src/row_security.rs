//! The second wall around tenants, on Postgres: two roles that own nothing, and policies on every table that holds a tenant's rows.
//!
//! `entrepot_app` sees and writes the rows of the tenant that its connection is bound to; `entrepot_steward`, for the work of the deployment
//! itself, sees all and writes only the bound tenant's. Not in a migration's own `up`: it is called after them all, so that a table
//! that comes later is walled too.

use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};

use super::months::PART;

/// Serves requests: one tenant at a time.
pub const APP: &str = "entrepot_app";
/// Serves logins, jobs and commands of the deployment.
pub const STEWARD: &str = "entrepot_steward";

const ROLES: &str = include_str!("row_security/roles.sql");
const WALL: &str = include_str!("row_security/wall.sql");
const GAPS: &str = include_str!("row_security/gaps.sql");
/// Tries the wall by writes, in a transaction that is bound to a tenant and undone afterwards: it fails where the wall does.
pub const TRIAL: &str = include_str!("row_security/trial.sql");

/// Statements that a login with CREATEROLE runs once, if the login of Entrepot may not create
/// roles.
pub const BY_HAND: &str = "CREATE ROLE entrepot_app NOLOGIN NOINHERIT; CREATE ROLE entrepot_steward NOLOGIN NOINHERIT; \
    GRANT entrepot_app, entrepot_steward TO the login of --database-url";

/// Makes the roles where they are not there, and lets this login take them on. Fails where the login may not.
pub async fn make_roles(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    db.execute_unprepared(ROLES).await.map(drop)
}

/// Lays grants and policies wherever they are missing. Only the tables' owner can.
pub async fn build(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    db.execute_unprepared(&WALL.replace("{part}", PART)).await.map(drop)
}

/// Returns the gaps in row-level security; empty if it is complete.
pub async fn gaps(db: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    let rows = db.query_all_raw(Statement::from_string(DbBackend::Postgres, GAPS.replace("{part}", PART))).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}
