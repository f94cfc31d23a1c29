//! State that a batch is decided against: read under locks, or on top of the speculative state.

use std::{collections::HashSet, sync::Arc};

use entity::prelude::*;
use platform::{
    audit::{self, Chain},
    clock::{self, Clock},
    storage::{
        Database, Fault, Reads, Row, TenantScope,
        idempotency::{self, Key},
        journal::{self, Counter},
    },
};

use super::{
    decision::Books, document::DocumentPhase, needs::Needs, registry::Documents, source::Source,
    speculative_state::SpeculativeState,
};
use crate::{
    catalog::rows::keys::filter_existing_products,
    stock::{
        core::{Book, Level, LevelKey, Reservation},
        rows::{
            self as stock_rows,
            lots::{RowLock, lot_book},
        },
    },
};

/// Database, clock and documents that every batch uses.
#[derive(Clone)]
pub struct Basis {
    pub db: Database,
    pub clock: Clock,
    pub documents: Arc<Documents>,
}

/// Everything that a batch is decided against.
pub struct State {
    pub stock: Book,
    pub books: Books,
    pub receipts: Vec<(Key, String)>,
    /// The counter that the transaction has locked; None for reads without locks, or if there is no
    /// counter.
    pub counter: Option<Counter>,
    /// The end of the audit log, if the transaction has locked it already.
    pub chain: Option<Chain>,
}

/// Loads all rows that commands need. A transaction locks them, in the order that every writer
/// keeps: the counter, then levels, then documents and lots. The end of the audit log is locked
/// with the counter: other transactions that lock it wait for nothing else after it.
pub async fn load_state(
    reads: &Source<'_>,
    basis: &Basis,
    needs: &mut Needs,
    keys: &[&Key],
    is_audited: bool,
) -> Result<State, Fault> {
    let Basis { clock, documents, .. } = basis;
    // While the counter is locked, no other transaction changes the levels that documents refer to:
    // the levels found through them are those that get locked.
    let (counter, chain) = match reads {
        Source::Locked(work) if is_audited => audit::lock_counter_and_chain_end(work).await?,
        Source::Locked(work) => (journal::lock_counter(work).await?, None),
        Source::Committed(_) => (None, None),
    };
    let last = counter.map_or(Timestamp(0), |counter| counter.recorded_at);
    let mut books = documents.expand(reads, needs).await?;
    let needs = &*needs;
    let mut stock = load_levels(reads, clock, needs, last).await?;
    documents.load(DocumentPhase::First, reads, needs, &mut books).await?;
    documents.load(DocumentPhase::BeforeLots, reads, needs, &mut books).await?;
    if load_lots(reads, needs, &mut stock).await? {
        documents.load_lots(reads, needs, &mut stock, &mut books).await?;
    }
    documents.load(DocumentPhase::AfterLots, reads, needs, &mut books).await?;
    let receipts = idempotency::look_up(reads, keys.iter().copied()).await?;
    let reservations = load_reservations(reads, needs, &stock).await?;
    stock.reservations = reservations.into_iter().map(|reservation| (reservation.id, reservation)).collect();
    if !needs.reversals.is_empty() {
        let ids: Vec<MovementId> = needs.reversals.iter().copied().collect();
        stock.reversed = stock_rows::find_reversed_movements(reads, &ids).await?.into_iter().collect();
    }
    documents.load_names(reads, needs, &mut books).await?;
    Ok(State { stock, books, receipts, counter, chain })
}

/// Loads the lots of levels whose products have lots, and the named lots; returns false if there
/// cannot be any. Some documents are locked before lots and some after, so that all writers lock in
/// one order.
async fn load_lots(reads: &Source<'_>, needs: &Needs, stock: &mut Book) -> Result<bool, Fault> {
    let is_tracked = |level: &&Level| level.facts.tracking != Tracking::None;
    let tracked: Vec<LevelKey> = stock.levels.values().filter(is_tracked).map(|level| level.key).collect();
    if tracked.is_empty() && needs.lots.is_empty() {
        return Ok(false);
    }
    // The count of a lot also counts as one of its level: only a back-dated command needs lots that
    // are used up.
    let is_late = |level: &Level| needs.lots.since.is_some_and(|since| level.counted_at.is_some_and(|at| since < at));
    let since = needs.lots.since.filter(|_| stock.levels.values().any(is_late));
    let hold = if matches!(reads, Source::Locked(_)) { RowLock::Lock } else { RowLock::Read };
    stock.lots = lot_book(reads, &tracked, &needs.lots, since, hold).await?;
    Ok(true)
}

/// Loads the same without locks, on top of the speculative state: reads only missing rows, all at
/// once. Returns None if a product has lots or is a kit: those are read under locks.
pub async fn load_speculative(
    scope: &TenantScope,
    basis: &Basis,
    needs: &Needs,
    keys: &[&Key],
    speculative: &mut SpeculativeState,
) -> Result<Option<State>, Fault> {
    let Basis { clock, documents, .. } = basis;
    if speculative.has_lots_or_kits(needs) {
        return Ok(None);
    }
    let missing: Vec<LevelKey> = needs.levels.iter().filter(|key| !speculative.levels.contains_key(key)).copied().collect();
    let (unknown_keys, known_keys): (Vec<LevelKey>, Vec<LevelKey>) =
        missing.iter().copied().partition(|key| speculative.lacks_facts(*key));
    let mut memory = std::mem::take(&mut speculative.memory);
    let (receipts, new_facts, mut levels, books) = tokio::try_join!(
        idempotency::look_up(scope, keys.iter().copied()),
        levels_and_facts(scope, &unknown_keys),
        missing_levels(scope, clock, &known_keys, speculative),
        documents.plan(scope, needs, &mut memory),
    )?;
    speculative.memory = memory;
    levels.extend(cache_facts(scope, clock, &unknown_keys, new_facts, speculative).await?);
    if speculative.has_lots_or_kits(needs) {
        return Ok(None);
    }
    let last = levels.iter().map(|level| level.updated_at).max().unwrap_or_default().max(speculative.now);
    let mut stock = Book::new(last.max(clock.now()), clock::local_day);
    stock.closed_through = speculative.closed_through;
    stock.levels = std::mem::take(&mut speculative.levels);
    stock.levels.extend(levels.into_iter().map(|level| (level.key, level)));
    note_unknown(scope, &missing, &mut stock).await?;
    Ok(Some(State { stock, books, receipts, counter: None, chain: None }))
}

/// Returns levels by their keys, with or without a row; a key whose product or store does not exist
/// is left out.
async fn missing_levels(
    reads: &impl Reads,
    clock: &Clock,
    keys: &[LevelKey],
    speculative: &SpeculativeState,
) -> Result<Vec<Level>, Fault> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let mut levels = stock_rows::levels_with_facts(reads, keys, |key| speculative.facts(key)).await?;
    if levels.len() < keys.len() {
        let loaded_keys: HashSet<LevelKey> = levels.iter().map(|level| level.key).collect();
        let without = keys.iter().filter(|key| !loaded_keys.contains(key));
        levels.extend(without.filter_map(|key| Some(Level::empty(*key, clock.id(), speculative.facts(*key)?))));
    }
    Ok(levels)
}

/// Notes which stores and products of the missing levels do not exist; reads nothing if all levels
/// were found.
async fn note_unknown(reads: &impl Reads, requested_keys: &[LevelKey], stock: &mut Book) -> Result<(), Fault> {
    let absent: Vec<LevelKey> = requested_keys.iter().filter(|key| !stock.levels.contains_key(key)).copied().collect();
    if absent.is_empty() {
        return Ok(());
    }
    let mut stores: HashSet<StoreId> = absent.iter().map(|key| key.store).collect();
    let backend = reads.backend();
    let sql = format!("SELECT id FROM store WHERE tenant_id = $1 AND {}", backend.in_ids("id", 2));
    for row in &reads.rows(&sql, vec![backend.ids(stores.iter().copied())]).await? {
        stores.remove(&Row::scalar(row)?);
    }
    let mut products: HashSet<ProductId> = absent.iter().map(|key| key.product).collect();
    let known_products = filter_existing_products(reads, products.iter().copied()).await?;
    products.retain(|product| !known_products.contains(product));
    (stock.unknown_stores, stock.unknown_products) = (stores, products);
    Ok(())
}

/// Returns levels whose product or store is not cached yet, with the facts that the rules need: one
/// statement instead of two.
async fn levels_and_facts(reads: &impl Reads, keys: &[LevelKey]) -> Result<Vec<Level>, Fault> {
    if keys.is_empty() { Ok(Vec::new()) } else { stock_rows::read_levels(reads, keys).await }
}

/// Caches the facts of the levels of `keys`, and returns the levels. A level without a row begins
/// empty; one whose product or store does not exist is left out.
async fn cache_facts(
    reads: &impl Reads,
    clock: &Clock,
    keys: &[LevelKey],
    mut levels: Vec<Level>,
    speculative: &mut SpeculativeState,
) -> Result<Vec<Level>, Fault> {
    for level in &levels {
        speculative.cache_facts(level.key, level.facts.clone());
    }
    if levels.len() < keys.len() {
        let loaded_keys: HashSet<LevelKey> = levels.iter().map(|level| level.key).collect();
        let without: Vec<LevelKey> = keys.iter().filter(|key| !loaded_keys.contains(key)).copied().collect();
        for (key, facts) in stock_rows::load_level_facts(reads, &without).await? {
            speculative.cache_facts(key, facts);
        }
        levels.extend(without.into_iter().filter_map(|key| Some(Level::empty(key, clock.id(), speculative.facts(key)?))));
    }
    Ok(levels)
}

/// Loads the needed levels, with a time that is not before `last`.
async fn load_levels(reads: &Source<'_>, clock: &Clock, needs: &Needs, last: Timestamp) -> Result<Book, Fault> {
    let requested_keys: Vec<LevelKey> = needs.levels.iter().copied().collect();
    let (levels, closed_through) = match reads {
        _ if requested_keys.is_empty() => (Vec::new(), None),
        Source::Locked(work) => stock_rows::lock_levels(*work, &requested_keys).await?,
        Source::Committed(scope) => (stock_rows::read_levels(*scope, &requested_keys).await?, None),
    };
    let has_closed_through = matches!(reads, Source::Locked(_)) && !levels.is_empty();
    // Another node's clock may run ahead of ours: within a tenant, time of recording never goes back.
    let now = levels.iter().map(|level| level.updated_at).max().unwrap_or_default().max(clock.now()).max(last);
    let mut stock = Book::new(now, clock::local_day);
    stock.closed_through = if has_closed_through { closed_through } else { stock_rows::load_closed_through(reads).await? };
    stock.levels = levels.into_iter().map(|level| (level.key, level)).collect();
    let missing: Vec<LevelKey> = requested_keys.into_iter().filter(|key| !stock.levels.contains_key(key)).collect();
    if !missing.is_empty() {
        for (key, facts) in stock_rows::load_level_facts(reads, &missing).await? {
            stock.levels.insert(key, Level::empty(key, clock.id(), Arc::new(facts)));
        }
        note_unknown(reads, &missing, &mut stock).await?;
    }
    Ok(stock)
}

/// Loads the reservations that are named or may have to give way, and those of transfers where they
/// limit how much of a level's lots may be reserved.
async fn load_reservations(reads: &impl Reads, needs: &Needs, stock: &Book) -> Result<Vec<Reservation>, Fault> {
    let mut reservations: Vec<Reservation> = Vec::new();
    if !needs.reservations.is_empty() {
        let ids: Vec<ReservationId> = needs.reservations.iter().copied().collect();
        reservations.extend(stock_rows::select_reservations(reads, stock_rows::ReservationSelection::Ids(&ids)).await?);
    }
    if !needs.held_by_orders.is_empty() {
        let ids: Vec<OrderId> = needs.held_by_orders.iter().copied().collect();
        reservations
            .extend(stock_rows::select_reservations(reads, stock_rows::ReservationSelection::ActiveOfOrders(&ids)).await?);
    }
    if !needs.held_for.is_empty() {
        let ids: Vec<ReferenceId> = needs.held_for.iter().copied().collect();
        reservations
            .extend(stock_rows::select_reservations(reads, stock_rows::ReservationSelection::ActiveOfReferences(&ids)).await?);
    }
    if !needs.holds_on.is_empty() {
        let held_keys: Vec<LevelKey> = needs.holds_on.iter().copied().collect();
        reservations
            .extend(stock_rows::select_reservations(reads, stock_rows::ReservationSelection::ActiveOn(&held_keys)).await?);
    }
    let has_near = |level: &&Level| level.facts.tracking != Tracking::None && level.facts.minimum_remaining_days > 0;
    let expiring_keys: Vec<LevelKey> = stock.levels.values().filter(has_near).map(|level| level.key).collect();
    if !expiring_keys.is_empty() {
        reservations.extend(
            stock_rows::select_reservations(reads, stock_rows::ReservationSelection::OfTransfersOn(&expiring_keys)).await?,
        );
    }
    Ok(reservations)
}
