//! Rows that commands on returns need besides stock and orders.

use std::collections::BTreeSet;

use entity::prelude::*;

#[derive(Debug, Default)]
pub struct ReturnNeeds {
    pub returns: BTreeSet<ReturnId>,
    /// Orders whose settled quantities are needed.
    pub settled: BTreeSet<OrderId>,
    /// Orders of returned goods.
    pub comes_back: BTreeSet<OrderId>,
    pub references: BTreeSet<String>,
    /// Returns that are to be opened again.
    pub reopened: BTreeSet<ReturnId>,
}

impl ReturnNeeds {
    /// True unless nothing but orders is needed: a new return without a reference depends only on
    /// its orders; one that is closed at once also depends on their settled quantities.
    pub fn needs_locks(&self) -> bool {
        !(self.returns.is_empty() && self.references.is_empty() && self.settled.is_empty())
    }
}
