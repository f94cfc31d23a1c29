//! Scheduled work on lots. A repetition, or runs on several nodes at once, have no further effect.

use std::collections::BTreeSet;

use entity::prelude::*;
use platform::{clock, storage::Fault};

use super::{
    rows::{DueLot, DueLotCursor, due_lots},
    shell,
};
use crate::ledger::{JobCursor, Ledger};

/// Sets aside expired lots in all stores, from where the last run ended, and returns their number.
/// Lots that cannot be set aside are logged and skipped, so that they do not block others. A
/// repetition has no effect.
pub async fn expire_lots(ledger: &Ledger, now: Timestamp, walk: &JobCursor<DueLotCursor>) -> Result<usize, Fault> {
    // In the first time zone it is tomorrow already: a lot whose last day is today may have expired
    // there.
    let (global, day) = (ledger.database().global(), clock::local_day(now, "Etc/GMT-14"));
    walk.run(|after, most| due_lots(&global, day, after, most), DueLot::key, |page| expire_page(ledger, now, page)).await
}

async fn expire_page(ledger: &Ledger, now: Timestamp, page: Vec<DueLot>) -> Result<usize, Fault> {
    let over = page.iter().filter(|due| due.expires_on < clock::local_day(now, &due.time_zone));
    let lots: BTreeSet<(TenantId, LotId)> = over.map(|due| (due.tenant, due.lot)).collect();
    let mut ended = 0;
    for (tenant, lot) in lots {
        match shell::expire_lot(ledger, tenant, lot).await {
            Ok(is_done) => ended += usize::from(is_done),
            Err(fault) => tracing::warn!(%tenant, %lot, %fault, "expired stock could not be made unavailable; it is retried"),
        }
    }
    Ok(ended)
}
