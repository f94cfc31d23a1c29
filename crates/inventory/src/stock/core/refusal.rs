//! Refusals by stock itself. `objects/src/stock/rejection_messages.rs` gives each its code and
//! words.

use entity::prelude::*;

use super::{movement::ReferenceKind, stage::Stage};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    // Refusals of the input.
    NoChanges,
    NoItems,
    NoReservations,
    /// A change of 0 has no meaning.
    ChangeOfNothing,
    /// Movements of this kind only increase stock.
    BringsIn(MovementKind),
    /// Movements of this kind only reduce stock.
    TakesOut(MovementKind),
    NotPositive,
    NegativeStock,
    NegativeCost,
    /// A product and store occur twice.
    LevelTwice,
    /// The line's value exceeds the exact range.
    LineTooLarge,
    /// There is no rate from the currency of a cost to that of the books on the movement's day
    /// (days since 1970-01-01).
    RateMissing {
        from: Currency,
        to: Currency,
        day: i32,
    },

    // Refusals of the time.
    Ahead,
    TooEarly,

    // Refusals of the product, store, quantity or movement.
    Kit {
        sku: String,
    },
    Untracked {
        sku: String,
    },
    ProductArchived {
        sku: String,
    },
    StoreArchived,
    StockTooLarge,
    NoMovement,
    TooManyEntries {
        most: u16,
    },

    // Reversals.
    AlreadyReversed,
    /// The movement preserves a count's result.
    KeepsCount,
    OfDocument(ReferenceKind),
    NotReversible(MovementKind),
    NoEntries,

    // Reservations.
    HeldForOrder,
    HeldForDocument,
    ReservationEnded(ReservationStatus),
    TtlOutOfRange {
        least: i64,
        most: i64,
    },

    Lot(LotRefusal),
}

/// Refusal because of a lot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LotRefusal {
    /// A lot is named for a product that is not kept by lots.
    NotTracked {
        sku: String,
    },
    /// A line that comes in names no lot.
    Unsaid {
        sku: String,
        tracking: Tracking,
    },
    /// More than one unit of a serial number.
    SerialNotOne,
    SerialInStock {
        code: String,
    },
    SerialUnderWay {
        code: String,
    },
    OtherDates {
        code: String,
    },
    ExpiresBeforeMade,
    Expired {
        code: String,
        way: ExpiredWay,
    },
    /// No units of the lot are made available while it is in this condition.
    Blocked {
        code: String,
        why: Condition,
    },
    /// Like `Blocked`, for units that a reversal would bring in.
    BlockedForReversal {
        code: String,
        why: Condition,
    },
    /// No units of the lot may become available: it has this status.
    NotAvailable {
        code: String,
        status: LotStatus,
    },
    /// A discrepancy cannot name a lot that was not on record.
    NotOnRecord {
        sku: String,
    },
}

/// Way to handle a lot past its date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpiredWay {
    /// The requested units are unavailable.
    SetAside,
    /// It may only be sold with `stock.override`.
    Override,
}

impl Refusal {
    /// Returns the stage in which it is reported.
    pub const fn stage(&self) -> Stage {
        match self {
            Self::ProductArchived { .. }
            | Self::StoreArchived
            | Self::AlreadyReversed
            | Self::KeepsCount
            | Self::OfDocument(_)
            | Self::NotReversible(_)
            | Self::NoEntries
            | Self::HeldForOrder
            | Self::HeldForDocument
            | Self::ReservationEnded(_)
            | Self::RateMissing { .. } => Stage::State,
            Self::Lot(lot_refusal) => lot_refusal.stage(),
            _ => Stage::Values,
        }
    }
}

impl LotRefusal {
    const fn stage(&self) -> Stage {
        match self {
            Self::SerialInStock { .. }
            | Self::SerialUnderWay { .. }
            | Self::Expired { .. }
            | Self::Blocked { .. }
            | Self::BlockedForReversal { .. }
            | Self::NotAvailable { .. } => Stage::State,
            _ => Stage::Values,
        }
    }
}
