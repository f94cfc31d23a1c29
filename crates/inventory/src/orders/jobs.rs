//! Timed work on orders: expired orders end, and backordered lines get stock that has arrived. A
//! repeated run, or one on several nodes at once, does nothing more.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;
use futures_util::{StreamExt, stream};
use platform::storage::{Fault, TenantScope};

use super::{
    core::{ActOnOrder, Fill, OrderCommand, OrderDecision},
    rows::{
        self,
        due::{self, DueOrder, RestockedLevel},
    },
};
use crate::{
    ledger::{
        Command, JobCursor, Ledger, Receipt,
        due::PageKey,
        jobs::{MAX_CONCURRENT_COMMANDS, expire_reservations, submit_all},
    },
    stock::core::LevelKey,
};

/// Maximum orders that get stock of one level in a run; the next run continues.
const MAX_ORDERS_PER_LEVEL: usize = 200;
/// Maximum number of rounds in a run that offer the remaining stock to orders behind those that
/// could not use it.
const MAX_ROUNDS: usize = 4;

/// Positions of the jobs that expire orders, and reservations that belong to no order.
#[derive(Debug, Default)]
pub struct ExpiryCursors {
    orders: JobCursor<PageKey>,
    holds: JobCursor<PageKey>,
}

/// Ends the PENDING orders, and the reservations that belong to no order, that have expired at
/// `now`, of all tenants, from where the last run ended; returns their number. A failure is logged
/// and skipped, so that it does not block the others.
pub async fn expire_due(ledger: &Ledger, now: Timestamp, cursors: &ExpiryCursors) -> Result<usize, Fault> {
    let global = ledger.database().global();
    let page_reader = |after: Option<PageKey>, limit| due::due_orders(&global, now, after.unwrap_or(PageKey::START), limit);
    let expired_count =
        cursors.orders.run(page_reader, |order: &DueOrder| order.page_key, |page| expire_orders(ledger, page)).await?;
    Ok(expired_count + expire_reservations(ledger, now, &cursors.holds).await?)
}

/// Gives arrived stock to backordered orders, of all tenants, in each store the oldest order first,
/// from where the last run ended; returns the number of orders that got any. The rows state what is
/// backordered, so after an interrupted run, or beside one on another node, a run does only what is
/// left.
pub async fn fill_backorders(ledger: &Ledger, cursor: &JobCursor<RestockedLevel>) -> Result<usize, Fault> {
    let global = ledger.database().global();
    let page_reader = |after, limit| due::load_restocked_levels(&global, after, limit);
    cursor.run(page_reader, |arrived: &RestockedLevel| *arrived, |page| fill_page(ledger, page)).await
}

async fn fill_page(ledger: &Ledger, page: Vec<RestockedLevel>) -> Result<usize, Fault> {
    let mut by_tenant: BTreeMap<TenantId, Vec<RestockedLevel>> = BTreeMap::new();
    for level in page {
        by_tenant.entry(level.tenant).or_default().push(level);
    }
    let tenants = by_tenant.into_iter().map(|(tenant, arrived)| fill_tenant(ledger, tenant, arrived));
    let mut results = stream::iter(tenants).buffer_unordered(MAX_CONCURRENT_COMMANDS);
    let mut filled = 0;
    while let Some(reserved_count) = results.next().await {
        filled += reserved_count?;
    }
    Ok(filled)
}

/// A backordered order: its place in the queue, and the levels and lines that stock has arrived
/// for.
struct WaitingOrder {
    queue_place: (Timestamp, i64),
    levels: BTreeSet<LevelKey>,
    lines: BTreeSet<u16>,
}

/// Fills one order after the other, so that none overtakes. Orders that could not use the stock are
/// passed over: the rest is offered to the orders after them.
async fn fill_tenant(ledger: &Ledger, tenant: TenantId, arrived: Vec<RestockedLevel>) -> Result<usize, Fault> {
    let scope = ledger.database().tenant(tenant);
    let keys: Vec<LevelKey> = arrived.iter().map(|level| level.key).collect();
    let mut available_levels: Vec<(LevelKey, i64)> = arrived.iter().map(|level| (level.key, level.available)).collect();
    let (mut filled, mut skipped_orders) = (0, BTreeSet::new());
    for _ in 0..MAX_ROUNDS {
        let before = skipped_orders.len();
        let next_orders = load_waiting_orders(&scope, available_levels, &skipped_orders).await?;
        for (order, WaitingOrder { levels, lines, .. }) in next_orders {
            let fill = Fill { order, movement: ledger.clock().document_id(), levels: levels.into_iter().collect(), lines };
            match ledger.submit(tenant, Command::of(OrderCommand::Fill(fill)), None).await {
                Ok(Ok(receipt)) => {
                    let reserved_count = orders_of(&receipt);
                    filled += reserved_count;
                    if reserved_count == 0 {
                        skipped_orders.insert(order);
                    }
                }
                Ok(Err(rejection)) => {
                    tracing::warn!(%tenant, %order, ?rejection, "arrived stock could not be reserved for a waiting order");
                    skipped_orders.insert(order);
                }
                // The next run may succeed: later orders are not moved ahead of it.
                Err(fault) => {
                    tracing::warn!(%tenant, %order, error = %fault, "arrived stock could not be reserved for a waiting order");
                }
            }
        }
        if skipped_orders.len() == before {
            break;
        }
        available_levels = rows::available_at(&scope, &keys).await?;
    }
    Ok(filled)
}

/// Returns the orders that come next for the available stock of levels, the oldest first, without
/// those that were passed over. A kit takes from several levels: orders before it at any of them
/// come first.
async fn load_waiting_orders(
    scope: &TenantScope,
    mut levels: Vec<(LevelKey, i64)>,
    skipped_orders: &BTreeSet<OrderId>,
) -> Result<Vec<(OrderId, WaitingOrder)>, Fault> {
    let mut queue: BTreeMap<OrderId, WaitingOrder> = BTreeMap::new();
    let mut queried_levels: BTreeSet<LevelKey> = levels.iter().map(|(key, _)| *key).collect();
    while !levels.is_empty() {
        let mut kits = BTreeSet::new();
        for (key, mut available_units) in std::mem::take(&mut levels) {
            let waiting = rows::backorder_queue(scope, key, MAX_ORDERS_PER_LEVEL + skipped_orders.len()).await?;
            for waiting in waiting.into_iter().filter(|waiting| !skipped_orders.contains(&waiting.order)) {
                if available_units <= 0 {
                    break;
                }
                available_units -= waiting.quantity;
                let sort_key = (waiting.placed_at, waiting.number);
                let new_entry = || WaitingOrder { queue_place: sort_key, levels: BTreeSet::new(), lines: BTreeSet::new() };
                let waiting_order = queue.entry(waiting.order).or_insert_with(new_entry);
                waiting_order.levels.insert(key);
                waiting_order.lines.insert(waiting.position);
                kits.extend(waiting.is_part.then_some(waiting.order));
            }
        }
        if kits.is_empty() {
            break;
        }
        let kits: Vec<OrderId> = kits.into_iter().collect();
        for (order, key, available) in rows::backordered_part_levels(scope, &kits).await? {
            if let Some(waiting_order) = queue.get_mut(&order) {
                waiting_order.levels.insert(key);
            }
            if queried_levels.insert(key) {
                levels.push((key, available));
            }
        }
    }
    let mut waiting_orders: Vec<(OrderId, WaitingOrder)> = queue.into_iter().collect();
    waiting_orders.sort_unstable_by_key(|(order, waiting_order)| (waiting_order.queue_place, *order));
    Ok(waiting_orders)
}

async fn expire_orders(ledger: &Ledger, due_orders: Vec<DueOrder>) -> Result<usize, Fault> {
    let mut by_tenant: BTreeMap<TenantId, Vec<OrderId>> = BTreeMap::new();
    for due_order in due_orders {
        by_tenant.entry(due_order.tenant).or_default().push(due_order.order);
    }
    let mut commands = Vec::new();
    for (tenant, orders) in by_tenant {
        let mut levels: BTreeMap<OrderId, Vec<LevelKey>> = orders.into_iter().map(|id| (id, Vec::new())).collect();
        let ids: Vec<OrderId> = levels.keys().copied().collect();
        for (order, key) in rows::stocked_levels(&ledger.database().tenant(tenant), &ids).await? {
            levels.entry(order).or_default().push(key);
        }
        for (order, keys) in levels {
            let movement = ledger.clock().document_id();
            let act = ActOnOrder {
                order,
                expected_version: None,
                note: None,
                reason: None,
                register: None,
                actor: Actor::SYSTEM,
                by_channel: false,
                movement,
            };
            commands.push((tenant, Command::of(OrderCommand::Expire(act, keys))));
        }
    }
    Ok(submit_all(ledger, commands, orders_of).await)
}

fn orders_of(receipt: &Receipt) -> usize {
    receipt.documents.get().map_or(0, |decision: &OrderDecision| decision.orders.len())
}
