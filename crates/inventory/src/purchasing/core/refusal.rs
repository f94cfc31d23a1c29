//! Reasons to refuse a command on purchase orders and returns to suppliers.
//! `objects/src/purchasing/refusal.rs` gives each its code and words.

use entity::prelude::*;

use super::{blanket_refusal::BlanketRefusal, fixed_rate::FixedRateRefusal, new_line::Prices};
use crate::stock::core::{At, Rejection, RoomRefusal, Stage};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    // Refusals of the order as a whole.
    /// The state does not allow the step.
    Status(PurchaseOrderStatus),
    /// Another command does this step.
    OtherCommand,
    /// API keys must not decide; a person must.
    PersonDecides,
    /// An actor who wrote the order or requested the approval may not approve it above this limit.
    AboveLimit(Money),
    ReferenceTaken {
        reference: String,
    },
    TooLarge,
    PercentUpTo {
        most: i32,
    },
    /// The order has the most receipts, discrepancies or revisions.
    TooOften {
        most: u16,
    },

    /// Refusal of an agreed rate.
    FixedRate(FixedRateRefusal),

    // Refusals of its lines.
    NoLines,
    NotPositive,
    NegativeWeight,
    NegativeCost,
    LineTooLarge,
    /// The product has no cost in any source.
    NoCost {
        sku: String,
        prices: Prices,
    },
    UnitCostIn {
        given: Currency,
        order: Currency,
    },
    ListedIn {
        sku: String,
        listed: Currency,
        order: Currency,
        prices: Prices,
    },
    NoSupplier,
    SupplierArchived {
        since: Timestamp,
    },

    /// Refusal of a change or confirmation of a placed order.
    Amend(AmendRefusal),
    /// Refusal of a blanket order, or of an order that calls off from one.
    Blanket(BlanketRefusal),

    // Refusals of its charges.
    /// A deposit must be in the order's currency.
    ChargeIn {
        order: Currency,
    },
    AmountNotPositive,
    /// A deposit can only be paid to the supplier of the goods.
    DepositElsewhere,
    NothingToSpreadBy(ChargeBasis),
    /// The books are in another currency than charges of the order were converted into.
    ChargesInOtherBooks {
        kept: Currency,
        books: Currency,
    },

    // Refusals of deliveries.
    NothingReceived,
    /// The order has no lines.
    Lineless,
    LineTwice,
    NegativeQuantity,
    /// The most that the line can receive; it may be 0.
    LineUpTo {
        sku: String,
        most: i64,
    },
    ReceiptTooLarge,
    /// There is no rate from the currency of the order, or of a charge, to that of the books on the
    /// day (days since 1970-01-01).
    RateMissing {
        from: Currency,
        to: Currency,
        day: i32,
    },
    NotTracked {
        sku: String,
    },
    LotsUnsaid {
        sku: String,
        tracking: Tracking,
    },
    LotOfNothing,
    LotTwice,
    LotsSum {
        tracking: Tracking,
        quantity: Quantity,
        damaged: Quantity,
        /// Sums of the lots: sound goods, and damaged ones.
        sums: (i128, i128),
    },

    // Refusals of returns.
    OneCurrency,
    CreditTooLarge,
    NoCredit {
        sku: String,
    },
    NegativeCredit,
    OtherProduct,
    BackUpTo {
        most: i64,
    },
    /// A line names neither a product nor an order's line.
    Nameless,
}
impl RoomRefusal for Refusal {
    fn stage(&self) -> Stage {
        match self {
            Self::Status(_)
            | Self::OtherCommand
            | Self::PersonDecides
            | Self::AboveLimit(_)
            | Self::ReferenceTaken { .. }
            | Self::SupplierArchived { .. }
            | Self::Lineless
            | Self::ChargesInOtherBooks { .. }
            | Self::RateMissing { .. } => Stage::State,
            Self::Amend(refusal) => refusal.stage(),
            Self::Blanket(refusal) => refusal.stage(),
            _ => Stage::Values,
        }
    }
}

/// Reasons to refuse changes and confirmations of a placed order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AmendRefusal {
    /// A cancelled line cannot change any more.
    LineCancelled {
        sku: String,
    },
    /// A line with received units cannot be cancelled.
    LineReceived {
        sku: String,
        received: Quantity,
    },
    /// The quantity is below the received one of the line; 0 if nothing was received.
    QuantityFrom {
        sku: String,
        received: Quantity,
    },
    /// The line is received in full.
    NothingToCome {
        sku: String,
    },
    /// A confirmed quantity below the received one, or above the most that may be received.
    ConfirmFromTo {
        sku: String,
        least: Quantity,
        most: Quantity,
    },
    NothingToAmend,
    /// No line would be left.
    AllCancelled,
    LinesUpTo {
        most: usize,
    },
    /// The order would cost more than was approved, and the caller must not approve orders.
    RaiseNeedsApprover,
    /// The order would cost more than was approved, and more than one person alone may approve.
    RaiseAboveLimit(Money),
}

impl AmendRefusal {
    const fn stage(&self) -> Stage {
        match self {
            Self::LineCancelled { .. }
            | Self::LineReceived { .. }
            | Self::NothingToCome { .. }
            | Self::RaiseNeedsApprover
            | Self::RaiseAboveLimit(_) => Stage::State,
            _ => Stage::Values,
        }
    }
    pub fn at(self, at: At) -> Rejection {
        Refusal::Amend(self).at(at)
    }
}

impl BlanketRefusal {
    pub fn at(self, at: At) -> Rejection {
        Refusal::Blanket(self).at(at)
    }
}
