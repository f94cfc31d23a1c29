//! A tenant's own roles.

use entity::prelude::*;
use platform::storage::{Fault, Reads, Row, Work};

use super::{bits, codes, parsed, text_of};
use crate::access::core::Role;

/// All of them, by key.
pub async fn roles(reads: &impl Reads) -> Result<Vec<Role>, Fault> {
    let sql = "SELECT id, key, name, permissions, inherits, version, created_at, updated_at FROM role WHERE tenant_id = $1 ORDER BY key";
    let rows = reads.rows(sql, vec![]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok(Role {
                id: row.take()?,
                key: row.take()?,
                name: row.take()?,
                permissions: bits("role", &row.take::<String>()?)?,
                inherits: parsed("role", &row.take::<String>()?)?,
                version: row.take()?,
                created_at: row.time()?,
                updated_at: row.time()?,
            })
        })
        .collect()
}

pub async fn add_role(work: &Work, role: &Role) -> Result<(), Fault> {
    let sql = "INSERT INTO role (tenant_id, id, key, name, permissions, inherits, version, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let values = vec![
        role.id.into(),
        role.key.as_str().into(),
        role.name.as_str().into(),
        codes(role.permissions)?.into(),
        text_of(&role.inherits)?.into(),
        role.version.into(),
        role.created_at.micros().into(),
        role.updated_at.micros().into(),
    ];
    work.execute(sql, values).await?;
    Ok(())
}

pub async fn change_role(work: &Work, role: &Role) -> Result<(), Fault> {
    let sql = "UPDATE role SET key = $3, name = $4, permissions = $5, inherits = $6, version = $7, updated_at = $8 WHERE tenant_id = $1 AND id = $2";
    let values = vec![
        role.id.into(),
        role.key.as_str().into(),
        role.name.as_str().into(),
        codes(role.permissions)?.into(),
        text_of(&role.inherits)?.into(),
        role.version.into(),
        role.updated_at.micros().into(),
    ];
    work.execute(sql, values).await?;
    Ok(())
}

pub async fn remove_role(work: &Work, role: RoleId) -> Result<(), Fault> {
    work.execute("DELETE FROM role WHERE tenant_id = $1 AND id = $2", vec![role.into()]).await?;
    Ok(())
}
