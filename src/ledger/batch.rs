//! One batch: lock and load, decide one after the other, number, write in bulk, commit.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use entity::prelude::*;

use super::{
    audited,
    command::{Command, Footprint, Outcome, Queued, Receipt, StoredReceipt},
    events,
};
use crate::{
    audit::Pen,
    clock::{self, Clock},
    orders::{
        core::{Order, OrderBook, OrderDecision},
        rows as order_rows,
    },
    stock::{
        core::{Book, Draft, Level, LevelKey, Rejection, Reservation},
        rows as stock_rows,
    },
    storage::{
        Database, Fault, Reads, Work,
        idempotency::{self, Key, Known},
        journal::{self, Event, NewEvent, Want},
    },
};

/// Everything that a batch is decided against.
struct State {
    stock: Book,
    orders: OrderBook,
    receipts: Vec<(Key, String)>,
}

/// Runs the commands as one transaction and leaves each one's result in it.
pub async fn run(db: &Database, clock: &Clock, pen: Option<&Pen>, tenant: TenantId, queue: &mut [Queued]) -> Result<(), Fault> {
    let mut footprint = Footprint::default();
    queue.iter().for_each(|queued| queued.command.footprint(&mut footprint));
    let mut work = db.tenant(tenant).begin().await?;
    let keys: Vec<&Key> = queue.iter().filter_map(|queued| queued.key.as_ref()).collect();
    let mut state = load(&work, clock, &footprint, &keys).await?;
    let mut decided: Vec<(usize, OrderDecision)> = Vec::with_capacity(queue.len());
    let mut repeats: Vec<(usize, usize)> = Vec::new();
    for index in 0..queue.len() {
        queue[index].result = None;
        // The same key twice in one batch: the second takes the first one's answer. A refusal is not remembered: it claims no key.
        let claims = |first: &Queued| same_key(first, &queue[index]) && !matches!(first.result, Some(Err(_)));
        if let Some(first) = (0..index).find(|first| claims(&queue[*first])) {
            repeats.push((index, first));
            continue;
        }
        let queued = &mut queue[index];
        match decide(&state, &queued.command, queued.key.as_ref()) {
            Decided::Done(result) => queued.result = Some(result),
            Decided::New(decision) => {
                state.stock.evolve(&decision.stock);
                state.orders.evolve(&decision);
                decided.push((index, decision));
            }
        }
    }
    let wrote = !decided.is_empty();
    if wrote {
        write(&mut work, queue, &mut decided, state.stock.now).await?;
        if let Some(pen) = pen {
            work.write(audited::rows(pen, tenant, queue, &decided)).await?;
        }
        work.commit().await?;
    } else {
        work.rollback().await?;
    }
    for (index, decision) in decided {
        let receipt = receipt_of(decision);
        queue[index].result = Some(Ok(receipt));
    }
    for (index, first) in repeats {
        queue[index].result = Some(repeat(&queue[first], &queue[index]));
    }
    Ok(())
}

/// Decides against what is committed now, in a transaction that is rolled back.
pub async fn dry_run(db: &Database, clock: &Clock, tenant: TenantId, command: &Command, key: Option<&Key>) -> Outcome {
    let mut footprint = Footprint::default();
    command.footprint(&mut footprint);
    let scope = db.tenant(tenant);
    let keys: Vec<&Key> = key.into_iter().collect();
    let state = load_unlocked(&scope, clock, &footprint, &keys).await?;
    Ok(match decide(&state, command, key) {
        Decided::Done(result) => result,
        Decided::New(decision) => Ok(receipt_of(decision)),
    })
}

fn same_key(a: &Queued, b: &Queued) -> bool {
    match (&a.key, &b.key) {
        (Some(a), Some(b)) => a.key == b.key && a.owner == b.owner && a.mutation == b.mutation,
        _ => false,
    }
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

enum Decided {
    /// Refused, or done before.
    Done(Result<Receipt, Rejection>),
    New(OrderDecision),
}

fn decide(state: &State, command: &Command, key: Option<&Key>) -> Decided {
    if let Some(known) = key.and_then(|key| idempotency::known(key, &state.receipts)) {
        return Decided::Done(match known {
            Known::Reused => Err(Rejection::KeyReused),
            Known::Same(text) => serde_json::from_str(&text).map(replayed).map_err(|_| Rejection::KeyReused),
        });
    }
    let mut draft = Draft::new(&state.stock);
    match command.decide(&mut draft, &state.orders) {
        Ok(mut decision) => {
            decision.stock = draft.finish();
            Decided::New(decision)
        }
        Err(rejection) => Decided::Done(Err(rejection)),
    }
}

fn receipt_of(decision: OrderDecision) -> Receipt {
    let seq = decision.stock.movements.iter().map(|m| m.seq).max().filter(|seq| *seq > 0);
    Receipt {
        seq: seq.max(decision.last_seq.filter(|seq| *seq > 0)),
        movements: decision.stock.movements,
        levels: decision.stock.levels,
        reservations: decision.stock.reservations,
        orders: decision.orders,
        returns: decision.returns,
        stored: None,
    }
}

/// Locks in the order that every writer keeps: levels, then documents; the counter comes last, in `write`.
async fn load(work: &Work, clock: &Clock, footprint: &Footprint, keys: &[&Key]) -> Result<State, Fault> {
    let mut state = load_levels(work, clock, footprint, true).await?;
    if !footprint.orders.is_empty() {
        let ids: Vec<OrderId> = footprint.orders.iter().copied().collect();
        let orders = order_rows::lock_orders(work, &ids).await?;
        state.orders.orders = orders.into_iter().map(|order| (order.id, order)).collect();
    }
    load_rest(work, footprint, keys, &mut state).await?;
    Ok(state)
}

async fn load_unlocked(reads: &impl Reads, clock: &Clock, footprint: &Footprint, keys: &[&Key]) -> Result<State, Fault> {
    let mut state = load_levels(reads, clock, footprint, false).await?;
    let ids: Vec<OrderId> = footprint.orders.iter().copied().collect();
    let orders = order_rows::orders(reads, &ids).await?;
    state.orders.orders = orders.into_iter().map(|order| (order.id, order)).collect();
    load_rest(reads, footprint, keys, &mut state).await?;
    Ok(state)
}

async fn load_levels(reads: &impl Reads, clock: &Clock, footprint: &Footprint, lock: bool) -> Result<State, Fault> {
    let wanted: Vec<LevelKey> = footprint.levels.iter().copied().collect();
    let levels = match (wanted.is_empty(), lock) {
        (true, _) => Vec::new(),
        (false, true) => stock_rows::lock_levels(reads, &wanted).await?,
        (false, false) => stock_rows::read_levels(reads, &wanted).await?,
    };
    // Another node's clock may run ahead of ours: along a level, time of recording never goes back.
    let now = levels.iter().map(|level| level.updated_at).max().unwrap_or_default().max(clock.now());
    let mut stock = Book::new(now, clock::local_day);
    stock.closed_through = stock_rows::closed_through(reads).await?;
    stock.levels = levels.into_iter().map(|level| (level.key, level)).collect();
    let missing: Vec<LevelKey> = wanted.into_iter().filter(|key| !stock.levels.contains_key(key)).collect();
    if !missing.is_empty() {
        for (key, facts) in stock_rows::facts_for(reads, &missing).await? {
            stock.levels.insert(key, Level::empty(key, clock.id(), Arc::new(facts)));
        }
    }
    Ok(State { stock, orders: OrderBook::default(), receipts: Vec::new() })
}

/// What the locks above protect, and what nothing needs to: names that exist or are taken.
async fn load_rest(reads: &impl Reads, footprint: &Footprint, keys: &[&Key], state: &mut State) -> Result<(), Fault> {
    state.receipts = idempotency::look_up(reads, keys.iter().copied()).await?;
    let mut reservations: Vec<Reservation> = Vec::new();
    if !footprint.reservations.is_empty() {
        let ids: Vec<ReservationId> = footprint.reservations.iter().copied().collect();
        reservations.extend(stock_rows::reservations(reads, stock_rows::Which::Ids(&ids)).await?);
    }
    if !footprint.orders.is_empty() {
        let ids: Vec<OrderId> = footprint.orders.iter().copied().collect();
        reservations.extend(stock_rows::reservations(reads, stock_rows::Which::ActiveOfOrders(&ids)).await?);
    }
    if !footprint.holds_on.is_empty() {
        let on: Vec<LevelKey> = footprint.holds_on.iter().copied().collect();
        reservations.extend(stock_rows::reservations(reads, stock_rows::Which::ActiveOn(&on)).await?);
    }
    state.stock.reservations = reservations.into_iter().map(|r| (r.id, r)).collect();
    if !footprint.reversals.is_empty() {
        let ids: Vec<MovementId> = footprint.reversals.iter().copied().collect();
        state.stock.reversed = stock_rows::reversed(reads, &ids).await?.into_iter().collect();
    }
    let channels: Vec<ChannelId> = footprint.channels.iter().copied().collect();
    state.orders.channels = order_rows::existing_channels(reads, &channels).await?;
    let customers: Vec<CustomerId> = footprint.customers.iter().copied().collect();
    state.orders.customers = order_rows::existing_customers(reads, &customers).await?;
    let stores: Vec<StoreId> = footprint.stores.iter().copied().collect();
    state.orders.stores = order_rows::store_facts(reads, &stores).await?;
    let references: Vec<&str> = footprint.order_refs.iter().map(String::as_str).collect();
    state.orders.taken_refs = order_rows::taken_order_refs(reads, &references).await?;
    let references: Vec<&str> = footprint.return_refs.iter().map(String::as_str).collect();
    state.orders.taken_return_refs = order_rows::taken_return_refs(reads, &references).await?;
    Ok(())
}

/// Numbers everything from the counter row, then writes each table in one statement.
async fn write(work: &mut Work, queue: &[Queued], decided: &mut [(usize, OrderDecision)], now: Timestamp) -> Result<(), Fault> {
    let events: usize = decided.iter().map(|(_, d)| d.events.len() + d.stock.movements.len()).sum();
    let new_orders = decided.iter().flat_map(|(_, d)| &d.orders).filter(|o| !o.exists).count();
    let returns: usize = decided.iter().map(|(_, d)| d.returns.len()).sum();
    let want = Want { events: events as i64, orders: new_orders as i64, returns: returns as i64 };
    let mut journaled = Vec::with_capacity(events);
    if events > 0 {
        let taken = journal::take(work, want).await?;
        let (mut seq, mut order, mut ret) = (taken.first_seq, taken.first_order, taken.first_return);
        for (_, decision) in decided.iter_mut() {
            number_documents(decision, &mut order, &mut ret);
            number_events(decision, &mut seq, now, &mut journaled);
        }
    }
    let last = Last::of(decided);
    stock_rows::write_levels(work, &last.levels).await?;
    let movements: Vec<_> = decided.iter().flat_map(|(_, d)| &d.stock.movements).collect();
    order_rows::write_orders(work, &last.orders).await?;
    stock_rows::write_movements(work, &movements).await?;
    stock_rows::write_reservations(work, &last.reservations).await?;
    let fulfilments: Vec<_> = decided.iter().flat_map(|(_, d)| &d.fulfilments).collect();
    order_rows::write_fulfilments(work, &fulfilments, now).await?;
    let returns: Vec<_> = decided.iter().flat_map(|(_, d)| &d.returns).collect();
    order_rows::write_returns(work, &returns).await?;
    let receipts: Vec<(&Key, String)> =
        decided.iter().filter_map(|(index, decision)| Some((queue[*index].key.as_ref()?, stored_text(decision)))).collect();
    idempotency::remember(work, receipts.iter().map(|(key, text)| (*key, text.as_str())), now).await?;
    journal::write(work, journaled).await
}

fn stored_text(decision: &OrderDecision) -> String {
    // A receipt is a plain struct: it always has a JSON form.
    serde_json::to_string(&receipt_of(decision.clone()).stored()).unwrap_or_default()
}

fn number_documents(decision: &mut OrderDecision, order: &mut i64, ret: &mut i64) {
    for new in decision.orders.iter_mut().filter(|o| !o.exists) {
        new.number = *order;
        *order += 1;
    }
    for new in &mut decision.returns {
        new.number = *ret;
        *ret += 1;
    }
}

/// The document's facts come first, then the movements they caused; entries share their movement's number.
fn number_events(decision: &mut OrderDecision, seq: &mut i64, now: Timestamp, journaled: &mut Vec<Event>) {
    let mut push = |event: NewEvent| {
        journaled.push(Event { seq: *seq, kind: event.kind.to_owned(), payload: event.payload, recorded_at: now });
        *seq += 1;
        *seq - 1
    };
    for of in &decision.events {
        if let Some(event) = events::document_event(of, &decision.orders, &decision.returns) {
            decision.last_seq = Some(push(event));
        }
    }
    let levels: Vec<&Level> = decision.stock.levels.iter().collect();
    let mut last: HashMap<LevelKey, i64> = HashMap::new();
    for movement in &mut decision.stock.movements {
        movement.seq = push(events::stock_changed(movement, &levels));
        last.extend(movement.entries.iter().map(|entry| (entry.key, movement.seq)));
    }
    for level in &mut decision.stock.levels {
        level.seq = last.get(&level.key).copied().unwrap_or(level.seq);
    }
}

/// Each row once, as the last command of the batch left it; whether it has a row is what the first one saw.
struct Last<'a> {
    levels: Vec<&'a Level>,
    reservations: Vec<&'a Reservation>,
    orders: Vec<&'a Order>,
}

impl<'a> Last<'a> {
    fn of(decided: &'a [(usize, OrderDecision)]) -> Self {
        let mut levels: BTreeMap<LevelKey, &Level> = BTreeMap::new();
        let mut reservations: BTreeMap<ReservationId, &Reservation> = BTreeMap::new();
        let mut orders: BTreeMap<OrderId, &Order> = BTreeMap::new();
        for (_, decision) in decided {
            levels.extend(decision.stock.levels.iter().map(|l| (l.key, l)));
            reservations.extend(decision.stock.reservations.iter().map(|r| (r.id, r)));
            orders.extend(decision.orders.iter().map(|o| (o.id, o)));
        }
        Self {
            levels: levels.into_values().collect(),
            reservations: reservations.into_values().collect(),
            orders: orders.into_values().collect(),
        }
    }
}
