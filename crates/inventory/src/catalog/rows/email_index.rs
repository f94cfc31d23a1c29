//! Rebuilds the index of customers' e-mail addresses after its key was lost.

use entity::prelude::*;
use platform::storage::{Fault, Work};

use super::customer;
use crate::catalog::core::text;

/// Customers that are read at a time.
const CUSTOMERS_PER_PAGE: i64 = 500;

/// Rebuilds the index of the tenant's e-mail addresses if its key is lost, and returns the number
/// of customers in it. Customers whose own data are lost are not found any more.
pub async fn rebuild_if_key_lost(work: &Work, now: Timestamp) -> Result<u64, Fault> {
    if customer::blind_key(work).await?.is_some() {
        return Ok(0);
    }
    let (mut key, mut after, mut count) = (None, CustomerId::NIL, 0);
    loop {
        let sql_suffix = " AND c.email_blind IS NOT NULL AND c.id > $2 ORDER BY c.id LIMIT $3";
        let page = customer::select(work, sql_suffix, vec![after.into(), CUSTOMERS_PER_PAGE.into()]).await?;
        let Some(last) = page.last() else { return Ok(count) };
        after = last.id;
        for row in &page {
            let Some(email) = row.email.as_deref() else { continue };
            if key.is_none() {
                key = Some(customer::get_or_create_blind_key(work, now.micros()).await?);
            }
            let Some(key) = &key else { continue };
            let sql = "UPDATE customer SET email_blind = $2 WHERE tenant_id = $1 AND id = $3";
            work.execute(sql, vec![key.blind(&text::fold(email.trim())).into(), row.id.into()]).await?;
            count += 1;
        }
    }
}
