//! Timed work on stock: expired reservations that belong to no order. A repeated run, or one on
//! several nodes at once, does nothing more.

use std::collections::BTreeMap;

use entity::prelude::*;
use futures_util::{StreamExt, stream};
use platform::storage::Fault;

use super::{
    Receipt, StockCommand,
    command::Command,
    due::{self, DueReservation, PageKey},
    engine::Ledger,
    job_cursor::JobCursor,
};
use crate::stock::core::{Expire, MovementHead};

/// Maximum reservations that one command ends, in one movement.
const MAX_RESERVATIONS_PER_COMMAND: usize = 100;
/// Maximum commands that wait for their commit at the same time.
pub(crate) const MAX_CONCURRENT_COMMANDS: usize = 64;

/// Ends the expired reservations that belong to no order, of all tenants, and returns their number.
/// A failure is logged and skipped, so that it does not block the others.
pub async fn expire_reservations(ledger: &Ledger, now: Timestamp, cursor: &JobCursor<PageKey>) -> Result<usize, Fault> {
    let global = ledger.database().global();
    let read = |after: Option<PageKey>, limit| due::load_expired_holds(&global, now, after.unwrap_or(PageKey::START), limit);
    cursor.run(read, |hold: &DueReservation| hold.page_key, |page| expire_page(ledger, now, page)).await
}

async fn expire_page(ledger: &Ledger, now: Timestamp, due: Vec<DueReservation>) -> Result<usize, Fault> {
    let mut by_tenant: BTreeMap<TenantId, Vec<DueReservation>> = BTreeMap::new();
    for due_item in due {
        by_tenant.entry(due_item.tenant).or_default().push(due_item);
    }
    let mut commands = Vec::new();
    for (tenant, holds) in by_tenant {
        for some in holds.chunks(MAX_RESERVATIONS_PER_COMMAND) {
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

/// Submits the commands, some at the same time, so that they share transactions; returns the sum of
/// `count` over the receipts.
pub(crate) async fn submit_all(
    ledger: &Ledger,
    commands: Vec<(TenantId, Command)>,
    count: impl Fn(&Receipt) -> usize + Copy,
) -> usize {
    let submitted = commands.into_iter().map(|(tenant, command)| async move {
        match ledger.submit(tenant, command, None).await {
            Ok(Ok(receipt)) => count(&receipt),
            Ok(Err(rejection)) => {
                tracing::warn!(tenant = %tenant, ?rejection, "a due command could not be executed");
                0
            }
            Err(fault) => {
                tracing::warn!(tenant = %tenant, error = %fault, "a due command could not be executed");
                0
            }
        }
    });
    stream::iter(submitted)
        .buffer_unordered(MAX_CONCURRENT_COMMANDS)
        .fold(0, |sum, submitted_count| async move { sum + submitted_count })
        .await
}
