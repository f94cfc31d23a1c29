//! Timed work on lots. Doing it twice, or on several nodes at once, does nothing more.

use std::collections::BTreeSet;

use entity::prelude::*;
use platform::{clock, storage::Fault};

use super::{rows::due_lots, shell};
use crate::ledger::Ledger;

/// Sets aside what is past its date where it lies, a page of lots a run, and says of how many lots that was. Doing it twice does nothing more.
pub async fn expire_lots(ledger: &Ledger, now: Timestamp) -> Result<usize, Fault> {
    // Somewhere it is tomorrow already: a lot whose last day is today may be over there.
    let due = due_lots(&ledger.database().global(), clock::local_day(now, "Etc/GMT-14")).await?;
    let over = due.into_iter().filter(|due| due.expires_on < clock::local_day(now, &due.time_zone));
    let lots: BTreeSet<(TenantId, LotId)> = over.map(|due| (due.tenant, due.lot)).collect();
    let mut ended = 0;
    for (tenant, lot) in lots {
        ended += usize::from(shell::expire_lot(ledger, tenant, lot).await?);
    }
    Ok(ended)
}
