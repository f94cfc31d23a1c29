//! What is refused of blanket orders, and of purchase orders that call off from them.

use entity::prelude::*;

use super::{blanket::CallOffTerms, refusal::Refusal};
use crate::stock::core::{At, Rejection, RoomRefusal, Stage};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlanketRefusal {
    /// The state does not allow the step.
    Status(BlanketOrderStatus),
    /// A key makes nothing binding.
    PersonActivates,
    /// Who wrote or changed it activates nothing above this limit.
    AboveLimit(Money),
    /// It was changed since it was written, and above the limit the version that was seen must be named.
    VersionUnsaid,
    /// Its last day comes before its first.
    Backwards,
    /// Its last day has gone by.
    IsOver {
        to: i32,
    },
    /// A product stands in an earlier line.
    ProductTwice {
        sku: String,
    },

    /// A minimum or a multiple of call-offs is not between 1 and the agreed quantity.
    TermsOutside {
        agreed: Quantity,
    },

    // Of call-offs.
    /// In this state nothing more is called off.
    TakesNone(BlanketOrderStatus),
    /// Call-offs are of other days.
    OutsideValidity {
        from: i32,
        to: i32,
    },
    OtherSupplier,
    OtherCurrency {
        agreed: Currency,
    },
    /// The product is none of the blanket order's.
    NotAgreed {
        sku: String,
    },
    OtherPrice {
        sku: String,
        agreed: Money,
    },
    /// One purchase order calls off as is agreed, or all that is left.
    AgainstTerms {
        sku: String,
        terms: CallOffTerms,
        left: Quantity,
    },
    /// So much can still be called off, which may be nothing.
    LeftOnly {
        sku: String,
        left: Quantity,
    },
}

impl BlanketRefusal {
    pub(super) const fn stage(&self) -> Stage {
        match self {
            Self::Status(_)
            | Self::PersonActivates
            | Self::AboveLimit(_)
            | Self::IsOver { .. }
            | Self::TakesNone(_)
            | Self::OutsideValidity { .. }
            | Self::AgainstTerms { .. }
            | Self::LeftOnly { .. } => Stage::State,
            _ => Stage::Values,
        }
    }
    pub fn at(self, at: At) -> Rejection {
        Refusal::Blanket(self).at(at)
    }
}
