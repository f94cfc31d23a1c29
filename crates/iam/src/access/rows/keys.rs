//! API keys. `api_key_index` maps a hash to its tenant; it is the only global table of access,
//! since the caller's tenant is not known before the lookup.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{api_key, api_key_index, tenant},
};
use platform::storage::{Fault, Finds, Global, Reads, Row, Work};
use sea_orm::Value;

use super::{
    integrations::integrations_by_id,
    json::{bits, codes, parse_json, scope, to_json},
};
use crate::access::core::{ApiKey, Integration, KeyBudget};

#[derive(Record)]
#[record(of = api_key, alias = "api_key")]
struct KeyRow {
    id: ApiKeyId,
    integration_id: IntegrationId,
    name: String,
    prefix: String,
    permissions: Option<String>,
    scope: Option<String>,
    cidrs: String,
    expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    created_at: Timestamp,
    trusted_documents_only: bool,
    leaked_at: Option<Timestamp>,
    budget_points: Option<i64>,
    budget_restored: Option<i64>,
}

/// Ends of a key.
#[derive(Record)]
#[record(of = api_key)]
struct EndedKey {
    id: ApiKeyId,
    expires_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    leaked_at: Option<Timestamp>,
}

/// None if the row has no budget of its own.
fn budget(points: Option<i64>, restored: Option<i64>) -> Result<Option<KeyBudget>, Fault> {
    let (Some(points), Some(restored)) = (points, restored) else { return Ok(None) };
    let number = |value: i64| u32::try_from(value).map_err(|_| Fault::corrupt("api_key", format!("a budget of {value}")));
    Ok(Some(KeyBudget { points: number(points)?, restored_per_second: number(restored)? }))
}

impl TryFrom<KeyRow> for ApiKey {
    type Error = Fault;
    fn try_from(row: KeyRow) -> Result<Self, Fault> {
        Ok(Self {
            id: row.id,
            integration: row.integration_id,
            name: row.name,
            prefix: row.prefix,
            permissions: row.permissions.map(|text| bits("api_key", &text)).transpose()?,
            scope: row.scope.map(|text| scope("api_key", &text)).transpose()?,
            cidrs: parse_json("api_key", &row.cidrs)?,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            revoked_at: row.revoked_at,
            created_at: row.created_at,
            trusted_only: row.trusted_documents_only,
            leaked_at: row.leaked_at,
            budget: budget(row.budget_points, row.budget_restored)?,
        })
    }
}

/// Keys: conditions and order are SQL over `api_key`, values from `$2`.
async fn keys(reads: &impl Reads, conditions: &str, values: Vec<Value>) -> Result<Vec<ApiKey>, Fault> {
    let sql = format!("SELECT {} FROM api_key WHERE tenant_id = $1 AND {conditions}", KeyRow::SELECT);
    reads.records::<KeyRow>(&sql, values).await?.into_iter().map(ApiKey::try_from).collect()
}

pub async fn keys_by_id(reads: &impl Reads, ids: &[ApiKeyId]) -> Result<Vec<ApiKey>, Fault> {
    let backend = reads.backend();
    keys(reads, &backend.in_ids("id", 2), vec![backend.ids(ids.iter().copied())]).await
}

/// The keys of integrations, the oldest first.
pub async fn keys_of(reads: &impl Reads, integrations: &[IntegrationId]) -> Result<Vec<ApiKey>, Fault> {
    let backend = reads.backend();
    let id_condition = backend.in_ids("integration_id", 2);
    let conditions = format!("{id_condition} ORDER BY integration_id, created_at, id");
    keys(reads, &conditions, vec![backend.ids(integrations.iter().copied())]).await
}

/// The keys that are neither revoked nor over, the oldest first.
pub async fn active_keys(reads: &impl Reads, now: Timestamp) -> Result<Vec<ApiKey>, Fault> {
    let conditions = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)
         ORDER BY created_at, id";
    keys(reads, conditions, vec![now.into()]).await
}

/// Inserts a key, and the index entry of its hash.
pub async fn add_key(work: &Work, new: &ApiKey, hash: [u8; 32]) -> Result<(), Fault> {
    let row = api_key::Model {
        tenant_id: work.tenant(),
        id: new.id,
        integration_id: new.integration,
        name: new.name.clone(),
        prefix: new.prefix.clone(),
        permissions: new.permissions.map(codes).transpose()?,
        scope: new.scope.as_ref().map(to_json).transpose()?,
        cidrs: to_json(&new.cidrs)?,
        expires_at: new.expires_at,
        last_used_at: None,
        revoked_at: None,
        created_at: new.created_at,
        trusted_documents_only: new.trusted_only,
        budget_points: new.budget.map(|budget| budget.points.into()),
        budget_restored: new.budget.map(|budget| budget.restored_per_second.into()),
        leaked_at: None,
    };
    work.insert::<api_key::Entity>(row).await?;
    let index = api_key_index::Model { hash: hash.to_vec(), tenant_id: work.tenant(), key_id: new.id };
    work.insert_global::<api_key_index::Entity>(index).await
}

/// Writes when a key ends, or ended.
pub async fn end_key(work: &Work, after: &ApiKey) -> Result<(), Fault> {
    let row = EndedKey { id: after.id, expires_at: after.expires_at, revoked_at: after.revoked_at, leaked_at: after.leaked_at };
    work.update_row(row).await.map(drop)
}

/// Records a use. Several nodes may report the same key: the latest time is kept.
pub async fn record_key_use(work: &Work, key: ApiKeyId, minute: Timestamp) -> Result<(), Fault> {
    let sql =
        "UPDATE api_key SET last_used_at = $3 WHERE tenant_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < $3)";
    work.execute(sql, vec![key.into(), minute.micros().into()]).await?;
    Ok(())
}

/// A key with the tenant that it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Record)]
pub struct TenantKey {
    #[record(of = api_key_index, alias = "i", column = "tenant_id")]
    pub tenant: TenantId,
    #[record(of = api_key_index, alias = "i", column = "key_id")]
    pub key: ApiKeyId,
    /// Whether the tenant is for trying things out.
    #[record(of = tenant, alias = "t", column = "sandbox")]
    pub is_sandbox: bool,
    /// Time at which the operator suspended the tenant. None: not suspended.
    #[record(of = tenant, alias = "t", column = "suspended_at")]
    pub suspended_at: Option<Timestamp>,
}

/// The tenant and the key of a hash.
pub async fn find_tenant_key(global: &Global, hash: &[u8; 32]) -> Result<Option<TenantKey>, Fault> {
    let select = TenantKey::SELECT;
    let sql = format!("SELECT {select} FROM api_key_index i JOIN tenant t ON t.id = i.tenant_id WHERE i.hash = $1");
    Ok(global.records(&sql, vec![hash.to_vec().into()]).await?.pop())
}

/// A key with its integration.
pub struct KeyWithIntegration {
    pub key: ApiKey,
    pub integration: Integration,
}

pub async fn find_key_with_integration(reads: &impl Reads, key: ApiKeyId) -> Result<Option<KeyWithIntegration>, Fault> {
    let Some(key) = keys_by_id(reads, &[key]).await?.pop() else { return Ok(None) };
    let integration = integrations_by_id(reads, &[key.integration]).await?.pop();
    let integration = integration.ok_or_else(|| Fault::corrupt("api_key", "a key has an integration"))?;
    Ok(Some(KeyWithIntegration { key, integration }))
}

/// State of a tenant that decides whether it is served.
#[derive(Record)]
#[record(of = tenant, alias = "")]
struct ServedTenant {
    sandbox: bool,
    suspended_at: Option<Timestamp>,
}

/// Reads the home of a key of this tenant.
pub async fn read_tenant_key(reads: &impl Reads, key: ApiKeyId) -> Result<TenantKey, Fault> {
    let sql = format!("SELECT {} FROM tenant WHERE id = $1", ServedTenant::SELECT);
    let served_tenant = reads.records::<ServedTenant>(&sql, vec![]).await?.pop();
    let (is_sandbox, suspended_at) =
        served_tenant.map_or((false, None), |served_tenant| (served_tenant.sandbox, served_tenant.suspended_at));
    Ok(TenantKey { tenant: reads.tenant(), key, is_sandbox, suspended_at })
}

/// Whether the tenant is for trying things out.
pub async fn is_sandbox(reads: &impl Reads) -> Result<bool, Fault> {
    let rows = reads.rows("SELECT sandbox FROM tenant WHERE id = $1", vec![]).await?;
    rows.first().map_or(Ok(false), Row::scalar)
}
