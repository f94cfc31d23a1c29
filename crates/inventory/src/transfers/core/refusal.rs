//! What transfers refuse. `api/src/transfers/refusal.rs` gives each its code and words.

use entity::prelude::*;

use crate::stock::core::{RoomRefusal, Stage};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The state does not allow the step.
    Status(TransferStatus),

    // Of what is planned.
    SameStore,
    NoLines,
    TooManyLines {
        most: usize,
    },
    /// Every line was taken off.
    Emptied,
    ProductTwice,
    NotPositive,
    NegativeQuantity,
    ReferenceTaken {
        reference: String,
    },

    // Of goods that leave or arrive.
    NothingNamed,
    LineTwice,
    /// Of a line at most so much, which may be nothing.
    LineUpTo {
        most: i64,
    },
    NothingLeaves,
    ArrivesBeforeItLeft,

    // Of their lots.
    NotTracked {
        sku: String,
    },
    LotTwice,
    /// Of a lot at most so much is under way, which may be nothing.
    LotUpTo {
        most: i64,
    },
    LotsSum {
        quantity: i64,
        sum: i128,
    },
}
impl RoomRefusal for Refusal {
    fn stage(&self) -> Stage {
        if matches!(self, Self::Status(_) | Self::ReferenceTaken { .. }) { Stage::State } else { Stage::Values }
    }
}
