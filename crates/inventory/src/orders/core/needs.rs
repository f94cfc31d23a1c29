//! Rows that commands on orders, and on returns of orders, need besides stock.

use std::collections::BTreeSet;

use entity::prelude::*;

use crate::stock::core::LevelKey;

#[derive(Debug, Default)]
pub struct OrderNeeds {
    pub orders: BTreeSet<OrderId>,
    /// Levels of products that are sold or returned: kits among them stand for their parts.
    pub goods: BTreeSet<LevelKey>,
    pub channels: BTreeSet<ChannelId>,
    pub customers: BTreeSet<CustomerId>,
    /// Stores of orders without products, which have no level with the store's facts.
    pub stores: BTreeSet<StoreId>,
    pub order_refs: BTreeSet<String>,
    /// Orders that move to another channel, where their references must be free.
    pub rechannelled: BTreeSet<OrderId>,
    /// Drafts whose sourcing is changed.
    pub resourced: BTreeSet<OrderId>,
    /// Orders whose holds are needed.
    pub holds: BTreeSet<OrderId>,
    /// True if an order is confirmed, changed or paid, so that the rules that set holds apply.
    pub hold_rules: bool,
    /// Existing orders that the rules apply to.
    pub judged: BTreeSet<OrderId>,
    /// Orders whose details are read or changed.
    pub details: BTreeSet<OrderId>,
    /// Orders whose invoiced quantities are needed.
    pub invoiced: BTreeSet<OrderId>,
    /// Stores that orders leave from besides their own, or are moved to; the levels of their
    /// products there are loaded too.
    pub leaves_from: BTreeSet<(OrderId, StoreId)>,
}

impl OrderNeeds {
    /// New orders depend on names only.
    pub fn needs_locks(&self) -> bool {
        !self.orders.is_empty()
    }
}
