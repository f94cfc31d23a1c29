//! Tenants whose rows are verified.

use entity::{
    prelude::TenantId,
    record::{Record, Selected},
    tables::tenant,
};
use platform::storage::{Database, Fault};

/// Condition for tenants that are not erased: an erased tenant has nothing left to verify but its
/// audit log's signatures, which `entrepot audit verify` does.
const NOT_ERASED: &str = "NOT EXISTS
    (SELECT 1 FROM tenant_erasure e WHERE e.tenant_id = t.id AND e.erased_at IS NOT NULL) ORDER BY id";

#[derive(Record)]
#[record(of = tenant, alias = "t")]
pub(super) struct TenantRow {
    pub(super) id: TenantId,
    pub(super) slug: String,
}

/// Tenants whose rows are not deleted yet, in the order of their IDs.
pub(super) async fn load_tenants(db: &Database) -> Result<Vec<TenantRow>, Fault> {
    let sql = format!("SELECT {} FROM tenant t WHERE {NOT_ERASED}", TenantRow::SELECT);
    db.global().records::<TenantRow>(&sql, vec![]).await
}
