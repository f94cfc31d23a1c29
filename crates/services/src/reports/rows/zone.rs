//! Time zones of a tenant, which define its business days.

use platform::storage::{Fault, Reads, Row};

/// The time zones of the tenant and its stores, each once.
pub async fn zones(reads: &impl Reads) -> Result<Vec<String>, Fault> {
    let sql = "SELECT t.time_zone FROM tenant t WHERE t.id = $1 UNION SELECT s.time_zone FROM store s WHERE s.tenant_id = $1";
    reads.rows(sql, vec![]).await?.iter().map(Row::scalar).collect()
}

/// The time zone of the tenant.
pub async fn tenant_zone(reads: &impl Reads) -> Result<String, Fault> {
    let rows = reads.rows("SELECT time_zone FROM tenant WHERE id = $1", vec![]).await?;
    let row = rows.first().ok_or_else(|| Fault::corrupt("tenant", "a caller's tenant has a row"))?;
    Row::scalar(row)
}
