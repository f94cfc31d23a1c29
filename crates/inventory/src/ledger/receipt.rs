//! What comes back from the ledger, and what is kept of it.

use entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::decision::Decision;
use crate::{
    counts::core::Count,
    orders::core::{Order, Return},
    purchasing::core::{PurchaseOrder, SupplierReturn},
    stock::core::{Level, Lot, Movement, Reservation, own_movement},
    transfers::core::Transfer,
};

/// What an accepted command did.
#[derive(Debug, Clone, Default)]
pub struct Receipt {
    /// The last event's number; None when nothing was written.
    pub seq: Option<i64>,
    pub movements: Vec<Movement>,
    /// The levels it changed, as they are after it.
    pub levels: Vec<Level>,
    pub reservations: Vec<Reservation>,
    pub orders: Vec<Order>,
    pub returns: Vec<Return>,
    /// The lots that it made, changed or moved, as they are after it.
    pub lots: Vec<Lot>,
    /// The lot that it made or changed.
    pub lot: Option<LotId>,
    pub transfer: Option<Transfer>,
    pub count: Option<Count>,
    pub purchases: Vec<PurchaseOrder>,
    pub supplier_returns: Vec<SupplierReturn>,
    /// The stored result of an earlier call with the same key: only `stored` and `seq` are set.
    pub stored: Option<StoredReceipt>,
}

/// What is kept of a receipt under its idempotency key, enough to build the answer again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredReceipt {
    pub seq: Option<i64>,
    /// The command's own movement. Receipts of earlier versions of Entrepot name what keeps a count, where there was such a movement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub movement: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reservations: Vec<ReservationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ret: Option<ReturnId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<TransferId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<CountId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purchases: Vec<PurchaseOrderId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supplier_return: Option<SupplierReturnId>,
}

impl Receipt {
    pub(super) fn of(decision: Decision) -> Self {
        Self {
            seq: decision.last_seq(),
            movements: decision.stock.movements,
            levels: decision.stock.levels,
            reservations: decision.stock.reservations,
            orders: decision.orders.orders,
            returns: decision.orders.returns,
            lot: decision.stock.told_lots.first().copied(),
            lots: decision.stock.lots,
            transfer: decision.transfer.map(|one| one.transfer),
            count: decision.count.map(|one| one.count),
            purchases: decision.purchases.orders,
            supplier_returns: decision.purchases.returns,
            stored: None,
        }
    }
    /// The command's own movement.
    pub fn take_movement(&mut self) -> Option<Movement> {
        own_movement(&self.movements).map(|nth| self.movements.swap_remove(nth))
    }
    pub(super) fn stored(&self) -> StoredReceipt {
        let (transfer, count) = (self.transfer.as_ref().map(|one| one.id), self.count.as_ref().map(|one| one.id));
        let stored = StoredReceipt::of(self.seq, &self.movements, &self.reservations, &self.orders, &self.returns)
            .and_purchases(&self.purchases, &self.supplier_returns);
        StoredReceipt { lot: self.lot, transfer, count, ..stored }
    }
}

impl StoredReceipt {
    pub(super) fn of(
        seq: Option<i64>,
        movements: &[Movement],
        reservations: &[Reservation],
        orders: &[Order],
        returns: &[Return],
    ) -> Self {
        Self {
            seq,
            movement: own_movement(movements).map(|nth| movements[nth].seq),
            reservations: reservations.iter().map(|r| r.id).collect(),
            order: if returns.is_empty() { orders.first().map(|o| o.id) } else { None },
            ret: returns.first().map(|r| r.id),
            lot: None,
            transfer: None,
            count: None,
            purchases: Vec::new(),
            supplier_return: None,
        }
    }
    pub(super) fn and_purchases(mut self, orders: &[PurchaseOrder], returns: &[SupplierReturn]) -> Self {
        self.supplier_return = returns.first().map(|ret| ret.id);
        if returns.is_empty() {
            self.purchases = orders.iter().map(|order| order.id).collect();
        }
        self
    }
}
