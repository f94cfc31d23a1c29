//! A tenant's own roles.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::role,
};
use platform::storage::{Fault, Finds, Reads, Work};

use super::json::{bits, codes, parse_json, to_json};
use crate::access::core::Role;

#[derive(Record)]
#[record(of = role, alias = "role")]
struct RoleRow {
    id: RoleId,
    key: String,
    name: String,
    permissions: String,
    inherits: String,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Record)]
#[record(of = role)]
struct ChangedRole {
    id: RoleId,
    key: String,
    name: String,
    permissions: String,
    inherits: String,
    version: i64,
    updated_at: Timestamp,
}

impl TryFrom<RoleRow> for Role {
    type Error = Fault;
    fn try_from(row: RoleRow) -> Result<Self, Fault> {
        Ok(Self {
            id: row.id,
            key: row.key,
            name: row.name,
            permissions: bits("role", &row.permissions)?,
            inherits: parse_json("role", &row.inherits)?,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// All roles, by key.
pub async fn roles(reads: &impl Reads) -> Result<Vec<Role>, Fault> {
    let sql = format!("SELECT {} FROM role WHERE tenant_id = $1 ORDER BY key", RoleRow::SELECT);
    reads.records::<RoleRow>(&sql, vec![]).await?.into_iter().map(Role::try_from).collect()
}

pub async fn add_role(work: &Work, role: &Role) -> Result<(), Fault> {
    let row = role::Model {
        tenant_id: work.tenant(),
        id: role.id,
        key: role.key.clone(),
        name: role.name.clone(),
        permissions: codes(role.permissions)?,
        inherits: to_json(&role.inherits)?,
        version: role.version,
        created_at: role.created_at,
        updated_at: role.updated_at,
    };
    work.insert::<role::Entity>(row).await
}

pub async fn change_role(work: &Work, role: &Role) -> Result<(), Fault> {
    let row = ChangedRole {
        id: role.id,
        key: role.key.clone(),
        name: role.name.clone(),
        permissions: codes(role.permissions)?,
        inherits: to_json(&role.inherits)?,
        version: role.version,
        updated_at: role.updated_at,
    };
    work.update_row(row).await.map(drop)
}

pub async fn remove_role(work: &Work, role: RoleId) -> Result<(), Fault> {
    work.execute("DELETE FROM role WHERE tenant_id = $1 AND id = $2", vec![role.into()]).await?;
    Ok(())
}
