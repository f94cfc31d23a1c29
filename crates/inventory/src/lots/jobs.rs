//! Timed work on lots. Doing it twice, or on several nodes at once, does nothing more.

use std::collections::BTreeSet;

use entity::prelude::*;
use platform::{clock, storage::Fault};

use super::{
    rows::{DueLot, LotKey, due_lots},
    shell,
};
use crate::ledger::{Ledger, Walk};

/// Sets aside what is past its date where it lies, from where the last run ended, and says of how many lots that was. What cannot be set aside is logged
/// and passed over, so that it holds nothing else up. Doing it twice does nothing more.
pub async fn expire_lots(ledger: &Ledger, now: Timestamp, walk: &Walk<LotKey>) -> Result<usize, Fault> {
    // Somewhere it is tomorrow already: a lot whose last day is today may be over there.
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
            Err(fault) => tracing::warn!(%tenant, %lot, %fault, "what has expired could not be set aside; it is tried again"),
        }
    }
    Ok(ended)
}
