//! What commands need to know of a tenant: read once, kept for a minute, so that a hot path asks nothing.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{channel, tenant},
};
use platform::storage::{Fault, Finds, Reads};

/// A tenant's own terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Of orders and returns without a priced line.
    pub currency: Currency,
    /// How long a PENDING order holds stock.
    pub reservation_seconds: i64,
    /// The channel with the code DIRECT: where orders come from that name none.
    pub direct: Option<ChannelId>,
}

/// A change of the terms is seen by every node after this long.
const KEPT_SECONDS: i64 = 60;
/// Beyond so many tenants the cache begins anew: a kilobyte each would be far more than it holds.
const MOST_TENANTS: usize = 10_000;

/// The terms of the tenants that were active lately.
#[derive(Debug, Default)]
pub struct TermsCache(Mutex<HashMap<TenantId, (Timestamp, Terms)>>);

impl TermsCache {
    /// The terms of the tenant that `reads` belongs to.
    pub async fn of(&self, reads: &impl Reads, now: Timestamp) -> Result<Terms, Fault> {
        let tenant = reads.tenant();
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&tenant).copied();
        if let Some((until, terms)) = kept
            && now < until
        {
            return Ok(terms);
        }
        self.renew(reads, now).await
    }

    /// The same, read anew whatever is kept.
    pub async fn renew(&self, reads: &impl Reads, now: Timestamp) -> Result<Terms, Fault> {
        let terms = read(reads).await?;
        // A tenant without the channel may get it any moment.
        if terms.direct.is_some() {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if all.len() >= MOST_TENANTS {
                all.clear();
            }
            all.insert(reads.tenant(), (now.plus_seconds(KEPT_SECONDS), terms));
        }
        Ok(terms)
    }
}

#[derive(Record)]
struct TermsRow {
    #[record(of = tenant, alias = "t")]
    default_currency: String,
    #[record(of = tenant, alias = "t")]
    reservation_seconds: i64,
    #[record(of = channel, alias = "c", column = "id", outer)]
    direct: Option<ChannelId>,
}

async fn read(reads: &impl Reads) -> Result<Terms, Fault> {
    let sql = format!(
        "SELECT {} FROM tenant t
               LEFT JOIN channel c ON c.tenant_id = t.id AND c.code_key = 'direct' WHERE t.id = $1",
        TermsRow::SELECT
    );
    let row = reads.records::<TermsRow>(&sql, vec![]).await?.into_iter().next();
    let row = row.ok_or_else(|| Fault::corrupt("tenant", "a caller's tenant has a row"))?;
    let code = row.default_currency;
    let currency = Currency::parse(&code).ok_or_else(|| Fault::corrupt("tenant", format!("unknown currency {code}")))?;
    Ok(Terms { currency, reservation_seconds: row.reservation_seconds, direct: row.direct })
}
