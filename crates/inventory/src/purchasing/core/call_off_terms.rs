//! Terms of call-offs: the minimum and the multiple of one purchase order's quantity of a product.

use entity::prelude::*;

/// Minimum and multiple of the quantity that one purchase order calls off of a product; `None` is
/// no restriction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallOffTerms {
    pub minimum: Option<Quantity>,
    pub multiple: Option<Quantity>,
}

impl CallOffTerms {
    /// True if `quantity` may be called off at once while `remaining` is left: all of the rest is always
    /// allowed.
    pub(super) fn allows(self, quantity: i64, remaining: i64) -> bool {
        let is_enough = self.minimum.is_none_or(|minimum| quantity >= minimum.get());
        let is_whole = self.multiple.is_none_or(|multiple| quantity % multiple.get() == 0);
        quantity == remaining || (is_enough && is_whole)
    }
}
