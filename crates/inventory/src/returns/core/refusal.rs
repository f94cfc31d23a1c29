//! Reasons to refuse a return, besides those of order lines. `objects/src/returns/refusal.rs` gives
//! each its code and words.

use entity::prelude::*;

use crate::stock::core::{RoomRefusal, Stage};

/// Reason to refuse a return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReturnRefusal {
    ReferenceTaken {
        reference: String,
    },
    NoLines,
    ProductUnnamed,
    OtherCurrency,
    RefundTooLarge,
    /// Kits must be received when the return is created.
    KitLater {
        sku: String,
    },
    ProductArchived {
        sku: String,
    },

    // Refusals of the order lines that a line goes back on.
    LineOrPieces,
    /// A channel's key must name an order line: it may only return goods that the channel sold.
    NoOrderLine,
    PiecesNotWhole,
    PieceTwice,
    OtherProduct,
    /// The product was sold in this currency.
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
    /// No lot is named, and several can come back.
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

/// Reason to refuse a step of a requested return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReturnStepRefusal {
    /// The return's state does not allow the step.
    Status(ReturnStatus),

    // Refusals of receipts.
    NothingNamed,
    ChargeDoesNotCome,
    /// If this is 0 or less, no unit is awaited.
    AwaitedUpTo {
        most: i64,
    },
    NotByLots,
    NothingCame,

    // Refusals of inspections.
    SeenBeforeItCame,
    NothingToLookAt,
    NothingSeenNamed,
    /// If this is 0 or less, no unit is left to inspect.
    UnseenUpTo {
        sku: String,
        most: i64,
    },
    CameInNoLot,
    UnseenOfLot {
        quantity: i64,
    },

    // Refusals of the refund.
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
