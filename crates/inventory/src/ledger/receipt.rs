//! Receipts of commands, and the part of them that is stored.

use entity::prelude::*;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{decision::Decision, parts::Parts, registry::Documents};
use crate::stock::core::{Level, Lot, Movement, Reservation, find_command_movement};

/// Result of an accepted command.
#[derive(Debug, Default)]
pub struct Receipt {
    /// The last event's number; None if nothing was written.
    pub seq: Option<i64>,
    pub movements: Vec<Movement>,
    /// The changed levels, after the command.
    pub levels: Vec<Level>,
    pub reservations: Vec<Reservation>,
    /// The lots that the command created, changed or moved, after it.
    pub lots: Vec<Lot>,
    /// The lot that the command created or changed.
    pub lot: Option<LotId>,
    /// Changes of documents: the decision of each kind that the command changed.
    pub documents: Parts,
    /// The stored result of an earlier call with the same key: only `stored` and `seq` are set.
    pub stored: Option<StoredReceipt>,
}

/// Part of a receipt that is stored under its idempotency key, enough to rebuild the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredReceipt {
    pub seq: Option<i64>,
    /// The command's own movement. Receipts of earlier versions of Entrepot name what keeps a count, where there was such a movement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub movement: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reservations: Vec<ReservationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotId>,
    /// The fields of documents, which each kind reads itself.
    #[serde(flatten)]
    documents: Map<String, Value>,
}

impl Receipt {
    pub(super) fn of(decision: Decision) -> Self {
        Self {
            seq: decision.last_seq(),
            movements: decision.stock.movements,
            levels: decision.stock.levels,
            reservations: decision.stock.reservations,
            lot: decision.stock.changed_lots.first().copied(),
            lots: decision.stock.lots,
            documents: decision.documents,
            stored: None,
        }
    }
    /// The command's own movement.
    pub fn take_movement(&mut self) -> Option<Movement> {
        find_command_movement(&self.movements).map(|nth| self.movements.swap_remove(nth))
    }
    pub(super) fn to_stored(&self, documents: &Documents) -> StoredReceipt {
        let documents = documents.stored_part(&self.documents);
        StoredReceipt { lot: self.lot, documents, ..StoredReceipt::of(self.seq, &self.movements, &self.reservations) }
    }
}

impl StoredReceipt {
    fn of(seq: Option<i64>, movements: &[Movement], reservations: &[Reservation]) -> Self {
        Self {
            seq,
            movement: find_command_movement(movements).map(|nth| movements[nth].seq),
            reservations: reservations.iter().map(|reservation| reservation.id).collect(),
            lot: None,
            documents: Map::new(),
        }
    }
    pub(super) fn of_decision(decision: &Decision, documents: &Documents) -> Self {
        let stock = &decision.stock;
        let lot = stock.changed_lots.first().copied();
        let documents = documents.stored_part(&decision.documents);
        Self { lot, documents, ..Self::of(decision.last_seq(), &stock.movements, &stock.reservations) }
    }
    /// Returns the stored part of a kind of document.
    ///
    /// # Errors
    /// A field of it has another form.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_value(Value::Object(self.documents.clone()))
    }
    /// Returns the part, or its default if it cannot be read.
    pub fn part<T: DeserializeOwned + Default>(&self) -> T {
        self.read().unwrap_or_default()
    }
}

pub fn replay_receipt(stored: StoredReceipt) -> Receipt {
    Receipt { seq: stored.seq, stored: Some(stored), ..Receipt::default() }
}
