//! What commands on orders, and on returns of orders, need besides stock.

use std::collections::BTreeSet;

use entity::prelude::*;

use crate::stock::core::LevelKey;

#[derive(Debug, Default)]
pub struct OrderNeeds {
    pub orders: BTreeSet<OrderId>,
    /// Levels of what is sold, or comes back: kits among them stand for what they are made of.
    pub goods: BTreeSet<LevelKey>,
    pub channels: BTreeSet<ChannelId>,
    pub customers: BTreeSet<CustomerId>,
    /// Stores of orders that name no product, and so no level that knows its store.
    pub stores: BTreeSet<StoreId>,
    pub order_refs: BTreeSet<String>,
    /// Orders that go to another channel, where their references are to be free, too.
    pub rechannelled: BTreeSet<OrderId>,
    /// Drafts of which is said anew how they will look for their stock.
    pub resourced: BTreeSet<OrderId>,
    /// Orders of which the holds that stand are asked for.
    pub holds: BTreeSet<OrderId>,
    /// Whether an order is confirmed, changed or paid, which the rules that set holds are asked about.
    pub hold_rules: bool,
    /// Those of them that exist.
    pub judged: BTreeSet<OrderId>,
    /// Orders of which is asked, or changed, what they say beside their lines.
    pub details: BTreeSet<OrderId>,
    /// Orders of which is asked how much is invoiced.
    pub invoiced: BTreeSet<OrderId>,
    /// Where orders leave from besides their own stores, or go to: what they have there is looked at, too.
    pub leaves_from: BTreeSet<(OrderId, StoreId)>,
}

impl OrderNeeds {
    /// New orders rest on names alone.
    pub fn needs_locks(&self) -> bool {
        !self.orders.is_empty()
    }
}
