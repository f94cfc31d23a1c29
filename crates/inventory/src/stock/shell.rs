//! Stock on hand at an earlier moment, and the explanation of the quantity that is available now.

use std::sync::Arc;

use entity::prelude::*;
use platform::{
    clock::{Clock, local_day},
    storage::{Fault, TenantScope},
};
use tokio::sync::Semaphore;

use super::{
    core::{Level, LevelKey, LevelSnapshot, Lot, LotLevel, LotShare, Reservation, UnavailableUnits},
    rows::{
        BLOCK_VERSIONS, ReservationSelection, condense_blocks,
        expected_arrivals::{load_backordered, load_expected},
        load_level_facts, load_on_hand_at,
        lot_list::lots_at,
        lots::load_unavailable_units,
        read_levels, select_reservations,
    },
};

/// A search that read more than so many versions has them condensed into blocks: it took
/// milliseconds, and the next one need not.
const CONDENSE_THRESHOLD: i64 = 2 * BLOCK_VERSIONS;
/// Blocks that are condensed in one transaction: some milliseconds of the writer's time.
const BLOCKS_PER_TRANSACTION: i64 = 8;
/// One level at a time in a process: no caller waits for it.
static CONDENSE_SEMAPHORE: Semaphore = Semaphore::const_new(1);

/// Returns on hand at `time`, as known at `known_at` (None: as known now), in smallest units. 0 for
/// a level that does not exist. Below 0 if a removal was dated before the receipt that it took
/// from.
pub async fn on_hand_at(
    scope: &TenantScope,
    key: LevelKey,
    time: Timestamp,
    known_at: Option<Timestamp>,
) -> Result<Quantity, Fault> {
    let past_level = load_on_hand_at(scope, &[key], time, known_at, BLOCK_VERSIONS).await?.pop().unwrap_or_default();
    if past_level.walked > CONDENSE_THRESHOLD
        && let Ok(condense_permit) = CONDENSE_SEMAPHORE.try_acquire()
    {
        let scope = scope.clone();
        tokio::spawn(async move {
            if let Err(fault) = condense_all(&scope, key).await {
                tracing::warn!(error = %fault, "a level's past could not be condensed; it is walked through as before");
            }
            drop(condense_permit);
        });
    }
    Ok(past_level.on_hand)
}

/// Condenses all complete blocks of a level, a few in each transaction.
pub async fn condense_all(scope: &TenantScope, key: LevelKey) -> Result<(), Fault> {
    loop {
        let work = scope.begin().await?;
        let is_left = condense_blocks(&work, key, BLOCK_VERSIONS, BLOCKS_PER_TRANSACTION).await?;
        work.commit().await?;
        if !is_left {
            return Ok(());
        }
    }
}

/// A level with all parts of its figures, read in one snapshot.
#[derive(Debug, Clone)]
pub struct Explanation {
    pub level_snapshot: LevelSnapshot,
    /// Active reservations, the oldest first.
    pub reservations: Vec<Reservation>,
    pub lots: Vec<(Lot, LotLevel)>,
    /// The day of the snapshot, in the store's time zone.
    pub today: i32,
}

/// Explains a level's available quantity. `None` if the product or the store does not exist.
///
/// # Errors
/// The figures in the database do not sum: a named fault, for an explanation that is wrong is worse
/// than none.
pub async fn explain_level(scope: &TenantScope, clock: &Clock, key: LevelKey) -> Result<Option<Explanation>, Fault> {
    let work = scope.snapshot().await?;
    let level = match read_levels(&work, &[key]).await?.pop() {
        Some(level) => level,
        None => match load_level_facts(&work, &[key]).await?.pop() {
            Some((key, facts)) => Level::empty(key, clock.id(), Arc::new(facts)),
            None => return Ok(None),
        },
    };
    let mut reservations = select_reservations(&work, ReservationSelection::ActiveOn(&[key])).await?;
    reservations.sort_by_key(|reservation| (reservation.created_at, reservation.id));
    let mut stock_aside = UnavailableUnits::default();
    for (_, lot_aside) in load_unavailable_units(&work, &[key]).await? {
        Condition::ALL.iter().for_each(|condition| stock_aside.add(*condition, lot_aside.of(*condition)));
    }
    let lots = if level.facts.tracking == Tracking::None { Vec::new() } else { lots_at(&work, key).await? };
    let expected = load_expected(&work, &level).await?;
    let level_snapshot = LevelSnapshot {
        held: reservations.iter().map(|reservation| reservation.remaining.get()).collect(),
        held_for_transfers: reservations
            .iter()
            .filter(|reservation| reservation.is_held_by_document())
            .map(|reservation| reservation.remaining.get())
            .sum(),
        aside: stock_aside,
        lots: lots.iter().map(|(lot, level)| LotShare { available: level.available(), expires_on: lot.expires_on }).collect(),
        incoming: expected.incoming,
        in_transit: expected.in_transit,
        owed: load_backordered(&work, &level).await?,
        level,
    };
    let today = local_day(clock.now(), &level_snapshot.level.facts.time_zone);
    match level_snapshot.inconsistent_figure() {
        Some(figure_name) => Err(Fault::corrupt("stock_level", format!("{figure_name} is the sum of its parts"))),
        None => Ok(Some(Explanation { level_snapshot, reservations, lots, today })),
    }
}
