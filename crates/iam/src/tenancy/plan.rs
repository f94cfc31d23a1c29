//! A tenant's plan: the rate limits that the operator grants it instead of the deployment's.

use entity::{
    record::TableRecord,
    tables::{TenantPlan, tenant_plan},
};
use platform::storage::{Fault, Finds, Global, Reads, Work};

/// The plans of all tenants that have one.
pub async fn all(global: &Global) -> Result<Vec<TenantPlan>, Fault> {
    global.records(&format!("SELECT {} FROM tenant_plan p", TenantPlan::select("p")), vec![]).await
}

/// The tenant's plan; none while the deployment's limits hold.
pub async fn find(reads: &impl Reads) -> Result<Option<TenantPlan>, Fault> {
    let sql = format!("SELECT {} FROM tenant_plan p WHERE tenant_id = $1", TenantPlan::select("p"));
    Ok(reads.records(&sql, vec![]).await?.pop())
}

/// Replaces the tenant's plan.
pub async fn set(work: &Work, plan: TenantPlan) -> Result<(), Fault> {
    work.execute("DELETE FROM tenant_plan WHERE tenant_id = $1", vec![]).await?;
    work.insert::<tenant_plan::Entity>(plan).await
}
