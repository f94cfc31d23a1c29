//! Reasons to refuse a step of a blanket order, or of a purchase order that calls off from one.

use entity::prelude::*;

use super::call_off_terms::CallOffTerms;
use crate::stock::core::Stage;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlanketRefusal {
    /// The state does not allow the step.
    Status(BlanketOrderStatus),
    /// API keys must not activate a blanket order; a person must.
    PersonActivates,
    /// An actor who wrote or changed it may not activate it above this limit.
    AboveLimit(Money),
    /// The draft was changed after its creation, and above the limit the call must name the version
    /// that the caller saw.
    VersionUnsaid,
    /// The last day is before the first.
    Backwards,
    /// The last day has passed.
    IsOver {
        to: i32,
    },
    /// An earlier line has the product.
    ProductTwice {
        sku: String,
    },

    /// A minimum or a multiple of call-offs is not between 1 and the agreed quantity.
    TermsOutside {
        agreed: Quantity,
    },

    // Refusals of call-offs.
    /// The blanket order's state allows no call-offs.
    TakesNone(BlanketOrderStatus),
    /// Call-offs are permitted only on these days.
    OutsideValidity {
        from: i32,
        to: i32,
    },
    OtherSupplier,
    OtherCurrency {
        agreed: Currency,
    },
    /// The blanket order does not have the product.
    NotAgreed {
        sku: String,
    },
    OtherPrice {
        sku: String,
        agreed: Money,
    },
    /// One purchase order must call off by the agreed terms, or all that is left.
    AgainstTerms {
        sku: String,
        terms: CallOffTerms,
        left: Quantity,
    },
    /// Quantity that can still be called off; it may be zero.
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
}
