//! Timed work: what is held with a time limit is let go when it is over. Doing it twice, or on several nodes at once, does nothing more.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;
use futures_util::{StreamExt, stream};
use platform::{clock, storage::Fault};

use super::{
    command::Command,
    due::{self, Arrived, DueHold, DueOrder, PageKey},
    engine::Ledger,
    shell,
};
use crate::{
    orders::{
        core::{Act, Fill},
        rows,
    },
    stock::core::{Expire, LevelKey, MovementHead},
};

/// Pages of each kind a run works off at most; the next run goes on.
const MOST_PAGES: usize = 20;
/// Holds that end in one command, which is one movement.
const HOLDS_A_COMMAND: usize = 100;
/// Orders that are given stock of one level in a run; the next run goes on.
const ORDERS_A_LEVEL: usize = 200;
/// Commands that wait for their commit at once.
const AT_ONCE: usize = 64;

/// Ends the PENDING orders and the loose reservations whose time is over at `now`, of all tenants, and says how many it ended. What cannot
/// be ended is logged and passed over, so that it holds nothing else up.
pub async fn expire_due(ledger: &Ledger, now: Timestamp) -> Result<usize, Fault> {
    let global = ledger.database().global();
    let mut ended = 0;
    let mut after = PageKey::START;
    for _ in 0..MOST_PAGES {
        let page = due::orders(&global, now, after).await?;
        ended += expire_orders(ledger, &page).await?;
        match page.last() {
            Some(last) if page.len() == due::PAGE => after = last.page_key,
            _ => break,
        }
    }
    after = PageKey::START;
    for _ in 0..MOST_PAGES {
        let page = due::holds(&global, now, after).await?;
        ended += expire_holds(ledger, now, &page).await;
        match page.last() {
            Some(last) if page.len() == due::PAGE => after = last.page_key,
            _ => break,
        }
    }
    Ok(ended)
}

/// Sets aside what is past its date where it lies, a page of lots a run, and says of how many lots that was. Doing it twice does nothing more.
pub async fn expire_lots(ledger: &Ledger, now: Timestamp) -> Result<usize, Fault> {
    // Somewhere it is tomorrow already: a lot whose last day is today may be over there.
    let due = due::lots(&ledger.database().global(), clock::local_day(now, "Etc/GMT-14")).await?;
    let over = due.into_iter().filter(|due| due.expires_on < clock::local_day(now, &due.time_zone));
    let lots: BTreeSet<(TenantId, LotId)> = over.map(|due| (due.tenant, due.lot)).collect();
    let mut ended = 0;
    for (tenant, lot) in lots {
        ended += usize::from(shell::lots::expire_lot(ledger, tenant, lot).await?);
    }
    Ok(ended)
}

/// Gives what has come to the orders that wait for it, of all tenants, in each store the oldest order first, and says to how many it gave
/// something. What waits is a fact of the rows, so a run that was cut short, a second one and one on another node do nothing more than what is left.
pub async fn fill_backorders(ledger: &Ledger) -> Result<usize, Fault> {
    let global = ledger.database().global();
    let mut filled = 0;
    let mut after: Option<Arrived> = None;
    for _ in 0..MOST_PAGES {
        let page = due::arrived(&global, after.as_ref()).await?;
        let mut by_tenant: BTreeMap<TenantId, Vec<Arrived>> = BTreeMap::new();
        for one in &page {
            by_tenant.entry(one.tenant).or_default().push(*one);
        }
        let tenants = by_tenant.into_iter().map(|(tenant, arrived)| fill_tenant(ledger, tenant, arrived));
        let mut done = stream::iter(tenants).buffer_unordered(AT_ONCE);
        while let Some(given) = done.next().await {
            filled += given?;
        }
        after = page.last().copied();
        if page.len() < due::PAGE {
            break;
        }
    }
    Ok(filled)
}

/// One order after the other, so that nobody overtakes. A kit takes from several levels: whoever is before it at any of them has his turn first.
async fn fill_tenant(ledger: &Ledger, tenant: TenantId, arrived: Vec<Arrived>) -> Result<usize, Fault> {
    let scope = ledger.database().tenant(tenant);
    let mut queue: BTreeMap<OrderId, ((Timestamp, i64), BTreeSet<LevelKey>)> = BTreeMap::new();
    let mut levels: Vec<(LevelKey, i64)> = arrived.iter().map(|one| (one.key, one.available)).collect();
    let mut asked: BTreeSet<LevelKey> = levels.iter().map(|(key, _)| *key).collect();
    while !levels.is_empty() {
        let mut kits = BTreeSet::new();
        for (key, mut left) in std::mem::take(&mut levels) {
            for waiting in rows::queue_for(&scope, key, ORDERS_A_LEVEL).await? {
                if left <= 0 {
                    break;
                }
                left -= waiting.quantity;
                let turn = (waiting.placed_at, waiting.number);
                queue.entry(waiting.order).or_insert_with(|| (turn, BTreeSet::new())).1.insert(key);
                kits.extend(waiting.is_part.then_some(waiting.order));
            }
        }
        if kits.is_empty() {
            break;
        }
        let kits: Vec<OrderId> = kits.into_iter().collect();
        for (order, key, available) in rows::owed_parts(&scope, &kits).await? {
            if let Some((_, keys)) = queue.get_mut(&order) {
                keys.insert(key);
            }
            if asked.insert(key) {
                levels.push((key, available));
            }
        }
    }
    let mut turns: Vec<_> = queue.into_iter().map(|(order, (turn, levels))| (turn, order, levels)).collect();
    turns.sort_unstable_by_key(|(turn, order, _)| (*turn, *order));
    let mut filled = 0;
    for (_, order, levels) in turns {
        let fill = Fill { order, movement: ledger.clock().document_id(), levels: levels.into_iter().collect() };
        filled += submit_all(ledger, vec![(tenant, Command::OrderFill(fill))]).await;
    }
    Ok(filled)
}

async fn expire_orders(ledger: &Ledger, due: &[DueOrder]) -> Result<usize, Fault> {
    let mut by_tenant: BTreeMap<TenantId, Vec<OrderId>> = BTreeMap::new();
    for one in due {
        by_tenant.entry(one.tenant).or_default().push(one.order);
    }
    let mut commands = Vec::with_capacity(due.len());
    for (tenant, orders) in by_tenant {
        let mut levels: BTreeMap<OrderId, Vec<LevelKey>> = orders.into_iter().map(|id| (id, Vec::new())).collect();
        let ids: Vec<OrderId> = levels.keys().copied().collect();
        for (order, key) in rows::stocked_levels(&ledger.database().tenant(tenant), &ids).await? {
            levels.entry(order).or_default().push(key);
        }
        for (order, keys) in levels {
            let movement = ledger.clock().document_id();
            let act = Act { order, expected_version: None, note: None, actor: Actor::SYSTEM, movement };
            commands.push((tenant, Command::OrderExpire(act, keys)));
        }
    }
    Ok(submit_all(ledger, commands).await)
}

async fn expire_holds(ledger: &Ledger, now: Timestamp, due: &[DueHold]) -> usize {
    let mut by_tenant: BTreeMap<TenantId, Vec<&DueHold>> = BTreeMap::new();
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
            commands.push((tenant, Command::Expire(expire, some.iter().map(|hold| hold.key).collect())));
        }
    }
    submit_all(ledger, commands).await
}

/// Submits the commands, some at once, so that they share transactions; counts the orders and loose holds that ended.
async fn submit_all(ledger: &Ledger, commands: Vec<(TenantId, Command)>) -> usize {
    let submitted = commands.into_iter().map(|(tenant, command)| async move {
        match ledger.submit(tenant, command, None).await {
            Ok(Ok(receipt)) if receipt.orders.is_empty() => receipt.reservations.len(),
            Ok(Ok(receipt)) => receipt.orders.len(),
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
