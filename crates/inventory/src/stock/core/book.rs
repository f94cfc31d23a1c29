//! State that a batch has loaded and locked, advanced by each accepted command.

use std::collections::{HashMap, HashSet};

use entity::prelude::*;

use super::{
    decision::StockDecision,
    input_path::{At, Field},
    level::{Level, LevelKey},
    lot::LotBook,
    rejection::{Noun, Rejection},
    reservation::Reservation,
};

/// The state that commands of one tenant are decided against.
#[derive(Debug, Clone)]
pub struct Book {
    /// Time at which the batch is recorded; never before a time that its levels already have.
    pub now: Timestamp,
    /// The last closed day of the books.
    pub closed_through: Option<i32>,
    /// Returns a moment's local day in a time zone; passed in, so that the rules need no clock.
    pub local_day: fn(Timestamp, &str) -> i32,
    pub levels: HashMap<LevelKey, Level>,
    /// Stores of requested levels that do not exist.
    pub unknown_stores: HashSet<StoreId>,
    /// Products of requested levels that do not exist.
    pub unknown_products: HashSet<ProductId>,
    pub reservations: HashMap<ReservationId, Reservation>,
    /// Movements that have been reversed.
    pub reversed: HashSet<MovementId>,
    pub lots: LotBook,
}

impl Book {
    pub fn new(now: Timestamp, local_day: fn(Timestamp, &str) -> i32) -> Self {
        Self {
            now,
            closed_through: None,
            local_day,
            levels: HashMap::new(),
            unknown_stores: HashSet::new(),
            unknown_products: HashSet::new(),
            reservations: HashMap::new(),
            reversed: HashSet::new(),
            lots: LotBook::default(),
        }
    }

    /// Returns the rejection of a level whose product or store does not exist, at its own field;
    /// the store if neither does.
    pub(super) fn missing_rejection(&self, key: LevelKey, field: At) -> Rejection {
        let is_store = self.unknown_stores.contains(&key.store);
        missing_level_part(if is_store { Noun::Store } else { Noun::Product }, field)
    }
    /// Returns the product of a level whose store does not exist, if that does not exist either.
    pub(super) fn missing_product_rejection(&self, key: LevelKey, field: At) -> Option<Rejection> {
        let is_neither = self.unknown_stores.contains(&key.store) && self.unknown_products.contains(&key.product);
        is_neither.then(|| missing_level_part(Noun::Product, field))
    }

    /// Applies an accepted decision to the state.
    pub fn evolve(&mut self, decision: &StockDecision) {
        for level in &decision.levels {
            self.levels.insert(level.key, level.clone());
        }
        for reservation in &decision.reservations {
            self.update_packed_hold(reservation);
            self.reservations.insert(reservation.id, reservation.clone());
        }
        for lot in &decision.lots {
            self.lots.add(lot.clone());
        }
        self.lots.levels.extend(decision.lot_levels.iter().map(|level| ((level.key, level.lot), *level)));
        self.lots.asides.extend(decision.asides.iter().copied());
        for (parcel_key, delta) in &decision.in_parcels {
            *self.lots.in_parcels.entry(*parcel_key).or_default() += delta;
        }
        for (packed_key, delta) in &decision.packed {
            if let Some(packed) = self.lots.packed.get_mut(packed_key) {
                packed.named += delta;
            }
        }
        self.reversed.extend(decision.movements.iter().filter_map(|movement| movement.reverses));
    }

    /// Updates the quantity that an order with parcels at a level has reserved there.
    fn update_packed_hold(&mut self, reservation: &Reservation) {
        let Some((order, _)) = reservation.order else { return };
        let before = self.reservations.get(&reservation.id).map_or(0, |before| before.remaining.get());
        if let Some(packed) = self.lots.packed.get_mut(&(reservation.key, order)) {
            packed.held += reservation.remaining.get() - before;
        }
    }
}

/// Returns the refusal of a level whose store or product does not exist, at the field that names
/// it.
fn missing_level_part(noun: Noun, field: At) -> Rejection {
    let is_store = noun == Noun::Store;
    let level_field = if is_store { Field::Store } else { Field::Product };
    let is_of_lines = field.row.map_or(field.field, |(list, _)| Some(list)) == Some(Field::Lines);
    let field = match field.row {
        // A document has one store for all its lines.
        _ if is_store && is_of_lines => At::input(level_field),
        Some((list @ (Field::Lines | Field::Changes | Field::Items), index)) => At::row(list, index).field(level_field),
        _ => field,
    };
    Rejection::not_found(noun, field)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::stock::core::{PackedUnits, RowState};

    #[test]
    fn a_hold_that_gives_way_in_a_batch_leaves_its_parcels_unheld_for_the_next_command() {
        let key = LevelKey { product: ProductId::from_uuid(Uuid::from_u128(1)), store: StoreId::from_uuid(Uuid::from_u128(2)) };
        let (order, lot, now) = (OrderId::from_uuid(Uuid::from_u128(3)), LotId::from_uuid(Uuid::from_u128(4)), Timestamp(0));
        let mut hold = Reservation {
            id: ReservationId::from_uuid(Uuid::from_u128(5)),
            key,
            quantity: Quantity::new(8).unwrap(),
            remaining: Quantity::new(8).unwrap(),
            status: ReservationStatus::Active,
            expires_at: None,
            channel: None,
            order: Some((order, 1)),
            reference: None,
            version: 1,
            created_at: now,
            updated_at: now,
            row: RowState::Stored,
        };
        let mut book = Book::new(now, |_, _| 0);
        book.reservations.insert(hold.id, hold.clone());
        book.lots.in_parcels.insert((key, lot), 6);
        book.lots.packed.insert((key, order), PackedUnits { named: 6, held: 8 });
        assert_eq!(book.lots.unheld_units(key), 0);
        hold.give_back(5, ReservationStatus::Shortened, now);
        book.evolve(&StockDecision { reservations: vec![hold.clone()], ..StockDecision::default() });
        assert_eq!(book.lots.unheld_units(key), 3, "three of six that are packed are held");
        // Units that leave are no longer packed or held.
        hold.give_back(3, ReservationStatus::Consumed, now);
        let (in_parcels, packed) = (vec![((key, lot), -6)], vec![((key, order), -6)]);
        book.evolve(&StockDecision { reservations: vec![hold], in_parcels, packed, ..StockDecision::default() });
        assert_eq!(book.lots.unheld_units(key), 0);
    }
}
