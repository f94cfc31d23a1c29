//! Timed work on orders: those whose time is over end, those that wait get what has come. Doing it twice, or on several nodes at once, does
//! nothing more.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;
use futures_util::{StreamExt, stream};
use platform::storage::{Fault, TenantScope};

use super::{
    core::{Act, Fill, OrderCommand, OrderDecision},
    rows::{
        self,
        due::{self, Arrived, DueOrder},
    },
};
use crate::{
    ledger::{
        Command, Ledger, Receipt, Walk,
        due::PageKey,
        jobs::{AT_ONCE, expire_holds, submit_all},
    },
    stock::core::LevelKey,
};

/// Orders that are given stock of one level in a run; the next run goes on.
const ORDERS_A_LEVEL: usize = 200;
/// How often in a run what is left is offered to orders behind those that came to nothing.
const MOST_ROUNDS: usize = 4;

/// How far the runs have come that end orders and loose reservations.
#[derive(Debug, Default)]
pub struct DueWalks {
    orders: Walk<PageKey>,
    holds: Walk<PageKey>,
}

/// Ends the PENDING orders and the loose reservations whose time is over at `now`, of all tenants, from where the last run ended, and says how many it
/// ended. What cannot be ended is logged and passed over, so that it holds nothing else up.
pub async fn expire_due(ledger: &Ledger, now: Timestamp, walks: &DueWalks) -> Result<usize, Fault> {
    let global = ledger.database().global();
    let read = |after: Option<PageKey>, most| due::due_orders(&global, now, after.unwrap_or(PageKey::START), most);
    let ended = walks.orders.run(read, |order: &DueOrder| order.page_key, |page| expire_orders(ledger, page)).await?;
    Ok(ended + expire_holds(ledger, now, &walks.holds).await?)
}

/// Gives what has come to the orders that wait for it, of all tenants, in each store the oldest order first, from where the last run ended, and says to
/// how many it gave something. What waits is a fact of the rows, so a run that was cut short, a second one and one on another node do nothing more
/// than what is left.
pub async fn fill_backorders(ledger: &Ledger, walk: &Walk<Arrived>) -> Result<usize, Fault> {
    let global = ledger.database().global();
    let read = |after, most| due::arrived(&global, after, most);
    walk.run(read, |arrived: &Arrived| *arrived, |page| fill_page(ledger, page)).await
}

async fn fill_page(ledger: &Ledger, page: Vec<Arrived>) -> Result<usize, Fault> {
    let mut by_tenant: BTreeMap<TenantId, Vec<Arrived>> = BTreeMap::new();
    for one in page {
        by_tenant.entry(one.tenant).or_default().push(one);
    }
    let tenants = by_tenant.into_iter().map(|(tenant, arrived)| fill_tenant(ledger, tenant, arrived));
    let mut done = stream::iter(tenants).buffer_unordered(AT_ONCE);
    let mut filled = 0;
    while let Some(given) = done.next().await {
        filled += given?;
    }
    Ok(filled)
}

/// An order that waits: whose turn it is by, where something has come for it, and for which lines.
struct Waits {
    turn: (Timestamp, i64),
    levels: BTreeSet<LevelKey>,
    lines: BTreeSet<u16>,
}

/// One order after the other, so that nobody overtakes. Those that came to nothing let others pass: what is left is offered to those behind them.
async fn fill_tenant(ledger: &Ledger, tenant: TenantId, arrived: Vec<Arrived>) -> Result<usize, Fault> {
    let scope = ledger.database().tenant(tenant);
    let keys: Vec<LevelKey> = arrived.iter().map(|one| one.key).collect();
    let mut left: Vec<(LevelKey, i64)> = arrived.iter().map(|one| (one.key, one.available)).collect();
    let (mut filled, mut passed) = (0, BTreeSet::new());
    for _ in 0..MOST_ROUNDS {
        let before = passed.len();
        let next = turns(&scope, left, &passed).await?;
        for (order, Waits { levels, lines, .. }) in next {
            let fill = Fill { order, movement: ledger.clock().document_id(), levels: levels.into_iter().collect(), lines };
            match ledger.submit(tenant, Command::of(OrderCommand::Fill(fill)), None).await {
                Ok(Ok(receipt)) => {
                    let given = orders_of(&receipt);
                    filled += given;
                    if given == 0 {
                        passed.insert(order);
                    }
                }
                Ok(Err(rejection)) => {
                    tracing::warn!(%tenant, %order, ?rejection, "what has come could not be given to an order");
                    passed.insert(order);
                }
                // It may go well the next time: nobody behind it is before it.
                Err(fault) => tracing::warn!(%tenant, %order, error = %fault, "what has come could not be given to an order"),
            }
        }
        if passed.len() == before {
            break;
        }
        left = rows::available_at(&scope, &keys).await?;
    }
    Ok(filled)
}

/// The orders whose turn it is by what is left of levels, the oldest first, without those that were passed over. A kit takes from several levels:
/// whoever is before it at any of them has his turn first.
async fn turns(
    scope: &TenantScope,
    mut levels: Vec<(LevelKey, i64)>,
    passed: &BTreeSet<OrderId>,
) -> Result<Vec<(OrderId, Waits)>, Fault> {
    let mut queue: BTreeMap<OrderId, Waits> = BTreeMap::new();
    let mut asked: BTreeSet<LevelKey> = levels.iter().map(|(key, _)| *key).collect();
    while !levels.is_empty() {
        let mut kits = BTreeSet::new();
        for (key, mut left) in std::mem::take(&mut levels) {
            let waiting = rows::queue_for(scope, key, ORDERS_A_LEVEL + passed.len()).await?;
            for waiting in waiting.into_iter().filter(|waiting| !passed.contains(&waiting.order)) {
                if left <= 0 {
                    break;
                }
                left -= waiting.quantity;
                let turn = (waiting.placed_at, waiting.number);
                let none = || Waits { turn, levels: BTreeSet::new(), lines: BTreeSet::new() };
                let own = queue.entry(waiting.order).or_insert_with(none);
                own.levels.insert(key);
                own.lines.insert(waiting.position);
                kits.extend(waiting.is_part.then_some(waiting.order));
            }
        }
        if kits.is_empty() {
            break;
        }
        let kits: Vec<OrderId> = kits.into_iter().collect();
        for (order, key, available) in rows::owed_parts(scope, &kits).await? {
            if let Some(own) = queue.get_mut(&order) {
                own.levels.insert(key);
            }
            if asked.insert(key) {
                levels.push((key, available));
            }
        }
    }
    let mut turns: Vec<(OrderId, Waits)> = queue.into_iter().collect();
    turns.sort_unstable_by_key(|(order, own)| (own.turn, *order));
    Ok(turns)
}

async fn expire_orders(ledger: &Ledger, due: Vec<DueOrder>) -> Result<usize, Fault> {
    let mut by_tenant: BTreeMap<TenantId, Vec<OrderId>> = BTreeMap::new();
    for one in due {
        by_tenant.entry(one.tenant).or_default().push(one.order);
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
            let act = Act {
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
