//! Reasons to refuse a step of a transfer. `objects/src/transfers/refusal.rs` gives each its code
//! and words.

use entity::prelude::*;

use crate::stock::core::{RoomRefusal, Stage};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The state does not allow the step.
    Status(TransferStatus),
    /// Once goods have left, only the expected day and the note may change.
    HasLeft(TransferStatus),
    /// Changing lines of a READY transfer needs the right to ship in the sender's store.
    SendersOnly,

    // Refusals of planned lines.
    SameStore,
    NoLines,
    TooManyLines {
        most: usize,
    },
    /// Every line would be removed.
    Emptied,
    ProductTwice,
    NotPositive,
    NegativeQuantity,
    ReferenceTaken {
        reference: String,
    },
    /// The metadata is no JSON object.
    NoObject,
    MetadataTooLarge {
        most_bytes: usize,
    },

    // Refusals of goods that leave or arrive.
    NothingNamed,
    LineTwice,
    /// The most that the line can have; it may be 0.
    LineUpTo {
        most: i64,
    },
    NothingLeaves,
    ArrivesBeforeItLeft,

    // Refusals of their lots.
    NotTracked {
        sku: String,
    },
    LotTwice,
    /// Units of the lot in transit; it may be 0.
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
        match self {
            Self::Status(_) | Self::HasLeft(_) | Self::SendersOnly | Self::ReferenceTaken { .. } => Stage::State,
            _ => Stage::Values,
        }
    }
}
