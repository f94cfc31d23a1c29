//! A purchase order as the rules see it, and what comes of its receipts.

use std::collections::{HashMap, HashSet};

use entity::prelude::*;

use super::{
    blanket::BlanketOrder,
    blanket_act::ProductFacts,
    carry::LandedShares,
    charge::Charge,
    correspondence::Correspondence,
    expected::{Confirmation, LeadDay},
    fixed_rate::FixedRate,
    order_state::OrderState,
    refusal::Refusal,
    returns::{BroughtBack, SupplierReturn},
    states::{Action, may},
};
use crate::purchasing::events::{BlanketOrderEvent, EventType, PurchaseOrderEvent, SupplierReturnEvent};
use crate::stock::core::{At, Field, LevelKey, Noun, Rejection, RoomRefusal};
use crate::{currency::core::FrozenRate, ledger::DocumentNumber};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurchaseOrder {
    pub id: PurchaseOrderId,
    pub number: DocumentNumber,
    pub state: OrderState,
    pub supplier: SupplierId,
    /// Where it is delivered to.
    pub store: StoreId,
    pub currency: Currency,
    /// The rate that its receipts take; None: that of their day.
    pub fixed_rate: Option<FixedRate>,
    /// The blanket order that it calls off from.
    pub blanket: Option<BlanketOrderId>,
    /// The day it is expected on, of lines that say nothing else.
    pub expected_on: Option<i32>,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    /// How much more than ordered may be received, in percent of a line.
    pub over_percent: u8,
    /// How much less than ordered still makes a line complete, in percent of it.
    pub under_percent: u8,
    /// The sum of its lines.
    pub goods: Money,
    /// The sum of its charges in its currency.
    pub charges_sum: Money,
    /// Who made it.
    pub actor: Actor,
    /// Who else has changed what is bought, or at which cost.
    pub editors: Vec<Actor>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub lines: Vec<Line>,
    pub charges: Vec<Charge>,
    /// Receipts so far.
    pub receipts: u16,
    /// Discrepancies so far.
    pub discrepancies: u16,
    /// 1 as it was ordered, +1 for each amendment since.
    pub revision: u16,
    /// When the supplier last confirmed something of it.
    pub confirmed_at: Option<Timestamp>,
    pub correspondence: Correspondence,
    pub change: Change,
}

/// What has to be written of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// All of it.
    New,
    /// Its row and the figures of its lines.
    Figures,
    /// Its row and all of its lines: those that there were, and those that came after them.
    Revised { lines: u16 },
    /// Its row; the lines and charges that it had go, and those that it has come. How many there were of both.
    Replaced { lines: u16, charges: u16 },
}

/// A line; once it is ordered, its quantity and cost change by amendments alone. `open + short` is what was ordered and has not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// 1-based.
    pub position: u16,
    pub product: ProductId,
    /// As they were when it was written.
    pub sku: String,
    pub name: String,
    pub supplier_sku: Option<String>,
    pub decimals: u8,
    pub expected_on: Option<i32>,
    /// What the whole line weighs, in any unit that all lines share.
    pub weight: Option<i64>,
    pub quantity: Quantity,
    /// The most that may be received.
    pub most: Quantity,
    /// For one whole unit.
    pub unit_cost: Money,
    /// `unit_cost × quantity`.
    pub total: Money,
    /// Its share of the order's charges.
    pub charges: Money,
    /// Its share of charges in other currencies than the order's, in minor units of the books' currency.
    pub charges_in_books: i64,
    /// What came, damaged goods included.
    pub received: Quantity,
    pub damaged: Quantity,
    /// What is still expected.
    pub open: Quantity,
    /// What will not come any more.
    pub short: Quantity,
    /// What went back to the supplier.
    pub returned: Quantity,
    /// By how much what its receipts less their reversals carry is off from what the quantity that is received would, in minor units: 0 unless something was
    /// reversed, or charges were shared out anew. The next receipt makes up for it.
    pub off: LandedShares,
    pub confirmed: Confirmation,
    /// The day that the supplier's lead time gave when it was ordered.
    pub lead: Option<LeadDay>,
    /// The order's revision that it last changed in.
    pub revision: u16,
    /// When it was given up after it was ordered: nothing of it had come.
    pub cancelled_at: Option<Timestamp>,
}

/// One delivery, as it was counted in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoodsReceipt {
    pub id: GoodsReceiptId,
    pub order: PurchaseOrderId,
    /// 1, 2, 3 … inside its order.
    pub number: u16,
    pub store: StoreId,
    /// The delivery note's number.
    pub external_ref: Option<String>,
    pub note: Option<String>,
    pub occurred_at: Timestamp,
    pub business_date: i32,
    pub actor: Actor,
    pub created_at: Timestamp,
    /// The rate to the currency of the books; None where the order is in it.
    pub rate: Option<FrozenRate>,
    pub lines: Vec<ReceiptLine>,
}

/// What came of a line, with what it cost and the charges it carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptLine {
    pub position: u16,
    /// Damaged goods included.
    pub quantity: Quantity,
    pub damaged: Quantity,
    pub goods: Money,
    pub charges: Money,
    /// Of charges in other currencies than the order's, in minor units of the books' currency.
    pub charges_in_books: i64,
    /// Goods and all charges in the currency of the books, where the order is in another.
    pub in_books: Option<Money>,
    /// What reversals took back, damaged goods included.
    pub reversed: Quantity,
    pub reversed_damaged: Quantity,
}

/// How much of a receipt's line has been taken back, once a reversal is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenBack {
    pub receipt: GoodsReceiptId,
    pub position: u16,
    pub reversed: Quantity,
    pub reversed_damaged: Quantity,
}

impl ReceiptLine {
    /// Goods and charges together, in the currency of the books; None beyond what can be kept exactly.
    pub fn landed(&self) -> Option<Money> {
        // Without a value in the books of its own, the order is in their currency.
        let own = || self.goods.checked_add(self.charges)?.checked_add(Money::new(self.charges_in_books, self.goods.currency));
        self.in_books.or_else(own)
    }
}

/// What came otherwise than it was ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discrepancy {
    pub order: PurchaseOrderId,
    /// 1, 2, 3 … inside its order.
    pub number: u16,
    pub kind: DiscrepancyKind,
    pub receipt: Option<GoodsReceiptId>,
    /// The line; None for a wrong item.
    pub position: Option<u16>,
    /// A wrong item, where it is a product of ours.
    pub product: Option<ProductId>,
    pub quantity: Quantity,
    pub note: Option<String>,
    pub noted_at: Timestamp,
}

/// The documents that a batch has loaded and locked.
#[derive(Debug, Clone, Default)]
pub struct PurchaseBook {
    pub orders: HashMap<PurchaseOrderId, PurchaseOrder>,
    /// Those that are named, and those that the orders call off from.
    pub blankets: HashMap<BlanketOrderId, BlanketOrder>,
    /// References of suppliers that an order has, of those that commands of the batch give.
    pub taken_refs: HashSet<(SupplierId, String)>,
    /// Archived suppliers, of those that new orders and returns name.
    pub archived: HashMap<SupplierId, Timestamp>,
    /// Products of the lines that commands write on blanket orders.
    pub agreed: HashMap<ProductId, ProductFacts>,
}

/// A fact about a document, for the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentEvent {
    Order {
        kind: EventType<PurchaseOrderEvent>,
        order: PurchaseOrderId,
        /// Where it stood before; None for what has just been made.
        before: Option<PurchaseOrderStatus>,
        /// Where it stood then, and its version; None where that is how the decision leaves it.
        stood: Option<(PurchaseOrderStatus, i64)>,
    },
    Return {
        kind: EventType<SupplierReturnEvent>,
        ret: SupplierReturnId,
    },
    Blanket {
        kind: EventType<BlanketOrderEvent>,
        blanket: BlanketOrderId,
        /// Where it stood before; None for what has just been made.
        before: Option<BlanketOrderStatus>,
    },
}

/// What an accepted command on these documents wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PurchaseDecision {
    pub orders: Vec<PurchaseOrder>,
    pub receipts: Vec<GoodsReceipt>,
    pub discrepancies: Vec<Discrepancy>,
    pub returns: Vec<SupplierReturn>,
    pub blankets: Vec<BlanketOrder>,
    pub events: Vec<DocumentEvent>,
    /// Lines of receipts that something was taken back of.
    pub taken_back: Vec<TakenBack>,
    /// Lines of returns to suppliers that something was brought back of.
    pub brought_back: Vec<BroughtBack>,
    /// The order as an edit, an amendment or a confirmation found it.
    pub before: Option<Box<PurchaseOrder>>,
}

impl PurchaseDecision {
    /// Notes with each event of an order where it stands now: further steps of the same command follow.
    pub(super) fn stood(&mut self) {
        for event in &mut self.events {
            if let DocumentEvent::Order { order, stood, .. } = event
                && let Some(found) = self.orders.iter().find(|one| one.id == *order)
            {
                *stood = Some((found.status(), found.version));
            }
        }
    }
}

impl PurchaseBook {
    /// Brings the documents forward by an accepted decision.
    pub fn evolve(&mut self, decision: &PurchaseDecision) {
        for order in &decision.orders {
            self.taken_refs.extend(order.external_ref.clone().map(|reference| (order.supplier, reference)));
            self.orders.insert(order.id, order.clone());
        }
        self.blankets.extend(decision.blankets.iter().map(|blanket| (blanket.id, blanket.clone())));
    }

    /// The order, in a state that the action is open in and at the version that the caller saw.
    pub fn order_for(&self, id: PurchaseOrderId, action: Action, version: Option<i64>) -> Result<PurchaseOrder, Rejection> {
        let order = self.orders.get(&id).ok_or_else(|| Rejection::not_found(Noun::PurchaseOrder, At::input(Field::Id)))?;
        if !may(order.status(), action) {
            return Err(order.not_open());
        }
        match version {
            Some(expected) if expected != order.version => Err(Rejection::stale(Noun::PurchaseOrder, id.uuid(), order.version)),
            _ => Ok(order.clone()),
        }
    }
}

impl PurchaseOrder {
    pub const fn status(&self) -> PurchaseOrderStatus {
        self.state.status()
    }
    /// The refusal of a step that its state does not allow.
    pub(super) fn not_open(&self) -> Rejection {
        Refusal::Status(self.status()).at(At::input(Field::Id))
    }
    pub fn key(&self, line: &Line) -> LevelKey {
        LevelKey { product: line.product, store: self.store }
    }
    /// Goods and charges in its currency. None beyond what can be kept exactly.
    pub fn total(&self) -> Option<Money> {
        self.goods.checked_add(self.charges_sum)
    }
    pub fn line_id(&self, position: u16) -> PurchaseOrderLineId {
        self.id.line(position)
    }
    /// Whether somebody else than this one must approve it: above the limit whoever had a hand in what it buys, or asked for it, does not. An order in a
    /// currency that the limit is not in cannot be compared, and counts as above it.
    pub fn needs_another(&self, approver: Actor, limit: Option<Money>) -> bool {
        let is_requester = self.state.stage().request().is_some_and(|request| request.by == approver);
        let is_own = self.actor == approver || is_requester || self.editors.contains(&approver);
        is_own && limit.is_some_and(|limit| self.is_above(limit))
    }
    /// Notes that somebody has changed what is bought.
    pub(super) fn edited_by(&mut self, actor: Actor) {
        if !self.editors.contains(&actor) {
            self.editors.push(actor);
        }
    }
    /// Whether its open quantities count as incoming.
    pub fn is_incoming(&self) -> bool {
        matches!(self.state, OrderState::Ordered(_) | OrderState::PartiallyReceived(..))
    }
    pub fn touch(&mut self, now: Timestamp) {
        self.version += 1;
        self.updated_at = now;
    }
    /// Notes what came otherwise than it was ordered.
    pub fn note(&mut self, kind: DiscrepancyKind, quantity: Quantity, now: Timestamp) -> Discrepancy {
        self.discrepancies += 1;
        Discrepancy {
            order: self.id,
            number: self.discrepancies,
            kind,
            receipt: None,
            position: None,
            product: None,
            quantity,
            note: None,
            noted_at: now,
        }
    }
    /// The fact that it has changed.
    pub fn event(&self, kind: EventType<PurchaseOrderEvent>, before: Option<PurchaseOrderStatus>) -> DocumentEvent {
        DocumentEvent::Order { kind, order: self.id, before, stood: None }
    }
}

impl Line {
    /// The least that makes the line complete: what was ordered less the tolerance.
    pub fn least(&self, under_percent: u8) -> i64 {
        self.quantity.get() - percent(self.quantity.get(), under_percent)
    }
    pub const fn is_cancelled(&self) -> bool {
        self.cancelled_at.is_some()
    }
    /// Whether nothing more of it is waited for, within the tolerance.
    pub fn is_complete(&self, under_percent: u8) -> bool {
        self.is_cancelled() || self.received.get() >= self.least(under_percent)
    }
    /// Gives up what has not come, and says how much that is.
    pub fn give_up(&mut self) -> Quantity {
        let rest = self.open;
        self.short = count(self.short.get() + rest.get());
        self.open = Quantity::ZERO;
        rest
    }
}

/// Whole smallest units in so many percent, rounded down.
pub(super) fn percent(of: i64, percent: u8) -> i64 {
    (i128::from(of) * i128::from(percent) / 100) as i64
}

/// A count that was computed from counts that are in range.
pub(super) fn count(value: i64) -> Quantity {
    debug_assert!(value >= 0, "a line's counters never go below 0");
    Quantity::new(value.max(0)).unwrap_or(Quantity::ZERO)
}
