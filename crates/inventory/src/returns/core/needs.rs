//! What commands on returns need besides stock and orders.

use std::collections::BTreeSet;

use entity::prelude::*;

#[derive(Debug, Default)]
pub struct ReturnNeeds {
    pub returns: BTreeSet<ReturnId>,
    /// Orders of which it matters how much came back for good.
    pub settled: BTreeSet<OrderId>,
    /// Orders that goods come back on.
    pub comes_back: BTreeSet<OrderId>,
    pub references: BTreeSet<String>,
    /// Returns that are to be opened again.
    pub reopened: BTreeSet<ReturnId>,
}

impl ReturnNeeds {
    /// A new return without a reference rests on what its orders are, and one that is closed at once on what was given back of them.
    pub fn needs_locks(&self) -> bool {
        !(self.returns.is_empty() && self.references.is_empty() && self.settled.is_empty())
    }
}
