//! Rows of works that commands need besides stock and orders.

use std::collections::BTreeSet;

use entity::prelude::*;

#[derive(Debug, Default)]
pub struct WorkNeeds {
    /// Orders whose works are loaded.
    pub orders: BTreeSet<OrderId>,
    /// Orders whose reservations are loaded too: their works follow the commands' decisions.
    pub followed: BTreeSet<OrderId>,
    /// Orders whose refusals by stores are needed.
    pub barred: BTreeSet<OrderId>,
    /// Orders whose parcels' carriers are needed.
    pub labels: BTreeSet<OrderId>,
    pub fulfilments: BTreeSet<FulfilmentId>,
    pub carriers: BTreeSet<CarrierId>,
    /// Lots whose quantities in parcels that name them are needed.
    pub lots: BTreeSet<LotId>,
}
