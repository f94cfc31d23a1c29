//! Keys that sign tokens, and other secrets of the deployment: global tables.

use entity::{prelude::*, signing_key};
use sea_orm::{EntityTrait, QueryOrder};

use crate::storage::{Fault, Global, GlobalReads, GlobalWork, Row};

/// All keys, the one that signs last at the end.
pub async fn all(global: &Global) -> Result<Vec<signing_key::Model>, Fault> {
    let select = signing_key::Entity::find().order_by_asc(signing_key::Column::SignsFrom);
    global.all(select.order_by_asc(signing_key::Column::CreatedAt)).await
}

pub async fn insert(work: &GlobalWork, key: signing_key::Model) -> Result<(), Fault> {
    work.tenant().insert_global::<signing_key::Entity>(key).await
}

pub async fn remove(work: &GlobalWork, ids: &[SigningKeyId]) -> Result<usize, Fault> {
    let backend = work.backend();
    let sql = format!("DELETE FROM signing_key WHERE {}", backend.in_ids("id", 1));
    work.change(&sql, vec![backend.ids(ids.iter().copied())]).await
}

/// A secret of the deployment by its name.
pub async fn secret(global: &Global, name: &str) -> Result<Option<Vec<u8>>, Fault> {
    let rows = global.rows("SELECT value FROM server_secret WHERE name = $1", vec![name.into()]).await?;
    rows.first().map(|row| Row::new(row).take()).transpose()
}

/// Keeps a secret, unless another node has been faster.
pub async fn keep_secret(work: &GlobalWork, name: &str, value: Vec<u8>, now: Timestamp) -> Result<(), Fault> {
    let sql = "INSERT INTO server_secret (name, value, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    work.change(sql, vec![name.into(), value.into(), now.into()]).await?;
    Ok(())
}
