//! A purchase order as the rules see it, and the results of its receipts.

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
    returns::{ReversedReturnLine, SupplierReturn},
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
    /// Store of the delivery.
    pub store: StoreId,
    pub currency: Currency,
    /// Rate of its receipts; None for the rate of their day.
    pub fixed_rate: Option<FixedRate>,
    /// The blanket order from which it calls off.
    pub blanket: Option<BlanketOrderId>,
    /// Expected day of lines that state none.
    pub expected_on: Option<i32>,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    /// Tolerance for receipts above the ordered quantity, in percent of a line.
    pub over_percent: u8,
    /// Tolerance below the ordered quantity with which a line is still complete, in percent of it.
    pub under_percent: u8,
    /// The sum of its lines.
    pub goods: Money,
    /// The sum of its charges in its currency.
    pub charges_sum: Money,
    /// Actor who created it.
    pub actor: Actor,
    /// Other actors who have changed its products, quantities or costs.
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
    /// 1 when it was ordered, +1 for each amendment since.
    pub revision: u16,
    /// Time of the supplier's last confirmation.
    pub confirmed_at: Option<Timestamp>,
    pub correspondence: Correspondence,
    pub change: Change,
}

/// Rows of an order that are to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// All rows: the order is new.
    New,
    /// The order's row and the figures of its lines.
    Figures,
    /// The order's row and all of its lines: `lines` existing ones, and new ones after them.
    Revised { lines: u16 },
    /// The order's row; its lines and charges are replaced. `lines` and `charges` are their former
    /// numbers.
    Replaced { lines: u16, charges: u16 },
}

/// A line; once it is ordered, its quantity and cost change by amendments alone. `open + short` is
/// the ordered quantity that has not arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// 1-based.
    pub position: u16,
    pub product: ProductId,
    /// SKUs, name and decimals, as they were when the line was written.
    pub sku: String,
    pub name: String,
    pub supplier_sku: Option<String>,
    pub decimals: u8,
    pub expected_on: Option<i32>,
    /// Weight of the whole line, in any unit that all lines share.
    pub weight: Option<i64>,
    pub quantity: Quantity,
    /// The most that may be received.
    pub most: Quantity,
    /// For one whole unit.
    pub unit_cost: Money,
    /// `unit_cost × quantity`.
    pub total: Money,
    /// The line's share of the order's charges.
    pub charges: Money,
    /// The line's share of charges in other currencies than the order's, in minor units of the
    /// books' currency.
    pub charges_in_books: i64,
    /// Received quantity, damaged goods included.
    pub received: Quantity,
    pub damaged: Quantity,
    /// Quantity that is still expected.
    pub open: Quantity,
    /// Quantity that will not come any more.
    pub short: Quantity,
    /// Quantity that was returned to the supplier.
    pub returned: Quantity,
    /// Amounts that receipts less reversals carry, less the amounts due for the received quantity,
    /// in minor units: 0 unless a receipt was reversed, or charges were spread again. The next
    /// receipt compensates for it.
    pub off: LandedShares,
    pub confirmed: Confirmation,
    /// Expected day by the supplier's lead time when it was ordered.
    pub lead: Option<LeadDay>,
    /// Revision of the order in which the line last changed.
    pub revision: u16,
    /// Time at which it was cancelled after it was ordered, before any receipt.
    pub cancelled_at: Option<Timestamp>,
}

/// One delivery, as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoodsReceipt {
    pub id: GoodsReceiptId,
    pub order: PurchaseOrderId,
    /// 1, 2, 3 … in its order.
    pub number: u16,
    pub store: StoreId,
    /// The delivery note's number.
    pub external_ref: Option<String>,
    pub note: Option<String>,
    pub occurred_at: Timestamp,
    pub business_date: i32,
    pub actor: Actor,
    pub created_at: Timestamp,
    /// Rate to the currency of the books; None if the order is in it.
    pub rate: Option<FrozenRate>,
    pub lines: Vec<ReceiptLine>,
}

/// Receipt of a line, with its cost and the charges that it carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptLine {
    pub position: u16,
    /// Damaged goods included.
    pub quantity: Quantity,
    pub damaged: Quantity,
    pub goods: Money,
    pub charges: Money,
    /// Charges in other currencies than the order's, in minor units of the books' currency.
    pub charges_in_books: i64,
    /// Goods and all charges in the currency of the books, if the order is in another.
    pub in_books: Option<Money>,
    /// Quantity that reversals took back, damaged goods included.
    pub reversed: Quantity,
    pub reversed_damaged: Quantity,
}

/// Reversed quantities of a receipt's line after a reversal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReversedReceiptLine {
    pub receipt: GoodsReceiptId,
    pub position: u16,
    pub reversed: Quantity,
    pub reversed_damaged: Quantity,
}

impl ReceiptLine {
    /// Returns goods and charges together, in the currency of the books; None if the sum exceeds
    /// the exact range.
    pub fn landed(&self) -> Option<Money> {
        // Without a separate value in the books, the order is in the books' currency.
        let own = || self.goods.checked_add(self.charges)?.checked_add(Money::new(self.charges_in_books, self.goods.currency));
        self.in_books.or_else(own)
    }
}

/// Difference between a delivery and its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discrepancy {
    pub order: PurchaseOrderId,
    /// 1, 2, 3 … in its order.
    pub number: u16,
    pub kind: DiscrepancyKind,
    pub receipt: Option<GoodsReceiptId>,
    /// The line; None for a wrong item.
    pub position: Option<u16>,
    /// Product of a wrong item, if it is in the catalogue.
    pub product: Option<ProductId>,
    pub quantity: Quantity,
    pub note: Option<String>,
    pub noted_at: Timestamp,
}

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

/// A fact about a document, for its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentEvent {
    Order {
        kind: EventType<PurchaseOrderEvent>,
        order: PurchaseOrderId,
        /// Status before; `None` for a new document.
        before: Option<PurchaseOrderStatus>,
        /// Status and version at the time of the event; `None` if the decision left the order so.
        stood: Option<(PurchaseOrderStatus, i64)>,
    },
    Return {
        kind: EventType<SupplierReturnEvent>,
        ret: SupplierReturnId,
    },
    Blanket {
        kind: EventType<BlanketOrderEvent>,
        blanket: BlanketOrderId,
        /// Status before; `None` for a new document.
        before: Option<BlanketOrderStatus>,
    },
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
    /// Returns the refusal of a step that the order's state does not allow.
    pub(super) fn not_open(&self) -> Rejection {
        Refusal::Status(self.status()).at(At::input(Field::Id))
    }
    pub fn key(&self, line: &Line) -> LevelKey {
        LevelKey { product: line.product, store: self.store }
    }
    /// Returns goods and charges in the order's currency. None if the sum exceeds the exact range.
    pub fn total(&self) -> Option<Money> {
        self.goods.checked_add(self.charges_sum)
    }
    pub fn line_id(&self, position: u16) -> PurchaseOrderLineId {
        self.id.line(position)
    }
    /// True if another actor must approve it: above the limit, the author, the editors and the
    /// requester must not. An order in another currency than the limit cannot be compared, and
    /// counts as above it.
    pub fn needs_other_approver(&self, approver: Actor, limit: Option<Money>) -> bool {
        let is_requester = self.state.stage().request().is_some_and(|request| request.by == approver);
        let is_own = self.actor == approver || is_requester || self.editors.contains(&approver);
        is_own && limit.is_some_and(|limit| self.is_above(limit))
    }
    /// Records an actor who changed the order's content.
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
    /// Creates a discrepancy of the delivery from the order.
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
    /// Returns the event of its change.
    pub fn event(&self, kind: EventType<PurchaseOrderEvent>, before: Option<PurchaseOrderStatus>) -> DocumentEvent {
        DocumentEvent::Order { kind, order: self.id, before, stood: None }
    }
}

impl Line {
    /// The least quantity that completes the line: the ordered quantity less the tolerance.
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
    /// Gives up the open quantity, and returns it.
    pub fn give_up(&mut self) -> Quantity {
        let rest = self.open;
        self.short = count(self.short.get() + rest.get());
        self.open = Quantity::ZERO;
        rest
    }
}

/// Returns this percentage of a quantity in whole smallest units, rounded down.
pub(super) fn percent(of: i64, percent: u8) -> i64 {
    (i128::from(of) * i128::from(percent) / 100) as i64
}

/// Converts a quantity that was computed from quantities in range.
pub(super) fn count(value: i64) -> Quantity {
    debug_assert!(value >= 0, "a line's counters never go below 0");
    Quantity::new(value.max(0)).unwrap_or(Quantity::ZERO)
}
