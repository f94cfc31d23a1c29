//! The index of customers' e-mail addresses, made anew after its key was lost.

use entity::prelude::*;
use platform::storage::{Fault, Work};

use super::customer;
use crate::catalog::core::text;

/// Customers that are read at a time.
const PAGE: i64 = 500;

/// Finds the tenant's customers by their e-mail addresses again, if the key of the index is gone; how many customers. One whose own data is lost is found no more.
pub async fn restore(work: &Work, now: Timestamp) -> Result<u64, Fault> {
    if customer::blind_key(work).await?.is_some() {
        return Ok(0);
    }
    let (mut key, mut after, mut found) = (None, CustomerId::NIL, 0);
    loop {
        let rest = " AND c.email_blind IS NOT NULL AND c.id > $2 ORDER BY c.id LIMIT $3";
        let page = customer::select(work, rest, vec![after.into(), PAGE.into()]).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = last.id;
        for row in &page {
            let Some(email) = row.email.as_deref() else { continue };
            if key.is_none() {
                key = Some(customer::blind_key_made(work, now.micros()).await?);
            }
            let Some(key) = &key else { continue };
            let sql = "UPDATE customer SET email_blind = $2 WHERE tenant_id = $1 AND id = $3";
            work.execute(sql, vec![key.blind(&text::fold(email.trim())).into(), row.id.into()]).await?;
            found += 1;
        }
    }
}
