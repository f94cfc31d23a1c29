//! What a batch has loaded and locked, brought forward by each accepted command.

use std::collections::{HashMap, HashSet};

use entity::prelude::*;

use super::{
    draft::StockDecision,
    level::{Level, LevelKey},
    lot::LotBook,
    rejection::{Field, Rejection},
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
            reservations: HashMap::new(),
            reversed: HashSet::new(),
            lots: LotBook::default(),
        }
    }

    /// What of a level does not exist, said of its own field.
    pub(super) fn absent(&self, key: LevelKey, field: &Field) -> Rejection {
        let what = if self.unknown_stores.contains(&key.store) { "store" } else { "product" };
        let of = what.to_owned();
        let field = match field.as_slice() {
            // A document has one store for all its lines.
            [input, list, ..] if list == "lines" && what == "store" => vec![input.clone(), of],
            [input, list, nth, ..] if ["lines", "changes", "items"].contains(&list.as_str()) => {
                vec![input.clone(), list.clone(), nth.clone(), of]
            }
            _ => field.clone(),
        };
        Rejection::not_found(what, field)
    }

    /// Brings the state forward by an accepted decision.
    pub fn evolve(&mut self, decision: &StockDecision) {
        for level in &decision.levels {
            self.levels.insert(level.key, level.clone());
        }
        for reservation in &decision.reservations {
            self.reservations.insert(reservation.id, reservation.clone());
        }
        for lot in &decision.lots {
            self.lots.add(lot.clone());
        }
        self.lots.levels.extend(decision.lot_levels.iter().map(|level| ((level.key, level.lot), *level)));
        self.lots.asides.extend(decision.asides.iter().copied());
        self.reversed.extend(decision.movements.iter().filter_map(|m| m.reverses));
    }
}
