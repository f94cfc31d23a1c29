//! Reads revocations from the rows of all tenants.

use entity::record::{Record, Selected};
use platform::storage::{Fault, Global};
use uuid::Uuid;

use super::core::revocation::{Revocation, RevocationKind};

/// The first part of the union; the others have the same columns in this order.
#[derive(Record)]
struct RevocationRow {
    #[record(sql = "'API_KEY'")]
    kind: String,
    #[record(sql = "k.tenant_id")]
    tenant: Uuid,
    #[record(sql = "k.id")]
    id: Uuid,
    #[record(sql = "k.revoked_at")]
    at: i64,
}

/// Whether the database has the indexes that the query below needs.
pub async fn are_indexed(global: &Global) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM seaql_migrations WHERE version = 'm0165_revocations'";
    Ok(!global.rows(sql, vec![]).await?.is_empty())
}

/// Reads the revocations since a time in microseconds: revoked keys, suspended and removed members,
/// erased customers, and erased tenants.
pub async fn revoked_since(global: &Global, since: i64) -> Result<Vec<Revocation>, Fault> {
    let sql = format!(
        "SELECT {} FROM api_key k WHERE k.revoked_at IS NOT NULL AND k.revoked_at >= $1
         UNION ALL SELECT CASE WHEN m.removed_at IS NULL THEN 'SUSPENDED_MEMBER' ELSE 'FORMER_MEMBER' END, m.tenant_id, m.id, m.updated_at
           FROM member m WHERE m.status = 'SUSPENDED' AND m.updated_at >= $1
         UNION ALL SELECT 'ERASED_CUSTOMER', c.tenant_id, c.id, c.updated_at FROM customer c
           WHERE c.personal IS NULL AND c.name IS NULL AND c.email IS NULL AND c.external_ref IS NULL AND c.updated_at >= $1
         UNION ALL SELECT 'ERASED_TENANT', e.tenant_id, e.tenant_id, e.erased_at FROM tenant_erasure e WHERE e.erased_at >= $1",
        RevocationRow::SELECT
    );
    let revocation = |row: RevocationRow| {
        let RevocationRow { kind, tenant, id, at } = row;
        let revoked = RevocationKind::parse(&kind).ok_or_else(|| Fault::corrupt("revocation", "its kind is known"))?;
        Ok(Revocation { at, revoked, tenant, id })
    };
    global.records::<RevocationRow>(&sql, vec![since.into()]).await?.into_iter().map(revocation).collect()
}
