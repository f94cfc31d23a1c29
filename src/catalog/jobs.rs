//! Customers from before there were keys of their own are sealed, a page at a time, while requests go on. Done, it finds nothing.

use entity::prelude::TenantId;

use super::rows::customer;
use crate::storage::{Database, Fault, Row};

/// Customers that are sealed in one transaction.
const PAGE: i64 = 200;

/// Seals what is not sealed yet, of all tenants; says how many customers that were. Stopped anywhere, it goes on at the next start.
pub async fn seal_customers(db: &Database) -> Result<u64, Fault> {
    let sql = "SELECT DISTINCT tenant_id FROM customer WHERE name IS NOT NULL OR email IS NOT NULL";
    let mut sealed = 0;
    for row in &db.global().rows(sql, vec![]).await? {
        let tenant: TenantId = Row::new(row).take()?;
        loop {
            let work = db.tenant(tenant).begin().await?;
            let page = customer::unsealed(&work, PAGE).await?;
            let same: Vec<_> = page.iter().map(|row| (row, row)).collect();
            customer::write(&work, &[], &same).await?;
            work.commit().await?;
            sealed += page.len() as u64;
            if page.len() < PAGE as usize {
                break;
            }
        }
    }
    Ok(sealed)
}

/// The same at a node's start; what could not be sealed is tried again at the next.
pub async fn run(db: Database) {
    match seal_customers(&db).await {
        Ok(0) => {}
        Ok(sealed) => tracing::info!(sealed, "customers were sealed under keys of their own"),
        Err(fault) => tracing::warn!(%fault, "customers from before are not sealed yet"),
    }
}
