//! What stock itself refuses. `objects/src/stock/wording.rs` gives each its code and words.

use entity::prelude::*;

use super::{
    at::At,
    movement::ReferenceKind,
    rejection::{Reason, Rejection},
    stages::Stage,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    // What is asked for.
    NoChanges,
    NoItems,
    NoReservations,
    /// A change of 0 says nothing.
    ChangeOfNothing,
    /// Movements of this kind take in only.
    BringsIn(MovementKind),
    /// Movements of this kind take out only.
    TakesOut(MovementKind),
    NotPositive,
    NegativeStock,
    NegativeCost,
    /// A product and store that occur twice.
    LevelTwice,
    /// Its worth could not be kept exactly.
    LineTooLarge,
    /// No rate leads from the currency of a cost to that of the books on the movement's day (days since 1970-01-01).
    RateMissing {
        from: Currency,
        to: Currency,
        day: i32,
    },

    // When.
    Ahead,
    TooEarly,

    // On what.
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
    /// The movement keeps what a count found.
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

/// What is refused of lots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LotRefusal {
    /// A lot is named of what is not kept by lots.
    NotTracked {
        sku: String,
    },
    /// What comes in names no lot.
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
    /// Nothing of the lot is set free while this is so.
    Blocked {
        code: String,
        why: Condition,
    },
    /// The same, of what a reversal would take in.
    BlockedForReversal {
        code: String,
        why: Condition,
    },
    /// Nothing of the lot became available: it has this status.
    NotAvailable {
        code: String,
        status: LotStatus,
    },
    /// A discrepancy cannot say which lot was not on record.
    NotOnRecord {
        sku: String,
    },
}

/// What can be done with a lot past its date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpiredWay {
    /// What is asked for was set aside.
    SetAside,
    /// Only `stock.override` sells it.
    Override,
}

impl Refusal {
    pub fn at(self, at: At) -> Rejection {
        Rejection { why: Reason::Stock(self), at }
    }
    /// When it is told.
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
            Self::Lot(why) => why.stage(),
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
    pub fn at(self, at: At) -> Rejection {
        Refusal::Lot(self).at(at)
    }
}
