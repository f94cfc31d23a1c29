//! Settings of a tenant that commands need: read once and cached for a minute, so that a hot path
//! runs no query for them.

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
    /// Currency of orders and returns without a priced line.
    pub currency: Currency,
    /// Time for which a PENDING order reserves stock.
    pub reservation_seconds: i64,
    /// The channel with the code DIRECT, for orders that name no channel.
    pub direct: Option<ChannelId>,
}

/// Seconds after which every node sees a change of the terms.
const TERMS_TTL_SECONDS: i64 = 60;
/// Number of tenants at which the cache is cleared: a kilobyte each is far more than they need.
const MAX_TENANTS: usize = 10_000;

/// Cache of the terms of recently active tenants.
#[derive(Debug, Default)]
pub struct TermsCache(Mutex<HashMap<TenantId, (Timestamp, Terms)>>);

impl TermsCache {
    /// Returns the terms of the tenant that `reads` belongs to.
    pub async fn of(&self, reads: &impl Reads, now: Timestamp) -> Result<Terms, Fault> {
        let tenant = reads.tenant();
        let cached = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&tenant).copied();
        if let Some((expires_at, terms)) = cached
            && now < expires_at
        {
            return Ok(terms);
        }
        self.refresh(reads, now).await
    }

    /// Returns the terms, read from the database even if they are cached.
    pub async fn refresh(&self, reads: &impl Reads, now: Timestamp) -> Result<Terms, Fault> {
        let terms = read(reads).await?;
        // Terms without the channel are not cached: it may be created at any moment.
        if terms.direct.is_some() {
            let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if cache.len() >= MAX_TENANTS {
                cache.clear();
            }
            cache.insert(reads.tenant(), (now.plus_seconds(TERMS_TTL_SECONDS), terms));
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
