//! Where a tenant's days begin.

use platform::storage::{Fault, Reads, Row};

/// The time zone of the tenant.
pub async fn tenant_zone(reads: &impl Reads) -> Result<String, Fault> {
    let rows = reads.rows("SELECT time_zone FROM tenant WHERE id = $1", vec![]).await?;
    let row = rows.first().ok_or_else(|| Fault::corrupt("tenant", "whoever calls has a tenant"))?;
    Row::scalar(row)
}
