//! What a batch has loaded and locked, brought forward by each accepted command.

use std::collections::{HashMap, HashSet};

use entity::prelude::*;

use super::{
    at::{At, Field},
    draft::StockDecision,
    level::{Level, LevelKey},
    lot::LotBook,
    rejection::{Noun, Rejection},
    reserve::Reservation,
};

/// The state that commands of one tenant are decided against.
#[derive(Debug, Clone)]
pub struct Book {
    /// When the batch is recorded; never before what its levels already hold.
    pub now: Timestamp,
    /// The last closed day of the books.
    pub closed_through: Option<i32>,
    /// A moment's local day in a time zone; handed in, so that the rules know no clock.
    pub local_day: fn(Timestamp, &str) -> i32,
    pub levels: HashMap<LevelKey, Level>,
    /// Stores of levels that were asked for and do not exist.
    pub unknown_stores: HashSet<StoreId>,
    /// Products of levels that were asked for and do not exist.
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

    /// What of a level does not exist, said of its own field: the store, where both do not.
    pub(super) fn absent(&self, key: LevelKey, field: At) -> Rejection {
        let is_store = self.unknown_stores.contains(&key.store);
        not_there(if is_store { Noun::Store } else { Noun::Product }, field)
    }
    /// The product of a level whose store does not exist, where that does not exist either.
    pub(super) fn absent_besides(&self, key: LevelKey, field: At) -> Option<Rejection> {
        let is_neither = self.unknown_stores.contains(&key.store) && self.unknown_products.contains(&key.product);
        is_neither.then(|| not_there(Noun::Product, field))
    }

    /// Brings the state forward by an accepted decision.
    pub fn evolve(&mut self, decision: &StockDecision) {
        for level in &decision.levels {
            self.levels.insert(level.key, level.clone());
        }
        for reservation in &decision.reservations {
            self.hold_packed(reservation);
            self.reservations.insert(reservation.id, reservation.clone());
        }
        for lot in &decision.lots {
            self.lots.add(lot.clone());
        }
        self.lots.levels.extend(decision.lot_levels.iter().map(|level| ((level.key, level.lot), *level)));
        self.lots.asides.extend(decision.asides.iter().copied());
        for (place, delta) in &decision.in_parcels {
            *self.lots.in_parcels.entry(*place).or_default() += delta;
        }
        for (of, delta) in &decision.packed {
            if let Some(packed) = self.lots.packed.get_mut(of) {
                packed.named += delta;
            }
        }
        self.reversed.extend(decision.movements.iter().filter_map(|m| m.reverses));
    }

    /// Notes how much more, or less, an order holds of a level that it has parcels of.
    fn hold_packed(&mut self, reservation: &Reservation) {
        let Some((order, _)) = reservation.order else { return };
        let before = self.reservations.get(&reservation.id).map_or(0, |before| before.remaining.get());
        if let Some(packed) = self.lots.packed.get_mut(&(reservation.key, order)) {
            packed.held += reservation.remaining.get() - before;
        }
    }
}

/// The refusal of a level without its store or product, said of its own field.
fn not_there(what: Noun, field: At) -> Rejection {
    let is_store = what == Noun::Store;
    let named = if is_store { Field::Store } else { Field::Product };
    let is_of_lines = field.row.map_or(field.field, |(list, _)| Some(list)) == Some(Field::Lines);
    let field = match field.row {
        // A document has one store for all its lines.
        _ if is_store && is_of_lines => At::input(named),
        Some((list @ (Field::Lines | Field::Changes | Field::Items), index)) => At::row(list, index).field(named),
        _ => field,
    };
    Rejection::not_found(what, field)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::stock::core::{Packed, RowState};

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
        book.lots.packed.insert((key, order), Packed { named: 6, held: 8 });
        assert_eq!(book.lots.unheld(key), 0);
        hold.give_back(5, ReservationStatus::Shortened, now);
        book.evolve(&StockDecision { reservations: vec![hold.clone()], ..StockDecision::default() });
        assert_eq!(book.lots.unheld(key), 3, "three of six that are packed are held");
        // What leaves is neither packed nor held any more.
        hold.give_back(3, ReservationStatus::Consumed, now);
        let (in_parcels, packed) = (vec![((key, lot), -6)], vec![((key, order), -6)]);
        book.evolve(&StockDecision { reservations: vec![hold], in_parcels, packed, ..StockDecision::default() });
        assert_eq!(book.lots.unheld(key), 0);
    }
}
