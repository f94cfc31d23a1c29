//! What a batch has loaded and locked, brought forward by each accepted command.

use std::collections::{HashMap, HashSet};

use entity::prelude::*;

use super::{
    draft::StockDecision,
    level::{Level, LevelKey},
    lot::LotBook,
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
            reservations: HashMap::new(),
            reversed: HashSet::new(),
            lots: LotBook::default(),
        }
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
