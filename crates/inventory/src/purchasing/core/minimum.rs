//! An order beside the least that its supplier's orders come to.

use entity::prelude::*;

use super::order::PurchaseOrder;

impl PurchaseOrder {
    /// Whether its goods, without charges, come to less than the minimum; false without one. None where the minimum is in another currency.
    pub fn is_below(&self, minimum: Option<Money>) -> Option<bool> {
        let Some(minimum) = minimum else { return Some(false) };
        (minimum.currency == self.currency).then_some(self.goods.minor < minimum.minor)
    }
}
