//! What a batch is decided against: read under locks, or on top of what is known ahead.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use entity::prelude::*;
use platform::{
    clock::{self, Clock},
    storage::{
        Fault, Reads, TenantScope, Work,
        idempotency::{self, Key},
        journal,
    },
};

use super::{command::Footprint, count_events, decision::Documents, speculative_state::SpeculativeState};
use crate::{
    counts::rows as count_rows,
    orders::{
        core::{Kits, OrderBook},
        rows as order_rows,
    },
    purchasing::rows as purchase_rows,
    stock::{
        core::{Book, Level, LevelKey, Lot, Reservation},
        rows::{
            self as stock_rows,
            lots::{Hold, lot_book},
        },
    },
    transfers::rows as transfer_rows,
};

/// Everything that a batch is decided against.
pub struct State {
    pub stock: Book,
    pub documents: Documents,
    pub receipts: Vec<(Key, String)>,
}

/// Adds the levels of what the kits that are sold or come back are made of; and what that is. Nothing is asked where nothing is sold.
pub async fn with_kits(reads: &impl Reads, footprint: &mut Footprint) -> Result<Kits, Fault> {
    if footprint.goods.is_empty() {
        return Ok(Kits::new());
    }
    let kits = order_rows::kits(reads, footprint.goods.iter().map(|key| key.product)).await?;
    for key in footprint.goods.iter().filter(|key| kits.contains_key(&key.product)) {
        let parts = kits[&key.product].iter().map(|part| LevelKey { product: part.product, store: key.store });
        let parts: Vec<LevelKey> = parts.collect();
        if footprint.holds_on.contains(key) {
            footprint.holds_on.extend(&parts);
        }
        footprint.levels.extend(parts);
    }
    Ok(kits)
}

/// Locks in the order that every writer keeps: the counter, then levels, then documents.
pub async fn locked(work: &Work, clock: &Clock, footprint: &Footprint, keys: &[&Key]) -> Result<State, Fault> {
    journal::hold(work).await?;
    let mut state = load_levels(work, clock, footprint, true).await?;
    if !footprint.orders.is_empty() {
        let ids: Vec<OrderId> = footprint.orders.iter().copied().collect();
        let orders = order_rows::lock_orders(work, &ids).await?;
        state.documents.orders.orders = orders.into_iter().map(|order| (order.id, order)).collect();
    }
    if !footprint.returns.is_empty() {
        let ids: Vec<ReturnId> = footprint.returns.iter().copied().collect();
        let returns = order_rows::lock_returns(work, &ids).await?;
        state.documents.orders.returns = returns.into_iter().map(|ret| (ret.id, ret)).collect();
    }
    load_lots(work, footprint, &mut state, Hold::Lock).await?;
    let ids: Vec<TransferId> = footprint.transfers.iter().copied().collect();
    let transfers = transfer_rows::lock_transfers(work, &ids).await?;
    state.documents.transfers.transfers = transfers.into_iter().map(|one| (one.id, one)).collect();
    let counts = count_rows::lock_counts(work, &footprint.count.counts).await?;
    state.documents.counts = count_events::load(work, footprint, counts).await?;
    if !footprint.purchase_orders.is_empty() {
        let ids: Vec<PurchaseOrderId> = footprint.purchase_orders.iter().copied().collect();
        let orders = purchase_rows::lock_orders(work, &ids).await?;
        state.documents.purchases.orders = orders.into_iter().map(|order| (order.id, order)).collect();
    }
    load_rest(work, footprint, keys, &mut state).await?;
    Ok(state)
}

pub async fn unlocked(reads: &impl Reads, clock: &Clock, footprint: &Footprint, keys: &[&Key]) -> Result<State, Fault> {
    let mut state = load_levels(reads, clock, footprint, false).await?;
    let ids: Vec<OrderId> = footprint.orders.iter().copied().collect();
    let orders = order_rows::orders(reads, &ids).await?;
    state.documents.orders.orders = orders.into_iter().map(|order| (order.id, order)).collect();
    let ids: Vec<ReturnId> = footprint.returns.iter().copied().collect();
    let returns = order_rows::whole_returns(reads, &ids).await?;
    state.documents.orders.returns = returns.into_iter().map(|ret| (ret.id, ret)).collect();
    load_lots(reads, footprint, &mut state, Hold::Read).await?;
    let ids: Vec<TransferId> = footprint.transfers.iter().copied().collect();
    let transfers = transfer_rows::transfers(reads, &ids).await?;
    state.documents.transfers.transfers = transfers.into_iter().map(|one| (one.id, one)).collect();
    let counts = count_rows::counts(reads, &footprint.count.counts).await?;
    state.documents.counts = count_events::load(reads, footprint, counts).await?;
    let ids: Vec<PurchaseOrderId> = footprint.purchase_orders.iter().copied().collect();
    let orders = purchase_rows::orders(reads, &ids).await?;
    state.documents.purchases.orders = orders.into_iter().map(|order| (order.id, order)).collect();
    load_rest(reads, footprint, keys, &mut state).await?;
    Ok(state)
}

/// The lots of levels that are kept by them, and those that are named: behind the documents, so that all writers lock in one order.
async fn load_lots(reads: &impl Reads, footprint: &Footprint, state: &mut State, hold: Hold) -> Result<(), Fault> {
    let is_tracked = |level: &&Level| level.facts.tracking != Tracking::None;
    let tracked: Vec<LevelKey> = state.stock.levels.values().filter(is_tracked).map(|level| level.key).collect();
    if !tracked.is_empty() || !footprint.lots.is_empty() {
        // A level was counted last when one of its lots was: only what comes late asks for lots that are gone.
        let is_late = |level: &Level| footprint.lots.since.is_some_and(|since| level.counted_at.is_some_and(|at| since < at));
        let since = footprint.lots.since.filter(|_| state.stock.levels.values().any(is_late));
        state.stock.lots = lot_book(reads, &tracked, &footprint.lots, since, hold).await?;
        if !footprint.lots.whole.is_empty() {
            let whole: Vec<LotId> = footprint.lots.whole.iter().copied().collect();
            state.stock.lots.unseen = order_rows::unseen_lots(reads, &whole).await?;
        }
        let lots = &mut state.stock.lots.lots;
        // A serial number that is nowhere in stock may be on its way.
        let is_away = |lot: &&Lot| lot.tracking == Tracking::Serial && lot.on_hand == Quantity::ZERO;
        let away: Vec<LotId> = lots.values().filter(is_away).map(|lot| lot.id).collect();
        for lot in transfer_rows::under_way(reads, &away).await? {
            lots.entry(lot).and_modify(|lot| lot.in_transit = true);
        }
        let serial = state.stock.levels.values().filter(|level| level.facts.tracking == Tracking::Serial);
        let serial: HashSet<ProductId> = serial.map(|level| level.key.product).collect();
        if !serial.is_empty() && !footprint.comes_back.is_empty() {
            state.documents.orders.shipped = order_rows::shipped(reads, &footprint.comes_back, &serial).await?;
        }
    }
    Ok(())
}

/// The same without locks, on top of what is known ahead: reads only what is not known, all of it at once. None where a level is kept by
/// lots or is a kit's: those are read under locks.
pub async fn on_top_of(
    scope: &TenantScope,
    clock: &Clock,
    footprint: &Footprint,
    keys: &[&Key],
    speculative: &mut SpeculativeState,
) -> Result<Option<State>, Fault> {
    let missing: Vec<LevelKey> = footprint.levels.iter().filter(|key| !speculative.levels.contains_key(key)).copied().collect();
    let channels: Vec<ChannelId> = footprint.channels.iter().filter(|id| !speculative.channels.contains(id)).copied().collect();
    let customers: Vec<CustomerId> =
        footprint.customers.iter().filter(|id| !speculative.customers.contains_key(id)).copied().collect();
    let stores: Vec<StoreId> = footprint.stores.iter().copied().collect();
    let references: Vec<&str> = footprint.order_refs.iter().map(String::as_str).collect();
    learn_facts(scope, &missing, speculative).await?;
    if speculative.has_any_apart(footprint) {
        return Ok(None);
    }
    let (receipts, levels, channels, customers, stores, taken_refs) = tokio::try_join!(
        idempotency::look_up(scope, keys.iter().copied()),
        missing_levels(scope, clock, &missing, speculative),
        order_rows::existing_channels(scope, &channels),
        order_rows::existing_customers(scope, &customers),
        order_rows::store_facts(scope, &stores),
        order_rows::taken_order_refs(scope, &references),
    )?;
    speculative.channels.extend(channels);
    speculative.customers.extend(customers);
    let last = levels.iter().map(|level| level.updated_at).max().unwrap_or_default().max(speculative.now);
    let mut stock = Book::new(last.max(clock.now()), clock::local_day);
    stock.closed_through = speculative.closed_through;
    stock.levels = std::mem::take(&mut speculative.levels);
    stock.levels.extend(levels.into_iter().map(|level| (level.key, level)));
    stock.unknown_stores = unknown_stores(scope, &missing, &stock.levels).await?;
    let channels = footprint.channels.iter().filter(|id| speculative.channels.contains(id)).copied().collect();
    let known = |id: &CustomerId| Some((*id, speculative.customers.get(id)?.clone()));
    let customers = footprint.customers.iter().filter_map(known).collect();
    let orders = OrderBook { taken_refs, channels, customers, stores, ..OrderBook::default() };
    Ok(Some(State { stock, documents: Documents { orders, ..Documents::default() }, receipts }))
}

/// Levels by their keys, with or without a row; a key whose product or store does not exist is left out.
async fn missing_levels(
    reads: &impl Reads,
    clock: &Clock,
    keys: &[LevelKey],
    speculative: &SpeculativeState,
) -> Result<Vec<Level>, Fault> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let mut levels = stock_rows::levels_knowing(reads, keys, |key| speculative.facts(key)).await?;
    if levels.len() < keys.len() {
        let found: HashSet<LevelKey> = levels.iter().map(|level| level.key).collect();
        let without = keys.iter().filter(|key| !found.contains(key));
        levels.extend(without.filter_map(|key| Some(Level::empty(*key, clock.id(), speculative.facts(*key)?))));
    }
    Ok(levels)
}

/// Which stores of the levels that were not found do not exist; where all were found, nothing is asked.
async fn unknown_stores(
    reads: &impl Reads,
    asked: &[LevelKey],
    found: &HashMap<LevelKey, Level>,
) -> Result<HashSet<StoreId>, Fault> {
    let mut stores: HashSet<StoreId> = asked.iter().filter(|key| !found.contains_key(key)).map(|key| key.store).collect();
    let known = order_rows::store_facts(reads, &stores.iter().copied().collect::<Vec<_>>()).await?;
    stores.retain(|store| !known.contains_key(store));
    Ok(stores)
}

/// What the rules need to know of products and stores that were not met yet.
async fn learn_facts(reads: &impl Reads, keys: &[LevelKey], speculative: &mut SpeculativeState) -> Result<(), Fault> {
    let unknown: Vec<LevelKey> = keys.iter().copied().filter(|key| speculative.lacks_facts(*key)).collect();
    if !unknown.is_empty() {
        for (key, facts) in stock_rows::facts_for(reads, &unknown).await? {
            speculative.learn(key, facts);
        }
    }
    Ok(())
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
        stock.unknown_stores = unknown_stores(reads, &missing, &stock.levels).await?;
    }
    Ok(State { stock, documents: Documents::default(), receipts: Vec::new() })
}

/// What the locks above protect, and what nothing needs to: names that exist or are taken.
async fn load_rest(reads: &impl Reads, footprint: &Footprint, keys: &[&Key], state: &mut State) -> Result<(), Fault> {
    state.receipts = idempotency::look_up(reads, keys.iter().copied()).await?;
    let reservations = load_holds(reads, footprint, state).await?;
    state.stock.reservations = reservations.into_iter().map(|r| (r.id, r)).collect();
    if !footprint.reversals.is_empty() {
        let ids: Vec<MovementId> = footprint.reversals.iter().copied().collect();
        state.stock.reversed = stock_rows::reversed(reads, &ids).await?.into_iter().collect();
    }
    let settled: Vec<OrderId> = footprint.settled.iter().copied().collect();
    state.documents.orders.settled = order_rows::settled(reads, &settled).await?;
    let channels: Vec<ChannelId> = footprint.channels.iter().copied().collect();
    state.documents.orders.channels = order_rows::existing_channels(reads, &channels).await?;
    let customers: Vec<CustomerId> = footprint.customers.iter().copied().collect();
    state.documents.orders.customers = order_rows::existing_customers(reads, &customers).await?;
    let stores: Vec<StoreId> = footprint.stores.iter().copied().collect();
    state.documents.orders.stores = order_rows::store_facts(reads, &stores).await?;
    let references: Vec<&str> = footprint.order_refs.iter().map(String::as_str).collect();
    state.documents.orders.taken_refs = order_rows::taken_order_refs(reads, &references).await?;
    let references: Vec<&str> = footprint.return_refs.iter().map(String::as_str).collect();
    state.documents.orders.taken_return_refs = order_rows::taken_return_refs(reads, &references).await?;
    let references: Vec<&str> = footprint.transfer_refs.iter().map(String::as_str).collect();
    state.documents.transfers.taken_refs = transfer_rows::taken_refs(reads, &references).await?;
    let references: Vec<&str> = footprint.purchase_refs.iter().map(String::as_str).collect();
    state.documents.purchases.taken_refs = purchase_rows::taken_refs(reads, &references).await?;
    Ok(())
}

/// The holds that are named or may have to give way; and those of transfers, where they tell what of a level's lots may be promised.
async fn load_holds(reads: &impl Reads, footprint: &Footprint, state: &State) -> Result<Vec<Reservation>, Fault> {
    let mut reservations: Vec<Reservation> = Vec::new();
    if !footprint.reservations.is_empty() {
        let ids: Vec<ReservationId> = footprint.reservations.iter().copied().collect();
        reservations.extend(stock_rows::reservations(reads, stock_rows::Which::Ids(&ids)).await?);
    }
    if !footprint.orders.is_empty() {
        let ids: Vec<OrderId> = footprint.orders.iter().copied().collect();
        reservations.extend(stock_rows::reservations(reads, stock_rows::Which::ActiveOfOrders(&ids)).await?);
    }
    if !footprint.transfers.is_empty() {
        let ids: Vec<ReferenceId> = footprint.transfers.iter().map(|id| id.cast()).collect();
        reservations.extend(stock_rows::reservations(reads, stock_rows::Which::ActiveOfReferences(&ids)).await?);
    }
    if !footprint.holds_on.is_empty() {
        let on: Vec<LevelKey> = footprint.holds_on.iter().copied().collect();
        reservations.extend(stock_rows::reservations(reads, stock_rows::Which::ActiveOn(&on)).await?);
    }
    let has_near = |level: &&Level| level.facts.tracking != Tracking::None && level.facts.minimum_remaining_days > 0;
    let near: Vec<LevelKey> = state.stock.levels.values().filter(has_near).map(|level| level.key).collect();
    if !near.is_empty() {
        reservations.extend(stock_rows::reservations(reads, stock_rows::Which::OfTransfersOn(&near)).await?);
    }
    Ok(reservations)
}
