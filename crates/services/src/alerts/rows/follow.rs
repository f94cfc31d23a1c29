//! Position of alerts in each tenant's journal.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{alert_follower, tenant_counter},
};
use platform::storage::{Fault, Global, Reads, SUSPENDED, Work, journal};
use sea_orm::Value;

/// A tenant whose journal has events that alerts have not processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Record)]
pub struct LaggingTenant {
    #[record(of = tenant_counter, alias = "c", column = "tenant_id")]
    pub tenant: TenantId,
    #[record(sql = "coalesce(f.journal_seq, 0)")]
    pub seq: i64,
    #[record(of = tenant_counter, alias = "c")]
    pub head: i64,
}

/// Returns a page of such tenants, by ID. A tenant without a row is followed from its first event.
pub async fn lagging_tenants(global: &Global, after: TenantId, limit: i64) -> Result<Vec<LaggingTenant>, Fault> {
    let sql = format!(
        "SELECT {} FROM tenant_counter c LEFT JOIN alert_follower f ON f.tenant_id = c.tenant_id
               WHERE c.head > coalesce(f.journal_seq, 0) AND c.tenant_id > $1 AND c.tenant_id NOT IN {SUSPENDED} ORDER BY c.tenant_id LIMIT $2",
        LaggingTenant::SELECT
    );
    global.records(&sql, vec![after.into(), limit.into()]).await
}

/// Inserts the tenant's row if it has none, and locks it, so that writers of the tenant's alerts
/// are serialized. Returns false if the tenant has been erased.
///
/// An erasure does not see a row that is inserted concurrently. An insert therefore waits for the
/// counter, which the erasure locks.
pub async fn lock_follower(work: &Work) -> Result<bool, Fault> {
    if work.insert_or_ignore(alert_follower::Model { tenant_id: work.tenant(), journal_seq: 0 }).await? {
        return Ok(journal::lock_counter(work).await?.is_some());
    }
    Ok(work.execute("UPDATE alert_follower SET journal_seq = journal_seq WHERE tenant_id = $1", vec![]).await? > 0)
}

/// Stores the last processed event, if the stored one is still `from`.
pub async fn advance(work: &Work, from: i64, to: i64) -> Result<bool, Fault> {
    let values: Vec<Value> = vec![from.into(), to.into()];
    let sql = "UPDATE alert_follower SET journal_seq = $3 WHERE tenant_id = $1 AND journal_seq = $2";
    Ok(work.execute(sql, values).await? == 1)
}
