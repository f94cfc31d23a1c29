//! Reasons to refuse a command on lots. `objects/src/stock/rejection_messages.rs` gives each its
//! code and words.

use entity::prelude::*;

use crate::stock::core::{RoomRefusal, Stage};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    // Refusals of a new lot.
    NotTracked {
        sku: String,
    },
    ProductArchived {
        sku: String,
    },
    CodeTaken {
        sku: String,
    },

    // Refusals of an action on a lot.
    /// The lot's status does not allow the step.
    Status(LotStatus),
    /// No unit leaves the stock, so none can be missing.
    NoDiscrepancy,
    /// Some units of the lot came to another store meanwhile.
    CameElsewhere,

    // Refusals of moves between available and unavailable stock.
    NoItems,
    WayClosed,
    NotPositive,
    /// The lot may not be sold for this reason.
    Blocked {
        code: String,
        why: Condition,
    },
}
impl RoomRefusal for Refusal {
    fn stage(&self) -> Stage {
        match self {
            Self::ProductArchived { .. }
            | Self::CodeTaken { .. }
            | Self::Status(_)
            | Self::CameElsewhere
            | Self::Blocked { .. } => Stage::State,
            _ => Stage::Values,
        }
    }
}
