//! Timed work on stock: loose holds whose time is over. Doing it twice, or on several nodes at once, does nothing more.

use std::collections::BTreeMap;

use entity::prelude::*;
use futures_util::{StreamExt, stream};
use platform::storage::Fault;

use super::{
    Receipt, StockCommand,
    command::Command,
    due::{self, DueHold, PageKey},
    engine::Ledger,
    walk::Walk,
};
use crate::stock::core::{Expire, MovementHead};

/// Pages of each kind a run works off at most; the next run goes on where it ended (`Walk`).
pub(crate) const MOST_PAGES: usize = 20;
/// Holds that end in one command, which is one movement.
const HOLDS_A_COMMAND: usize = 100;
/// Commands that wait for their commit at once.
pub(crate) const AT_ONCE: usize = 64;

/// Ends the loose reservations whose time is over at `now`, of all tenants, and says how many it ended. What cannot be ended is logged and passed
/// over, so that it holds nothing else up.
pub async fn expire_holds(ledger: &Ledger, now: Timestamp, walk: &Walk<PageKey>) -> Result<usize, Fault> {
    let global = ledger.database().global();
    let read = |after: Option<PageKey>, most| due::holds(&global, now, after.unwrap_or(PageKey::START), most);
    walk.run(read, |hold: &DueHold| hold.page_key, |page| expire_page(ledger, now, page)).await
}

async fn expire_page(ledger: &Ledger, now: Timestamp, due: Vec<DueHold>) -> Result<usize, Fault> {
    let mut by_tenant: BTreeMap<TenantId, Vec<DueHold>> = BTreeMap::new();
    for one in due {
        by_tenant.entry(one.tenant).or_default().push(one);
    }
    let mut commands = Vec::new();
    for (tenant, holds) in by_tenant {
        for some in holds.chunks(HOLDS_A_COMMAND) {
            let head = MovementHead {
                id: ledger.clock().document_id(),
                kind: MovementKind::Release,
                reason: None,
                note: None,
                external_ref: None,
                reference: None,
                actor: Actor::SYSTEM,
                reverses: None,
                occurred_at: now,
            };
            let expire = Expire { head, reservations: some.iter().map(|hold| hold.reservation).collect() };
            commands.push((tenant, Command::of(StockCommand::Expire(expire, some.iter().map(|hold| hold.key).collect()))));
        }
    }
    Ok(submit_all(ledger, commands, |receipt| receipt.reservations.len()).await)
}

/// Submits the commands, some at once, so that they share transactions; sums what `count` says of the receipts.
pub(crate) async fn submit_all(
    ledger: &Ledger,
    commands: Vec<(TenantId, Command)>,
    count: impl Fn(&Receipt) -> usize + Copy,
) -> usize {
    let submitted = commands.into_iter().map(|(tenant, command)| async move {
        match ledger.submit(tenant, command, None).await {
            Ok(Ok(receipt)) => count(&receipt),
            Ok(Err(rejection)) => {
                tracing::warn!(tenant = %tenant, ?rejection, "what is due could not be done");
                0
            }
            Err(fault) => {
                tracing::warn!(tenant = %tenant, error = %fault, "what is due could not be done");
                0
            }
        }
    });
    stream::iter(submitted).buffer_unordered(AT_ONCE).fold(0, |sum, ended| async move { sum + ended }).await
}
