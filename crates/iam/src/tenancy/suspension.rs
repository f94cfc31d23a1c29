//! Suspending a tenant and resuming it: meanwhile its members and keys are refused, jobs and
//! deliveries wait, and its rows stay.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::tenant,
};
use platform::storage::{Fault, Finds, Global, Reads, Work};

/// A tenant as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(of = tenant, alias = "tenant")]
pub struct TenantFacts {
    pub id: TenantId,
    pub slug: String,
    pub name: String,
    pub sandbox: bool,
    pub created_at: Timestamp,
    /// None while the tenant is served.
    pub suspended_at: Option<Timestamp>,
    pub suspended_reason: Option<String>,
}

/// All tenants, by slug.
///
/// # Errors
/// The database fails.
pub async fn all(global: &Global) -> Result<Vec<TenantFacts>, Fault> {
    global.records(&format!("SELECT {} FROM tenant ORDER BY slug, id", TenantFacts::SELECT), vec![]).await
}

/// Suspended tenants by slug, at most `limit`.
///
/// # Errors
/// The database fails.
pub async fn list_suspended(global: &Global, limit: i64) -> Result<Vec<TenantFacts>, Fault> {
    let sql = format!("SELECT {} FROM tenant WHERE suspended_at IS NOT NULL ORDER BY slug, id LIMIT $1", TenantFacts::SELECT);
    global.records(&sql, vec![limit.into()]).await
}

/// The scope's tenant.
///
/// # Errors
/// The database fails.
pub async fn find(reads: &impl Reads) -> Result<TenantFacts, Fault> {
    let sql = format!("SELECT {} FROM tenant WHERE id = $1", TenantFacts::SELECT);
    let facts = reads.records::<TenantFacts>(&sql, vec![]).await?.pop();
    facts.ok_or_else(|| Fault::corrupt("tenant", "a tenant that was found has a row"))
}

/// Suspends the tenant; false if it was suspended already, which stays unchanged.
///
/// # Errors
/// The database fails.
pub async fn suspend(work: &Work, reason: &str, now: Timestamp) -> Result<bool, Fault> {
    let sql = "UPDATE tenant SET suspended_at = $2, suspended_reason = $3 WHERE id = $1 AND suspended_at IS NULL";
    Ok(work.execute(sql, vec![now.micros().into(), reason.into()]).await? == 1)
}

/// Resumes the tenant; false if it was not suspended.
///
/// # Errors
/// The database fails.
pub async fn resume(work: &Work) -> Result<bool, Fault> {
    let sql = "UPDATE tenant SET suspended_at = NULL, suspended_reason = NULL WHERE id = $1 AND suspended_at IS NOT NULL";
    Ok(work.execute(sql, vec![]).await? == 1)
}
