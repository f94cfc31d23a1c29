//! What purchase orders and returns to suppliers refuse. `objects/src/purchasing/refusal.rs` gives each its code and words.

use entity::prelude::*;

use super::{blanket_refusal::BlanketRefusal, create::Prices, fixed_rate::FixedRateRefusal};
use crate::stock::core::{At, Rejection, RoomRefusal, Stage};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    // Of the order as a whole.
    /// The state does not allow the step.
    Status(PurchaseOrderStatus),
    /// The step has a command of its own.
    OtherCommand,
    /// A key decides nothing.
    PersonDecides,
    /// Who wrote it or asks for it approves nothing above this limit.
    AboveLimit(Money),
    ReferenceTaken {
        reference: String,
    },
    TooLarge,
    PercentUpTo {
        most: i32,
    },
    /// It has so many receipts, discrepancies or revisions.
    TooOften {
        most: u16,
    },

    /// Of a rate that is agreed.
    FixedRate(FixedRateRefusal),

    // Of its lines.
    NoLines,
    NotPositive,
    NegativeWeight,
    NegativeCost,
    LineTooLarge,
    /// Nothing says what the product costs.
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

    /// Of an order that is with its supplier.
    Amend(AmendRefusal),
    /// Of a blanket order, or of an order that calls off from one.
    Blanket(BlanketRefusal),

    // Of its charges.
    /// A deposit in another currency than the order.
    ChargeIn {
        order: Currency,
    },
    AmountNotPositive,
    /// A deposit is with the supplier of the goods.
    DepositElsewhere,
    NothingToSpreadBy(ChargeBasis),
    /// The books are in another currency than charges of the order were converted into.
    ChargesInOtherBooks {
        kept: Currency,
        books: Currency,
    },

    // Of deliveries.
    NothingReceived,
    /// The order has no line at all.
    Lineless,
    LineTwice,
    NegativeQuantity,
    /// Of a line at most so much can be received, which may be nothing.
    LineUpTo {
        sku: String,
        most: i64,
    },
    ReceiptTooLarge,
    /// No rate joins the currency of the order, or of a charge, and that of the books on the day (days since 1970-01-01).
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
        /// Of the lots: sound goods, and damaged ones.
        sums: (i128, i128),
    },

    // Of returns.
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
            Self::Amend(why) => why.stage(),
            Self::Blanket(why) => why.stage(),
            _ => Stage::Values,
        }
    }
}

/// What is refused of changes and confirmations of an order that is with its supplier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AmendRefusal {
    /// A line that was cancelled does not change any more.
    LineCancelled {
        sku: String,
    },
    /// What has come of a line keeps it from being cancelled.
    LineReceived {
        sku: String,
        received: Quantity,
    },
    /// A quantity below what has come of the line; 0 where nothing has.
    QuantityFrom {
        sku: String,
        received: Quantity,
    },
    /// All of the line has come.
    NothingToCome {
        sku: String,
    },
    /// A confirmation of less than has come, or more than may.
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
    /// It would cost more than was approved, and the caller approves nothing.
    RaiseNeedsApprover,
    /// It would cost more than was approved, and more than one person decides.
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
