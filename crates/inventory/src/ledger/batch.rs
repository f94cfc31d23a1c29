//! One batch: lock and load, decide one after the other, number, write in bulk, commit.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::prelude::*;
use platform::{
    audit::{self, AuditWriter},
    clock::Clock,
    storage::{
        AtHead, Bulk, Database, Fault, Reads,
        group_commit::Planned,
        idempotency::{self, Key, KeyUse},
        journal::{self, Counter, Event, Want},
    },
};
use uuid::Uuid;

use super::{
    audited,
    command::{Command, Footprint, Outcome, Queued},
    count_events,
    decision::Decision,
    load::{self, State},
    receipt::{Receipt, StoredReceipt},
    speculative_state::{KeyLookupPolicy, SpeculativeStates},
};
use crate::{
    counts::rows as count_rows,
    orders::{
        core::{Order, Return},
        rows as order_rows,
    },
    purchasing::{core::PurchaseOrder, rows as purchase_rows},
    stock::{
        core::{Draft, Level, LevelKey, Lot, LotLevel, Rejection, Reservation},
        rows as stock_rows,
    },
    transfers::{core::Transfer, rows as transfer_rows},
};

/// Decides the commands on what is known ahead of the database, without a lock, and leaves each one's result in it.
pub async fn plan(
    db: &Database,
    clock: &Clock,
    audit_writer: Option<&AuditWriter>,
    key_lookups: &KeyLookupPolicy,
    speculative_states: &mut SpeculativeStates,
    tenant: TenantId,
    queue: &mut [Queued],
) -> Result<Planned, Fault> {
    let mut footprint = Footprint::default();
    queue.iter().for_each(|queued| queued.command.footprint(&mut footprint));
    if footprint.needs_locks() || speculative_states.has_key_of(tenant, queue) {
        return Ok(Planned::Locked);
    }
    let scope = db.tenant(tenant);
    let mut speculative = speculative_states.take(&scope, tenant, audit_writer.is_some()).await?;
    if audit_writer.is_some() && speculative.chain.is_none() {
        // The log begins with what is run under locks.
        return Ok(Planned::Locked);
    }
    let looks_up = key_lookups.are_expected();
    let keys: Vec<&Key> = queue.iter().filter(|_| looks_up).filter_map(|queued| queued.key.as_ref()).collect();
    let Some(mut state) = load::on_top_of(&scope, clock, &footprint, &keys, &mut speculative).await? else {
        return Ok(Planned::Locked);
    };
    if !state.receipts.is_empty() {
        key_lookups.met();
    }
    let mut decisions = decide_all(&mut state, queue);
    // What is written twice is refused by its key; what is refused is not written.
    let refused = queue.iter().filter(|queued| !looks_up && matches!(queued.result, Some(Err(_))));
    if !idempotency::look_up(&scope, refused.filter_map(|queued| queued.key.as_ref())).await?.is_empty() {
        key_lookups.met();
        return Ok(Planned::Locked);
    }
    let counter = speculative.counter;
    let events = decisions.number(&mut speculative.counter, state.stock.now);
    let planned = if decisions.decided.is_empty() {
        // Refusals write nothing that could tell that somebody was faster: a key that has just been used elsewhere would be refused for want of
        // the very stock that it took.
        if scope.head().await?.seq > counter.seq {
            return Ok(Planned::Locked);
        }
        Planned::Nothing
    } else {
        let want = speculative.counter.since(&counter);
        let rows = decisions.rows(tenant, queue, state.stock.now);
        let link = audit_writer
            .zip(speculative.chain.as_mut())
            .map(|(audit_writer, chain)| audited::link(audit_writer, chain, tenant, queue, &decisions.decided));
        Planned::Write(Box::new(scope.prepare(AtHead { head: counter.seq, want, rows, events, link })?))
    };
    (speculative.now, speculative.levels) = (state.stock.now, state.stock.levels);
    for level in decisions.decided.iter().flat_map(|(_, decision)| &decision.stock.levels) {
        speculative.levels.insert(level.key, Level { exists: true, ..level.clone() });
    }
    speculative.decided(&footprint, queue.iter().filter_map(|queued| queued.key.as_ref()));
    speculative_states.put(tenant, speculative);
    decisions.answer(queue);
    Ok(planned)
}

/// Runs the commands as one transaction and leaves each one's result in it.
pub async fn run(
    db: &Database,
    clock: &Clock,
    audit_writer: Option<&AuditWriter>,
    tenant: TenantId,
    queue: &mut [Queued],
) -> Result<(), Fault> {
    let mut footprint = Footprint::default();
    queue.iter().for_each(|queued| queued.command.footprint(&mut footprint));
    let mut work = db.tenant(tenant).begin().await?;
    let keys: Vec<&Key> = queue.iter().filter_map(|queued| queued.key.as_ref()).collect();
    let kits = load::with_kits(&work, &mut footprint).await?;
    let mut state = load::locked(&work, clock, &footprint, &keys).await?;
    state.documents.orders.kits = kits;
    let mut decisions = decide_all(&mut state, queue);
    decisions.find_shortened(&work, &state).await?;
    let now = state.stock.now;
    if decisions.decided.is_empty() {
        work.rollback().await?;
    } else {
        // Also for a command that changed nothing: its key is remembered.
        let mut counter = journal::take(&work, decisions.want()).await?;
        let events = decisions.number(&mut counter, now);
        for rows in decisions.rows(tenant, queue, now) {
            work.write(rows).await?;
        }
        journal::write(&mut work, events).await?;
        if let Some(audit_writer) = audit_writer {
            audit::rows::append(&work, audit_writer, audited::entries(audit_writer, tenant, queue, &decisions.decided)).await?;
        }
        work.commit().await?;
    }
    decisions.answer(queue);
    Ok(())
}

/// Decides the commands one after the other; a refusal undoes only its own steps.
fn decide_all(state: &mut State, queue: &mut [Queued]) -> Decisions {
    let mut decisions = Decisions::default();
    let mut keys: HashMap<(Uuid, &'static str, String), usize> = HashMap::new();
    for (index, queued) in queue.iter_mut().enumerate() {
        queued.result = None;
        // The same key twice in one batch: the second takes the first one's answer. A refusal is not remembered: it claims no key.
        let name = queued.key.as_ref().map(|key| (key.owner, key.mutation, key.key.clone()));
        if let Some(first) = name.as_ref().and_then(|name| keys.get(name)) {
            decisions.key_lookups.push((index, *first));
            continue;
        }
        match decide(state, &queued.command, queued.key.as_ref()) {
            Decided::Done(result) => {
                let refused = result.is_err();
                queued.result = Some(result);
                if refused {
                    continue;
                }
            }
            Decided::New(decision) => {
                state.stock.evolve(&decision.stock);
                state.documents.evolve(&decision);
                decisions.decided.push((index, decision));
            }
        }
        keys.extend(name.map(|name| (name, index)));
    }
    decisions
}

/// Decides against what is committed now, in a transaction that is rolled back.
pub async fn dry_run(db: &Database, clock: &Clock, tenant: TenantId, command: &Command, key: Option<&Key>) -> Outcome {
    let mut footprint = Footprint::default();
    command.footprint(&mut footprint);
    let scope = db.tenant(tenant);
    let keys: Vec<&Key> = key.into_iter().collect();
    let kits = load::with_kits(&scope, &mut footprint).await?;
    let mut state = load::unlocked(&scope, clock, &footprint, &keys).await?;
    state.documents.orders.kits = kits;
    Ok(match decide(&state, command, key) {
        Decided::Done(result) => result,
        Decided::New(decision) => Ok(Receipt::of(decision)),
    })
}

fn repeat(first: &Queued, second: &Queued) -> Result<Receipt, Rejection> {
    if first.key.as_ref().map(|k| k.hash) != second.key.as_ref().map(|k| k.hash) {
        return Err(Rejection::KeyReused);
    }
    match &first.result {
        Some(Ok(receipt)) => Ok(replayed(receipt.stored.clone().unwrap_or_else(|| receipt.stored()))),
        Some(Err(rejection)) => Err(rejection.clone()),
        None => Err(Rejection::KeyReused),
    }
}

fn replayed(stored: StoredReceipt) -> Receipt {
    Receipt { seq: stored.seq, stored: Some(stored), ..Receipt::default() }
}

/// What an earlier call with the key is answered again; none where there was none.
pub(super) fn remembered(key: &Key, found: &[(Key, String)]) -> Option<Result<Receipt, Rejection>> {
    Some(match idempotency::key_use(key, found)? {
        KeyUse::Reused => Err(Rejection::KeyReused),
        KeyUse::Same(text) => serde_json::from_str(&text).map(replayed).map_err(|_| Rejection::KeyReused),
    })
}

enum Decided {
    /// Refused, or done before.
    Done(Result<Receipt, Rejection>),
    New(Decision),
}

fn decide(state: &State, command: &Command, key: Option<&Key>) -> Decided {
    if let Some(first) = key.and_then(|key| remembered(key, &state.receipts)) {
        return Decided::Done(first);
    }
    let mut draft = Draft::new(&state.stock);
    let decided = command.decide(&mut draft, &state.documents);
    match decided.and_then(|decision| Ok(Decision { stock: draft.finish()?, ..decision })) {
        Ok(decision) => Decided::New(decision),
        Err(rejection) => Decided::Done(Err(rejection)),
    }
}

/// What a batch came to, before it is written.
#[derive(Default)]
struct Decisions {
    /// Accepted commands, by their place in the batch.
    decided: Vec<(usize, Decision)>,
    /// Commands that repeat another one's key, and which.
    key_lookups: Vec<(usize, usize)>,
}

impl Decisions {
    /// What it takes from the counter.
    fn want(&self) -> Want {
        self.decided.iter().fold(Want::default(), |want, (_, decision)| decision.want(want))
    }

    /// Reads the orders whose holds gave way.
    async fn find_shortened(&mut self, reads: &impl Reads, state: &State) -> Result<(), Fault> {
        let ids: BTreeSet<OrderId> = self.decided.iter().flat_map(|(_, decision)| &decision.stock.gave_way).copied().collect();
        if ids.is_empty() {
            return Ok(());
        }
        let mut orders = order_rows::orders(reads, &ids.into_iter().collect::<Vec<_>>()).await?;
        for order in &mut orders {
            // What the batch itself has made of it.
            if let Some(now) = state.documents.orders.orders.get(&order.id) {
                order.clone_from(now);
            }
        }
        for (_, decision) in &mut self.decided {
            let short = orders.iter().filter(|order| decision.stock.gave_way.contains(&order.id));
            decision.shortened = short.cloned().collect();
        }
        Ok(())
    }

    /// Numbers documents and events on from the counter, which is left where they end.
    fn number(&mut self, counter: &mut Counter, now: Timestamp) -> Vec<Event> {
        let mut events = Vec::with_capacity(self.decided.len());
        for (_, decision) in &mut self.decided {
            decision.number(counter, now, &mut events);
        }
        events
    }

    /// The rows of each table, in the order of their foreign keys; all but the events.
    fn rows(&self, tenant: TenantId, queue: &[Queued], now: Timestamp) -> Vec<Bulk> {
        let decided = || self.decided.iter().map(|(_, decision)| decision);
        let last = Last::of(&self.decided);
        let movements: Vec<_> = decided().flat_map(|d| &d.stock.movements).collect();
        let fulfilments: Vec<_> = decided().flat_map(|d| &d.orders.fulfilments).collect();
        let receipts = self.decided.iter().filter_map(|(index, decision)| {
            // A receipt is a plain struct: it always has a JSON form.
            Some((queue[*index].key.as_ref()?, serde_json::to_string(&decision.stored()).unwrap_or_default()))
        });
        let mut rows = Vec::with_capacity(24);
        rows.extend(stock_rows::level_rows(tenant, &last.levels));
        rows.extend(order_rows::order_rows(tenant, &last.orders));
        rows.push(order_rows::drafted_rows(tenant, decided().flat_map(|d| &d.orders.drafted)));
        rows.extend(stock_rows::movement_rows(tenant, &movements));
        rows.extend(stock_rows::reservation_rows(tenant, &last.reservations));
        if !last.lots.is_empty() || !last.lot_levels.is_empty() {
            rows.extend(stock_rows::lots::lot_rows(tenant, &last.lots, &last.lot_levels));
        }
        rows.extend(order_rows::fulfilment_rows(tenant, &fulfilments, now));
        rows.extend(order_rows::return_rows(tenant, &last.returns));
        rows.extend(transfer_rows::transfer_rows(tenant, &last.transfers));
        let counts = count_events::written(decided().filter_map(|decision| decision.count.as_ref()));
        rows.extend(count_rows::count_rows(tenant, &counts, now));
        rows.extend(self.purchases(tenant, &last.purchases));
        rows.push(idempotency::rows(tenant, receipts, now));
        rows
    }

    fn purchases(&self, tenant: TenantId, orders: &[&PurchaseOrder]) -> Vec<Bulk> {
        let decided = || self.decided.iter().map(|(_, decision)| &decision.purchases);
        let receipts: Vec<_> = decided().flat_map(|d| &d.receipts).collect();
        let discrepancies: Vec<_> = decided().flat_map(|d| &d.discrepancies).collect();
        let returns: Vec<_> = decided().flat_map(|d| &d.returns).collect();
        purchase_rows::purchase_rows(tenant, orders, &receipts, &discrepancies, &returns)
    }

    /// Gives every command its result.
    fn answer(self, queue: &mut [Queued]) {
        for (index, decision) in self.decided {
            queue[index].result = Some(Ok(Receipt::of(decision)));
        }
        for (index, first) in self.key_lookups {
            queue[index].result = Some(repeat(&queue[first], &queue[index]));
        }
    }
}

/// Each row once, as the last command of the batch left it; whether it has a row is what the first one saw.
struct Last<'a> {
    levels: Vec<&'a Level>,
    reservations: Vec<&'a Reservation>,
    orders: Vec<&'a Order>,
    returns: Vec<&'a Return>,
    lots: Vec<&'a Lot>,
    lot_levels: Vec<&'a LotLevel>,
    transfers: Vec<&'a Transfer>,
    purchases: Vec<&'a PurchaseOrder>,
}

impl<'a> Last<'a> {
    fn of(decided: &'a [(usize, Decision)]) -> Self {
        let mut levels: BTreeMap<LevelKey, &Level> = BTreeMap::new();
        let mut reservations: BTreeMap<ReservationId, &Reservation> = BTreeMap::new();
        let mut orders: BTreeMap<OrderId, &Order> = BTreeMap::new();
        let mut returns: BTreeMap<ReturnId, &Return> = BTreeMap::new();
        let mut lots: BTreeMap<LotId, &Lot> = BTreeMap::new();
        let mut lot_levels: BTreeMap<(LevelKey, LotId), &LotLevel> = BTreeMap::new();
        let mut transfers: BTreeMap<TransferId, &Transfer> = BTreeMap::new();
        let mut purchases: BTreeMap<PurchaseOrderId, &PurchaseOrder> = BTreeMap::new();
        for (_, decision) in decided {
            lots.extend(decision.stock.lots.iter().map(|lot| (lot.id, lot)));
            lot_levels.extend(decision.stock.lot_levels.iter().map(|level| ((level.key, level.lot), level)));
            levels.extend(decision.stock.levels.iter().map(|l| (l.key, l)));
            reservations.extend(decision.stock.reservations.iter().map(|r| (r.id, r)));
            orders.extend(decision.orders.orders.iter().map(|o| (o.id, o)));
            returns.extend(decision.orders.returns.iter().map(|r| (r.id, r)));
            transfers.extend(decision.transfer.iter().map(|one| (one.transfer.id, &one.transfer)));
            purchases.extend(decision.purchases.orders.iter().map(|o| (o.id, o)));
        }
        Self {
            levels: levels.into_values().collect(),
            reservations: reservations.into_values().collect(),
            orders: orders.into_values().collect(),
            returns: returns.into_values().collect(),
            lots: lots.into_values().collect(),
            lot_levels: lot_levels.into_values().collect(),
            transfers: transfers.into_values().collect(),
            purchases: purchases.into_values().collect(),
        }
    }
}
