//! What transfers refuse. `objects/src/transfers/refusal.rs` gives each its code and words.

use entity::prelude::*;

use crate::stock::core::{RoomRefusal, Stage};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The state does not allow the step.
    Status(TransferStatus),
    /// What has left changes in its day and note alone.
    HasLeft(TransferStatus),
    /// Lines whose stock is held are changed by who may ship in the sender's store.
    SendersOnly,

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
    /// Its metadata is no JSON object.
    NoObject,
    MetadataTooLarge {
        most_bytes: usize,
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
        match self {
            Self::Status(_) | Self::HasLeft(_) | Self::SendersOnly | Self::ReferenceTaken { .. } => Stage::State,
            _ => Stage::Values,
        }
    }
}
