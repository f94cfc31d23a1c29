//! Tenants and their slugs, by which commands name them.

use entity::{
    prelude::TenantId,
    record::{Record, Selected},
    tables,
};
use platform::storage::{Database, Fault};

/// A tenant and its slug, of a statement that names `tenant` as `t`.
#[derive(Record)]
pub(super) struct SluggedTenant {
    #[record(of = tables::tenant, alias = "t")]
    pub id: TenantId,
    #[record(of = tables::tenant, alias = "t")]
    pub slug: String,
}

pub(super) async fn load_tenants(db: &Database) -> Result<Vec<(TenantId, String)>, Fault> {
    let sql = format!("SELECT {} FROM tenant t ORDER BY t.slug, t.id", SluggedTenant::SELECT);
    let tenants = db.global().records::<SluggedTenant>(&sql, vec![]).await?;
    Ok(tenants.into_iter().map(|tenant| (tenant.id, tenant.slug)).collect())
}
