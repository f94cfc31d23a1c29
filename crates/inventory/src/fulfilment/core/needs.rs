//! What commands need of works besides stock and orders.

use std::collections::BTreeSet;

use entity::prelude::*;

#[derive(Debug, Default)]
pub struct WorkNeeds {
    /// Orders whose works are loaded.
    pub orders: BTreeSet<OrderId>,
    /// Those of them whose holds are all loaded too: their works follow what commands decide.
    pub followed: BTreeSet<OrderId>,
    /// Orders of which it must be known which stores have refused lines.
    pub barred: BTreeSet<OrderId>,
    /// Orders of whose parcels the carriers are known.
    pub labels: BTreeSet<OrderId>,
    pub fulfilments: BTreeSet<FulfilmentId>,
    pub carriers: BTreeSet<CarrierId>,
    /// Lots of which it must be known how much parcels have by their names.
    pub lots: BTreeSet<LotId>,
}
