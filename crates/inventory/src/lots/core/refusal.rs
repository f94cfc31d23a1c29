//! What commands on lots refuse. `objects/src/stock/wording.rs` gives each its code and words.

use entity::prelude::*;

use crate::stock::core::{RoomRefusal, Stage};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    // Of a new lot.
    NotTracked {
        sku: String,
    },
    ProductArchived {
        sku: String,
    },
    CodeTaken {
        sku: String,
    },

    // Of what is done to a lot.
    /// The lot's status does not allow the step.
    Status(LotStatus),
    /// Nothing leaves, so nothing was not there.
    NoDiscrepancy,
    /// Some of it came to another store meanwhile.
    CameElsewhere,

    // Of stock that is moved between what can be sold and what is set aside.
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
