//! Works of orders that were confirmed before there were works. Doing it twice, or on several nodes at once, does nothing more.

use std::time::Duration;

use entity::prelude::*;
use platform::{jobs::Registry, storage::Fault};

use super::{
    core::{WorkCommand, WorkDecision},
    rows,
};
use crate::ledger::{
    Command, Ledger, Receipt,
    due::PAGE,
    jobs::{MOST_PAGES, submit_all},
};

/// New orders get their works as they are placed: only an upgrade leaves something to do.
const EVERY: Duration = Duration::from_hours(6);

/// What workers know of works.
pub fn register(registry: Registry, ledger: &Ledger) -> Registry {
    let ledger = ledger.clone();
    registry.periodic("fulfilment.follow", EVERY, move |_| {
        let ledger = ledger.clone();
        async move { follow_all(&ledger).await.map(drop) }
    })
}

/// Makes the works of orders that have none, of all tenants, and says how many it made.
pub async fn follow_all(ledger: &Ledger) -> Result<usize, Fault> {
    let global = ledger.database().global();
    let (mut made, mut after) = (0, (TenantId::NIL, OrderId::NIL));
    for _ in 0..MOST_PAGES {
        let page = rows::unworked(&global, after).await?;
        let commands = page.iter().map(|(tenant, order)| (*tenant, Command::of(WorkCommand::Follow(*order)))).collect();
        made += submit_all(ledger, commands, works_of).await;
        match page.last() {
            Some(last) if page.len() == PAGE => after = *last,
            _ => break,
        }
    }
    Ok(made)
}

fn works_of(receipt: &Receipt) -> usize {
    receipt.documents.get().map_or(0, |decision: &WorkDecision| decision.works.len())
}
