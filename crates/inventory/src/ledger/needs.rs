//! Rows that a batch needs loaded.

use std::collections::BTreeSet;

use entity::prelude::*;

use super::parts::Parts;
use crate::stock::core::{LevelKey, LotRequest, Shortage};

/// Rows that must be loaded and locked before the commands of a batch are decided.
#[derive(Debug, Default)]
pub struct Needs {
    pub levels: BTreeSet<LevelKey>,
    pub reservations: BTreeSet<ReservationId>,
    /// Orders, and other documents, whose reservations are loaded.
    pub held_by_orders: BTreeSet<OrderId>,
    pub held_for: BTreeSet<ReferenceId>,
    /// Levels whose reservations may have to give way.
    pub holds_on: BTreeSet<LevelKey>,
    pub reversals: BTreeSet<MovementId>,
    /// Named lots, and the facts that they need; the lots of levels whose products have lots are
    /// loaded with the levels.
    pub lots: LotRequest,
    /// Further needs, by kind of document.
    pub documents: Parts,
}

impl Needs {
    /// True if the commands need stock rows, besides levels, that change from command to command:
    /// those are read under a lock.
    pub(super) fn needs_locks(&self) -> bool {
        !(self.reservations.is_empty()
            && self.held_by_orders.is_empty()
            && self.held_for.is_empty()
            && self.holds_on.is_empty()
            && self.reversals.is_empty()
            && self.lots.is_empty())
    }
    /// Adds the holds on a command's own levels if its shortage policy lets it shorten them.
    pub fn shortage<'a>(&mut self, policy: Shortage, levels: impl IntoIterator<Item = &'a LevelKey>) {
        if policy == Shortage::Shorten {
            self.holds_on.extend(levels);
        }
    }
}
