//! Integrations.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::integration,
};
use platform::storage::{Fault, Finds, Reads, Work};

use super::json::{bits, codes, scope, to_json};
use crate::access::core::Integration;

#[derive(Record)]
#[record(of = integration, alias = "integration")]
struct IntegrationRow {
    id: IntegrationId,
    name: String,
    channel_id: Option<ChannelId>,
    permissions: String,
    scope: String,
    trusted_documents_only: bool,
    disabled_at: Option<Timestamp>,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Record)]
#[record(of = integration)]
struct ChangedIntegration {
    id: IntegrationId,
    name: String,
    channel_id: Option<ChannelId>,
    permissions: String,
    scope: String,
    disabled_at: Option<Timestamp>,
    version: i64,
    updated_at: Timestamp,
    trusted_documents_only: bool,
}

impl TryFrom<IntegrationRow> for Integration {
    type Error = Fault;
    fn try_from(row: IntegrationRow) -> Result<Self, Fault> {
        Ok(Self {
            id: row.id,
            name: row.name,
            channel: row.channel_id,
            permissions: bits("integration", &row.permissions)?,
            scope: scope("integration", &row.scope)?,
            trusted_only: row.trusted_documents_only,
            disabled_at: row.disabled_at,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// All integrations, oldest first.
pub async fn integrations(reads: &impl Reads) -> Result<Vec<Integration>, Fault> {
    let sql = format!("SELECT {} FROM integration WHERE tenant_id = $1 ORDER BY id", IntegrationRow::SELECT);
    reads.records::<IntegrationRow>(&sql, vec![]).await?.into_iter().map(Integration::try_from).collect()
}

pub async fn integrations_by_id(reads: &impl Reads, ids: &[IntegrationId]) -> Result<Vec<Integration>, Fault> {
    let backend = reads.backend();
    let (select, id_condition) = (IntegrationRow::SELECT, backend.in_ids("id", 2));
    let sql = format!("SELECT {select} FROM integration WHERE tenant_id = $1 AND {id_condition}");
    let rows = reads.records::<IntegrationRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    rows.into_iter().map(Integration::try_from).collect()
}

/// Whether the tenant has such a channel, and has not archived it.
pub async fn is_channel(reads: &impl Reads, channel: ChannelId) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM channel WHERE tenant_id = $1 AND id = $2 AND archived_at IS NULL";
    let rows = reads.rows(sql, vec![channel.into()]).await?;
    Ok(!rows.is_empty())
}

pub async fn add_integration(work: &Work, new: &Integration) -> Result<(), Fault> {
    let row = integration::Model {
        tenant_id: work.tenant(),
        id: new.id,
        name: new.name.clone(),
        channel_id: new.channel,
        permissions: codes(new.permissions)?,
        scope: to_json(&new.scope)?,
        disabled_at: None,
        version: new.version,
        created_at: new.created_at,
        updated_at: new.created_at,
        trusted_documents_only: new.trusted_only,
    };
    work.insert::<integration::Entity>(row).await
}

pub async fn change_integration(work: &Work, after: &Integration) -> Result<(), Fault> {
    let row = ChangedIntegration {
        id: after.id,
        name: after.name.clone(),
        channel_id: after.channel,
        permissions: codes(after.permissions)?,
        scope: to_json(&after.scope)?,
        disabled_at: after.disabled_at,
        version: after.version,
        updated_at: after.updated_at,
        trusted_documents_only: after.trusted_only,
    };
    work.update_row(row).await.map(drop)
}
