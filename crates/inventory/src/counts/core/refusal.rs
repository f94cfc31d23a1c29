//! Reasons to refuse a step of a count. `objects/src/counts/refusal.rs` gives each its code and
//! words.

use entity::prelude::*;

use crate::{
    ledger::DocumentNumber,
    stock::core::{RoomRefusal, Stage},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The state does not allow the step.
    Status(CountStatus),

    // Refusals of the selection that is counted.
    /// Only a count of this kind has the field.
    OfKind(CountKind),
    /// A count of this kind needs the field.
    NeededBy(CountKind),
    ReferenceTaken {
        reference: String,
    },
    /// A product that is listed twice.
    ListedTwice,
    NothingFits,
    /// The count is to start at creation, and another count that has not ended counts the product.
    CountedElsewhere {
        sku: String,
        number: DocumentNumber,
    },
    TooManyLines {
        most: usize,
    },

    // Refusals of tallies.
    NoLines,
    Ahead,
    BeforeStart,
    Negative,
    /// A product that was counted twice in one call.
    ProductTwice,
    LotTwice,
    NotTracked {
        sku: String,
    },
    SerialAboveOne,
    LotUnsaid {
        sku: String,
        tracking: Tracking,
    },

    // Refusals of submission, recounts and approval.
    Uncounted {
        lines: i64,
    },
    /// A product is named twice in a request to count again.
    RecountTwice,
    NothingToRecount,
    NothingCounted,
    /// An actor who counted may not approve a difference that has no value in this currency.
    NoValue {
        sku: String,
        currency: Currency,
    },
    /// An actor who counted may not approve differences above this limit.
    AboveLimit(Money),
}
impl RoomRefusal for Refusal {
    fn stage(&self) -> Stage {
        match self {
            Self::Status(_)
            | Self::ReferenceTaken { .. }
            | Self::NothingFits
            | Self::CountedElsewhere { .. }
            | Self::Uncounted { .. }
            | Self::NothingToRecount
            | Self::NothingCounted
            | Self::NoValue { .. }
            | Self::AboveLimit(_) => Stage::State,
            _ => Stage::Values,
        }
    }
}
