//! Seals customers from before each had a key of its own: a page at a time, while requests are
//! served. Later runs find nothing.

use entity::prelude::TenantId;
use platform::storage::{Database, Fault, Row};

use crate::catalog::rows::customer;

/// Customers that are sealed in one transaction.
const CUSTOMERS_PER_TRANSACTION: i64 = 200;

/// Seals the unsealed customers of all tenants, and returns their number. If it is interrupted, the
/// next start continues.
pub async fn seal_customers(db: &Database) -> Result<u64, Fault> {
    let sql = "SELECT DISTINCT tenant_id FROM customer WHERE name IS NOT NULL OR email IS NOT NULL";
    let mut sealed_count = 0;
    for row in &db.global().rows(sql, vec![]).await? {
        let tenant: TenantId = Row::scalar(row)?;
        loop {
            let work = db.tenant(tenant).begin().await?;
            let page = customer::lock_unsealed(&work, CUSTOMERS_PER_TRANSACTION).await?;
            let unchanged_pairs: Vec<_> = page.iter().map(|row| (row, row)).collect();
            customer::write(&work, &[], &unchanged_pairs).await?;
            work.commit().await?;
            sealed_count += page.len() as u64;
            if page.len() < CUSTOMERS_PER_TRANSACTION as usize {
                break;
            }
        }
    }
    Ok(sealed_count)
}
