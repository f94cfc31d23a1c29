//! Writes of one command, on top of the book.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::prelude::*;

use super::{
    book::Book,
    decision::StockDecision,
    earliest_refusals::EarliestRefusals,
    input_path::{At, Field},
    level::{Level, LevelKey},
    lot::{Dates, Lot, LotChoice, LotLevel, UnavailableUnits},
    movement::{Entry, Movement, Reference},
    refusal::{LotRefusal, Refusal},
    rejection::{Reason, Rejection},
    reservation::Reservation,
};

/// Change of a level's quantities by an entry, in smallest units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delta {
    pub on_hand: i64,
    pub reserved: i64,
    pub unavailable: i64,
    pub incoming: i64,
    pub in_transit: i64,
}

/// Posting of a line to a level.
#[derive(Debug, Clone, Default)]
pub struct Posting {
    pub delta: Delta,
    /// For one whole unit.
    pub cost: Option<Money>,
    pub note: Option<String>,
    pub lot: LotChoice,
    /// Condition of units that become unavailable; QUARANTINE if none is given.
    pub condition: Option<Condition>,
    pub dates: Dates,
}

/// A movement without its entries.
#[derive(Debug, Clone)]
pub struct MovementHead {
    pub id: MovementId,
    pub kind: MovementKind,
    pub reason: Option<ReasonCode>,
    pub note: Option<String>,
    pub external_ref: Option<String>,
    pub reference: Option<Reference>,
    pub actor: Actor,
    pub reverses: Option<MovementId>,
    pub occurred_at: Timestamp,
}

/// Changes of lots in a draft, on top of the book.
#[derive(Default)]
pub(super) struct LotDraft {
    pub lots: BTreeMap<LotId, Lot>,
    pub levels: BTreeMap<(LevelKey, LotId), LotLevel>,
    pub asides: HashMap<(LevelKey, Option<LotId>), UnavailableUnits>,
    /// Lots whose fields changed: each results in an event.
    pub changed: BTreeSet<LotId>,
    /// The lot that the command edits, before and after.
    pub edited: Option<Box<(Lot, Lot)>>,
    /// Units that were added to lots so that a fact from before their last count could take them.
    pub lent: BTreeMap<(LevelKey, LotId), i64>,
    /// Units named by parcels that leave with the command.
    pub leaving: BTreeMap<(LevelKey, LotId), i64>,
    /// Units of these that have been posted.
    pub left: BTreeMap<(LevelKey, LotId), i64>,
}

/// A decision in progress.
pub struct Draft<'b> {
    book: &'b Book,
    levels: BTreeMap<LevelKey, Level>,
    reservations: HashMap<ReservationId, Reservation>,
    pub(super) movements: Vec<Movement>,
    pub(super) lots: LotDraft,
    /// Units that were added to levels so that a fact from before their last count could take them.
    pub(super) lent: BTreeMap<LevelKey, i64>,
    pub(super) gave_way: BTreeSet<OrderId>,
    /// Refusals so far, if all of them are to be reported.
    pub(super) earliest_refusals: Option<EarliestRefusals>,
}

impl<'b> Draft<'b> {
    pub fn new(book: &'b Book) -> Self {
        Self {
            book,
            levels: BTreeMap::new(),
            reservations: HashMap::new(),
            movements: Vec::new(),
            lots: LotDraft::default(),
            lent: BTreeMap::new(),
            gave_way: BTreeSet::new(),
            earliest_refusals: None,
        }
    }
    pub fn book(&self) -> &'b Book {
        self.book
    }
    pub fn now(&self) -> Timestamp {
        self.book.now
    }

    /// Returns the level with this draft's changes.
    pub fn level(&self, key: LevelKey, field: At) -> Result<&Level, Rejection> {
        self.levels.get(&key).or_else(|| self.book.levels.get(&key)).ok_or_else(|| self.book.missing_rejection(key, field))
    }
    /// Returns a level that stock may move on: its product is tracked and neither product nor store
    /// is archived.
    pub fn stocked_level(&self, key: LevelKey, field: At) -> Result<&Level, Rejection> {
        self.stocked_at(key, (field.product(), field.store()))
    }
    /// Like `stocked_level`, with the input's places of the product and the store.
    pub fn stocked_at(&self, key: LevelKey, (product, store): (At, At)) -> Result<&Level, Rejection> {
        let level = self.level(key, product)?;
        if level.facts.is_kit {
            return Err(Refusal::Kit { sku: level.facts.sku.clone() }.at(product));
        }
        if level.facts.policy == StockPolicy::Untracked {
            return Err(Refusal::Untracked { sku: level.facts.sku.clone() }.at(product));
        }
        if level.facts.status == ProductStatus::Archived {
            return Err(Refusal::ProductArchived { sku: level.facts.sku.clone() }.at(product));
        }
        if level.facts.store_archived {
            return Err(Refusal::StoreArchived.at(store));
        }
        Ok(level)
    }
    pub fn reservation(&self, id: ReservationId) -> Option<&Reservation> {
        self.reservations.get(&id).or_else(|| self.book.reservations.get(&id))
    }
    /// Active reservations of a level that are loaded, newest first.
    pub fn active_reservations(&self, key: LevelKey) -> Vec<ReservationId> {
        let drafted_reservations = self.reservations.values().filter(|reservation| reservation.key == key);
        let stored_reservations = self
            .book
            .reservations
            .values()
            .filter(|reservation| reservation.key == key && !self.reservations.contains_key(&reservation.id));
        let mut active_holds: Vec<_> = drafted_reservations
            .chain(stored_reservations)
            .filter(|reservation| reservation.status == ReservationStatus::Active)
            .collect();
        // Holds with a time limit are unpaid, and units reserved for transfers are not promised to
        // any customer: they give way before confirmed reservations, the newest first.
        let priority = |reservation: &Reservation| {
            if reservation.expires_at.is_some() { 0 } else { 1 + u8::from(!reservation.is_held_by_document()) }
        };
        active_holds
            .sort_by_key(|reservation| (priority(reservation), std::cmp::Reverse((reservation.created_at, reservation.id))));
        active_holds.into_iter().map(|reservation| reservation.id).collect()
    }
    pub fn put_reservation(&mut self, reservation: Reservation) {
        self.reservations.insert(reservation.id, reservation);
    }

    /// Records the time of a level's count.
    pub fn record_count(&mut self, key: LevelKey, at: Timestamp) {
        if let Ok(level) = self.level(key, At::NOWHERE) {
            let counted_at = Some(level.counted_at.map_or(at, |before| before.max(at)));
            let level = Level { counted_at, ..level.clone() };
            self.levels.insert(key, level);
        }
    }
    /// Sets the level's last count to the last one that is not reversed, after a later one is.
    pub fn reset_last_count(&mut self, key: LevelKey, counted_at: Option<Timestamp>) {
        if let Ok(level) = self.level(key, At::NOWHERE)
            && level.row.is_stored()
        {
            let level = Level { counted_at, ..level.clone() };
            self.levels.insert(key, level);
        }
    }

    /// Begins a movement in the local time of `at`'s store. Its moment must not be in the future
    /// nor in a closed period.
    pub fn begin(&mut self, head: MovementHead, at: LevelKey, field: At) -> Result<(), Rejection> {
        let business_date = self.business_date(head.occurred_at, at, field)?;
        self.movements.push(Movement {
            id: head.id,
            seq: 0,
            kind: head.kind,
            reason: head.reason,
            note: head.note,
            external_ref: head.external_ref,
            reference: head.reference,
            actor: head.actor,
            reverses: head.reverses,
            occurred_at: head.occurred_at,
            business_date,
            recorded_at: self.book.now,
            entries: Vec::new(),
        });
        Ok(())
    }

    /// Returns the store's local day of a moment, which must not be more than five minutes in the
    /// future nor in a closed period.
    pub fn business_date(&self, occurred_at: Timestamp, at: LevelKey, field: At) -> Result<i32, Rejection> {
        let zone = self.level(at, field).map_or("UTC", |level| &level.facts.time_zone);
        check_moment(self.book, occurred_at, zone)
    }

    /// Adds an entry to the movement that was begun last. The caller has checked that the stock is
    /// there; an entry that still breaks a rule of the level is refused as insufficient.
    pub fn post(
        &mut self,
        key: LevelKey,
        delta: Delta,
        cost: Option<Money>,
        note: Option<String>,
        field: At,
    ) -> Result<(), Rejection> {
        self.post_to(key, Posting { delta, cost, note, ..Posting::default() }, field)
    }

    /// Like `post`, with all fields of a line. For stock that is kept by lots, an entry for each
    /// lot is added.
    pub fn post_to(&mut self, key: LevelKey, posting: Posting, field: At) -> Result<(), Rejection> {
        let delta = posting.delta;
        // Held or planned stock can always be released: a product that was archived or is no longer
        // stocked must not keep a document open for ever.
        let lets_go = delta.on_hand == 0
            && delta.unavailable == 0
            && [delta.reserved, delta.incoming, delta.in_transit].into_iter().all(|by| by <= 0);
        let level = if lets_go { self.level(key, field)? } else { self.stocked_level(key, field)? }.clone();
        if level.facts.tracking != Tracking::None && (delta.on_hand != 0 || delta.unavailable != 0) {
            return self.post_lots(key, &posting, field);
        }
        if posting.lot.is_specified() && level.facts.tracking == Tracking::None {
            return Err(LotRefusal::NotTracked { sku: level.facts.sku.clone() }.at(field.lot()));
        }
        self.write_entry(level, None, posting, field)
    }

    /// Writes an entry of one level, and of one lot if stock is kept by lots.
    pub(super) fn write_entry(
        &mut self,
        mut level: Level,
        lot: Option<LotId>,
        posting: Posting,
        field: At,
    ) -> Result<(), Rejection> {
        let (now, key) = (self.book.now, level.key);
        let Posting { delta, cost, note, .. } = posting;
        let condition = (delta.unavailable != 0).then(|| posting.condition.unwrap_or(Condition::Quarantine));
        if let Some(condition) = condition {
            self.set_aside(key, lot, (condition, delta.unavailable), field)?;
        }
        let requested = Quantity::new(delta.on_hand.abs().max(delta.reserved.abs())).unwrap_or(Quantity::ZERO);
        let moved_buckets = |bucket: Quantity, delta_units: i64| bucket.get().checked_add(delta_units).and_then(Quantity::new);
        let moved_buckets = [
            moved_buckets(level.on_hand, delta.on_hand),
            moved_buckets(level.reserved, delta.reserved),
            moved_buckets(level.unavailable, delta.unavailable),
            moved_buckets(level.incoming, delta.incoming),
            moved_buckets(level.in_transit, delta.in_transit),
        ];
        let [Some(on_hand), Some(reserved), Some(unavailable), Some(incoming), Some(in_transit)] = moved_buckets else {
            return Err(Refusal::StockTooLarge.at(field));
        };
        let is_valid = ![on_hand, reserved, unavailable, incoming, in_transit].into_iter().any(Quantity::is_negative);
        if !is_valid || reserved.get() > on_hand.get() - unavailable.get() {
            let usable = level.available().max(0);
            let reason = Reason::Insufficient { level: Box::new(level), usable, requested };
            return Err(Rejection { why: reason, at: field });
        }
        // A movement has the day of its first store; in another it may still be the day before, in
        // a closed period.
        if let Some(begun_movement) = self.movements.last().filter(|_| self.book.closed_through.is_some()) {
            check_moment(self.book, begun_movement.occurred_at, &level.facts.time_zone)?;
        }
        let Some(movement) = self.movements.last_mut() else {
            return Err(Refusal::NoMovement.at(field));
        };
        let line = movement.entries.len() as u16 + 1;
        if line > entity::id::MAX_LINES {
            return Err(Refusal::TooManyEntries { most: entity::id::MAX_LINES }.at(field));
        }
        (level.on_hand, level.reserved, level.unavailable) = (on_hand, reserved, unavailable);
        (level.incoming, level.in_transit) = (incoming, in_transit);
        level.version += 1;
        level.last_occurred_at = level.last_occurred_at.max(movement.occurred_at);
        level.updated_at = now;
        let value = cost.and_then(|cost| cost.times(Quantity::new(delta.on_hand)?, level.facts.decimals));
        movement.entries.push(Entry {
            line,
            key,
            lot,
            condition,
            on_hand_delta: delta.on_hand,
            reserved_delta: delta.reserved,
            unavailable_delta: delta.unavailable,
            incoming_delta: delta.incoming,
            in_transit_delta: delta.in_transit,
            on_hand_after: on_hand,
            reserved_after: reserved,
            unavailable_after: unavailable,
            version_after: level.version,
            occurred_max: level.last_occurred_at,
            unit_cost: cost,
            value,
            note,
        });
        self.levels.insert(key, level);
        Ok(())
    }

    /// Returns the lot of the entry that was written last; None if stock is not kept by lots.
    pub fn last_posted_lot(&self) -> Option<LotId> {
        self.movements.last()?.entries.last()?.lot
    }
    /// Returns the kind of the movement that was begun last.
    pub(super) fn kind(&self) -> MovementKind {
        self.movements.last().map_or(MovementKind::Adjustment, |movement| movement.kind)
    }
    /// The business date of the movement that was begun last.
    pub(super) fn day(&self) -> Option<i32> {
        Some(self.movements.last()?.business_date)
    }
    /// Time at which the movement occurred.
    pub(super) fn occurred_at(&self) -> Timestamp {
        self.movements.last().map_or(self.book.now, |movement| movement.occurred_at)
    }

    /// Drops the movement that was begun last if nothing was posted to it.
    pub fn end(&mut self) {
        if self.movements.last().is_some_and(|movement| movement.entries.is_empty()) {
            self.movements.pop();
        }
    }

    /// Returns the changes of stock. A fact from before a level's last count is balanced: the count
    /// had seen it.
    pub fn finish(mut self) -> Result<StockDecision, Rejection> {
        self.balance()?;
        self.check_blocked_lots()?;
        Ok(StockDecision {
            movements: self.movements,
            levels: self.levels.into_values().collect(),
            reservations: {
                let mut reservations_by_id: Vec<_> = self.reservations.into_values().collect();
                reservations_by_id.sort_by_key(|reservation| reservation.id);
                reservations_by_id
            },
            lots: self.lots.lots.into_values().collect(),
            lot_levels: self.lots.levels.into_values().collect(),
            changed_lots: self.lots.changed.into_iter().collect(),
            edited_lot: self.lots.edited,
            gave_way: self.gave_way.into_iter().collect(),
            asides: self.lots.asides.into_iter().collect(),
            in_parcels: Vec::new(),
            packed: Vec::new(),
        })
    }
}

/// Tolerance for a caller's clock that runs ahead of ours.
const MAX_CLOCK_SKEW_SECONDS: i64 = 300;
/// 0001-01-02T00:00:00Z: from then on a business date is in the years 1 to 9999 in every zone.
const MIN_OCCURRED_AT: Timestamp = Timestamp(-62_135_510_400_000_000);

/// Returns the local day of a moment that is neither in the future nor in a closed period.
pub fn check_moment(book: &Book, occurred_at: Timestamp, zone: &str) -> Result<i32, Rejection> {
    let field = At::input(Field::OccurredAt);
    if occurred_at > book.now.plus_seconds(MAX_CLOCK_SKEW_SECONDS) {
        return Err(Refusal::Ahead.at(field));
    }
    if occurred_at < MIN_OCCURRED_AT {
        return Err(Refusal::TooEarly.at(field));
    }
    let day = (book.local_day)(occurred_at, zone);
    match book.closed_through {
        Some(through) if day <= through => Err(Rejection { why: Reason::PeriodClosed { through }, at: field }),
        _ => Ok(day),
    }
}
