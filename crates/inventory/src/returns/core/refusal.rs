//! What returns refuse besides what lines of orders do. `objects/src/returns/refusal.rs` gives each its code and words.

use entity::prelude::*;

use crate::stock::core::{RoomRefusal, Stage};

/// What is refused of a return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReturnRefusal {
    ReferenceTaken {
        reference: String,
    },
    NoLines,
    ProductUnnamed,
    OtherCurrency,
    RefundTooLarge,
    /// Kits come back at once.
    KitLater {
        sku: String,
    },
    ProductArchived {
        sku: String,
    },

    // Of the order lines that a line goes back on.
    LineOrPieces,
    /// A key of a channel takes back what that channel sold.
    NoOrderLine,
    PiecesNotWhole,
    PieceTwice,
    OtherProduct,
    /// It was sold in this currency.
    SoldIn(Currency),
    PiecesOfCurrencies,
    PiecesOfUnits,
    ReturnableUpTo {
        most: i64,
    },
    PiecesAboveLine,
    SerialLeftElsewhere {
        code: String,
    },
    /// No lot is named, and these can come back.
    SeveralLots {
        sku: String,
        tracking: Tracking,
        codes: Vec<String>,
    },
}
impl RoomRefusal for ReturnRefusal {
    fn stage(&self) -> Stage {
        match self {
            Self::ReferenceTaken { .. } | Self::ProductArchived { .. } | Self::SerialLeftElsewhere { .. } => Stage::State,
            _ => Stage::Values,
        }
    }
}

/// What is refused of a step of a return that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReturnStepRefusal {
    /// The step is not open in this state.
    Status(ReturnStatus),

    // Of what has come.
    NothingNamed,
    ChargeDoesNotCome,
    /// None of it is awaited where this is 0 or less.
    AwaitedUpTo {
        most: i64,
    },
    NotByLots,
    NothingCame,

    // Of what was looked at.
    SeenBeforeItCame,
    NothingToLookAt,
    NothingSeenNamed,
    /// None of it is left where this is 0 or less.
    UnseenUpTo {
        sku: String,
        most: i64,
    },
    CameInNoLot,
    UnseenOfLot {
        quantity: i64,
    },

    // Of what is given back.
    RefundIn(Currency),
    RefundUpTo(Money),
}
impl RoomRefusal for ReturnStepRefusal {
    fn stage(&self) -> Stage {
        match self {
            Self::Status(_) | Self::NothingCame | Self::NothingToLookAt => Stage::State,
            _ => Stage::Values,
        }
    }
}
