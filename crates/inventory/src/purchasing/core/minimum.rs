//! Comparison of an order with its supplier's minimum order value.

use entity::prelude::*;

use super::order::PurchaseOrder;

impl PurchaseOrder {
    /// True if the goods, without charges, cost less than the minimum; false without a minimum.
    /// None if the minimum is in another currency.
    pub fn is_below(&self, minimum: Option<Money>) -> Option<bool> {
        let Some(minimum) = minimum else { return Some(false) };
        (minimum.currency == self.currency).then_some(self.goods.minor < minimum.minor)
    }
}
