//! The documents that a batch has loaded, and the accepted decisions on them.

use std::collections::{HashMap, HashSet};

use entity::prelude::*;

use super::{
    blanket::{BlanketAction, BlanketOrder, ProductFacts},
    blanket_refusal::BlanketRefusal,
    document_event::DocumentEvent,
    order::{Discrepancy, PurchaseOrder},
    receipt::{GoodsReceipt, ReversedReceiptLine},
    states::{Action, is_action_allowed},
    supplier_return::{ReversedReturnLine, SupplierReturn},
};
use crate::stock::core::{At, Field, Noun, Rejection};

/// The documents that a batch has loaded and locked.
#[derive(Debug, Clone, Default)]
pub struct PurchaseBook {
    pub orders: HashMap<PurchaseOrderId, PurchaseOrder>,
    /// Named blanket orders, and those that the orders call off from.
    pub blankets: HashMap<BlanketOrderId, BlanketOrder>,
    /// References that commands of the batch set and that an order of the supplier has already.
    pub taken_refs: HashSet<(SupplierId, String)>,
    /// Archived suppliers among those of new orders and returns.
    pub archived: HashMap<SupplierId, Timestamp>,
    /// Products of the lines that commands write on blanket orders.
    pub agreed: HashMap<ProductId, ProductFacts>,
}

/// Rows and events of an accepted command on these documents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PurchaseDecision {
    pub orders: Vec<PurchaseOrder>,
    pub receipts: Vec<GoodsReceipt>,
    pub discrepancies: Vec<Discrepancy>,
    pub returns: Vec<SupplierReturn>,
    pub blankets: Vec<BlanketOrder>,
    pub events: Vec<DocumentEvent>,
    /// Lines of receipts that something was taken back of.
    pub taken_back: Vec<ReversedReceiptLine>,
    /// Lines of returns to suppliers of which a reversal brought units back.
    pub brought_back: Vec<ReversedReturnLine>,
    /// The order before an edit, an amendment or a confirmation.
    pub before: Option<Box<PurchaseOrder>>,
}

impl PurchaseDecision {
    /// Adds the order's current status and version to each of its events: further steps of the same
    /// command follow.
    pub(super) fn stamp_state(&mut self) {
        for event in &mut self.events {
            if let DocumentEvent::Order { order, stood, .. } = event
                && let Some(changed_order) = self.orders.iter().find(|candidate| candidate.id == *order)
            {
                *stood = Some((changed_order.status(), changed_order.version));
            }
        }
    }
}

impl PurchaseBook {
    /// Applies an accepted decision to the documents.
    pub fn evolve(&mut self, decision: &PurchaseDecision) {
        for order in &decision.orders {
            self.taken_refs.extend(order.external_ref.clone().map(|reference| (order.supplier, reference)));
            self.orders.insert(order.id, order.clone());
        }
        self.blankets.extend(decision.blankets.iter().map(|blanket| (blanket.id, blanket.clone())));
    }

    /// Returns the order, if its state allows the action and its version is the expected one.
    pub fn order_for(&self, id: PurchaseOrderId, action: Action, version: Option<i64>) -> Result<PurchaseOrder, Rejection> {
        let order = self.orders.get(&id).ok_or_else(|| Rejection::not_found(Noun::PurchaseOrder, At::input(Field::Id)))?;
        if !is_action_allowed(order.status(), action) {
            return Err(order.status_refusal());
        }
        match version {
            Some(expected) if expected != order.version => Err(Rejection::stale(Noun::PurchaseOrder, id.uuid(), order.version)),
            _ => Ok(order.clone()),
        }
    }

    /// Returns the blanket order, if its state allows the action and its version is the expected
    /// one.
    pub(super) fn blanket_for(
        &self,
        id: BlanketOrderId,
        action: BlanketAction,
        version: Option<i64>,
    ) -> Result<BlanketOrder, Rejection> {
        let at = At::input(Field::Id);
        let blanket = self.blankets.get(&id).ok_or_else(|| Rejection::not_found(Noun::BlanketOrder, at))?;
        if !action.is_open(blanket.status) {
            return Err(BlanketRefusal::Status(blanket.status).at(at));
        }
        match version {
            Some(expected) if expected != blanket.version => {
                Err(Rejection::stale(Noun::BlanketOrder, id.uuid(), blanket.version))
            }
            _ => Ok(blanket.clone()),
        }
    }
}
