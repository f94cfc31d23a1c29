//! Keys that sign tokens, and other secrets of the deployment: global tables.

use entity::{prelude::*, signing_key};
use platform::{
    secrets::{Loss, SealedColumn},
    storage::{Fault, Global, GlobalReads, GlobalWork, Row},
};
use sea_orm::{EntityTrait, QueryOrder};
use uuid::Uuid;

/// The private half of a key that signs tokens.
pub const SIGNING_KEY: SealedColumn =
    SealedColumn { table: "signing_key", column: "pkcs8", keys: &["id"], blind: None, loss: Loss::Row };
/// A secret of the whole deployment.
pub const SERVER_SECRET: SealedColumn =
    SealedColumn { table: "server_secret", column: "value", keys: &["id"], blind: None, loss: Loss::Row };

/// All keys, in the order in which they begin to sign.
pub async fn all(global: &Global) -> Result<Vec<signing_key::Model>, Fault> {
    let select = signing_key::Entity::find().order_by_asc(signing_key::Column::SignsFrom);
    global.all(select.order_by_asc(signing_key::Column::CreatedAt)).await
}

pub async fn insert(work: &GlobalWork, key: signing_key::Model) -> Result<(), Fault> {
    work.tenant().insert_global::<signing_key::Entity>(key).await
}

/// Replaces a plain private key, from before there was a master key, by its sealed form.
pub async fn seal(work: &GlobalWork, id: SigningKeyId, plaintext: Vec<u8>, sealed: Vec<u8>) -> Result<(), Fault> {
    let values = vec![sealed.into(), id.into(), plaintext.into()];
    work.change("UPDATE signing_key SET pkcs8 = $1 WHERE id = $2 AND pkcs8 = $3", values).await?;
    Ok(())
}

pub async fn remove(work: &GlobalWork, ids: &[SigningKeyId]) -> Result<usize, Fault> {
    let backend = work.backend();
    let sql = format!("DELETE FROM signing_key WHERE {}", backend.in_ids("id", 1));
    work.change(&sql, vec![backend.ids(ids.iter().copied())]).await
}

/// A secret of the deployment, sealed.
pub async fn secret(global: &Global, id: Uuid) -> Result<Option<Vec<u8>>, Fault> {
    let rows = global.rows("SELECT value FROM server_secret WHERE id = $1", vec![id.into()]).await?;
    rows.first().map(Row::scalar).transpose()
}

/// Keeps a secret, unless another node has been faster.
pub async fn store_secret(work: &GlobalWork, id: Uuid, sealed: Vec<u8>, now: Timestamp) -> Result<(), Fault> {
    let sql = "INSERT INTO server_secret (id, value, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    work.change(sql, vec![id.into(), sealed.into(), now.into()]).await?;
    Ok(())
}
