//! What counts refuse. `objects/src/counts/refusal.rs` gives each its code and words.

use entity::prelude::*;

use crate::{
    ledger::DocumentNumber,
    stock::core::{RoomRefusal, Stage},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The state does not allow the step.
    Status(CountStatus),

    // Of what is counted.
    /// Only a count of this kind has it.
    OfKind(CountKind),
    /// A count of this kind needs it.
    NeededBy(CountKind),
    ReferenceTaken {
        reference: String,
    },
    /// A product that is listed twice.
    ListedTwice,
    NothingFits,
    /// A count that is started as it is made, of what another one counts that has not ended.
    CountedElsewhere {
        sku: String,
        number: DocumentNumber,
    },
    TooManyLines {
        most: usize,
    },

    // Of what was found.
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

    // Of its end.
    Uncounted {
        lines: i64,
    },
    /// A product that is to be counted again twice.
    RecountTwice,
    NothingToRecount,
    NothingCounted,
    /// Who counted approves nothing that has no value in this currency.
    NoValue {
        sku: String,
        currency: Currency,
    },
    /// Who counted approves nothing above this limit.
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
