//! What a batch needs loaded.

use std::collections::BTreeSet;

use entity::prelude::*;

use super::parts::Parts;
use crate::stock::core::{LevelKey, LotsWanted, Shortage};

/// What must be loaded and locked before the commands of a batch can be decided.
#[derive(Debug, Default)]
pub struct Needs {
    pub levels: BTreeSet<LevelKey>,
    pub reservations: BTreeSet<ReservationId>,
    /// What orders, and documents that are not orders, hold.
    pub held_by_orders: BTreeSet<OrderId>,
    pub held_for: BTreeSet<ReferenceId>,
    /// Levels whose holds may have to give way.
    pub holds_on: BTreeSet<LevelKey>,
    pub reversals: BTreeSet<MovementId>,
    /// Lots that are named, and what is asked of them; what lies at a level that is kept by lots is loaded with it.
    pub lots: LotsWanted,
    /// What each kind of document needs besides.
    pub documents: Parts,
}

impl Needs {
    /// Whether stock is asked for that changes from command to command besides levels: that is read under a lock.
    pub(super) fn needs_locks(&self) -> bool {
        !(self.reservations.is_empty()
            && self.held_by_orders.is_empty()
            && self.held_for.is_empty()
            && self.holds_on.is_empty()
            && self.reversals.is_empty()
            && self.lots.is_empty())
    }
    /// What is held on a command's own levels gives way to it, where its policy says so.
    pub fn shortage<'a>(&mut self, policy: Shortage, levels: impl IntoIterator<Item = &'a LevelKey>) {
        if policy == Shortage::Shorten {
            self.holds_on.extend(levels);
        }
    }
}
