//! Scheduled work on lots. A repetition, or runs on several nodes at once, have no further effect.

use std::collections::BTreeSet;

use entity::prelude::*;
use platform::{clock, storage::Fault};

use super::{
    rows::{DueLot, DueLotCursor, load_due_lots},
    shell,
};
use crate::ledger::{JobCursor, Ledger};

/// Sets aside expired lots in all stores, from where the last run ended, and returns their number.
/// Lots that cannot be set aside are logged and skipped, so that they do not block others. A
/// repetition has no effect.
pub async fn expire_lots(ledger: &Ledger, now: Timestamp, cursor: &JobCursor<DueLotCursor>) -> Result<usize, Fault> {
    // In the first time zone it is tomorrow already: a lot whose last day is today may have expired
    // there.
    let (global, day) = (ledger.database().global(), clock::local_day(now, "Etc/GMT-14"));
    cursor.run(|after, limit| load_due_lots(&global, day, after, limit), DueLot::key, |page| expire_page(ledger, now, page)).await
}

async fn expire_page(ledger: &Ledger, now: Timestamp, page: Vec<DueLot>) -> Result<usize, Fault> {
    let expired_lots = page.iter().filter(|due_lot| due_lot.expires_on < clock::local_day(now, &due_lot.time_zone));
    let lots: BTreeSet<(TenantId, LotId)> = expired_lots.map(|due_lot| (due_lot.tenant, due_lot.lot)).collect();
    let mut expired_count = 0;
    for (tenant, lot) in lots {
        match shell::expire_lot(ledger, tenant, lot).await {
            Ok(is_done) => expired_count += usize::from(is_done),
            Err(fault) => tracing::warn!(%tenant, %lot, %fault, "expired stock could not be made unavailable; it is retried"),
        }
    }
    Ok(expired_count)
}
