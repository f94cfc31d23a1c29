//! A purchase order as the rules see it: its lines, and the discrepancies of its deliveries.

use entity::prelude::*;

use super::{
    charge::Charge,
    correspondence::{Confirmation, Correspondence, RevisionStatus},
    document_event::DocumentEvent,
    fixed_rate::FixedRate,
    landed_shares::LandedShares,
    lead_time::LeadDay,
    order_state::OrderState,
    quantities::{count, percent},
    refusal::Refusal,
};
use crate::ledger::DocumentNumber;
use crate::purchasing::events::{EventType, PurchaseOrderEvent};
use crate::stock::core::{At, Field, LevelKey, Rejection, RoomRefusal};

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

impl PurchaseOrder {
    pub const fn status(&self) -> PurchaseOrderStatus {
        self.state.status()
    }
    /// Returns the refusal of a step that the order's state does not allow.
    pub(super) fn status_refusal(&self) -> Rejection {
        Refusal::Status(self.status()).at(At::input(Field::Id))
    }
    /// Returns the status of its current revision with the supplier; `None` before it was ordered.
    pub fn revision_status(&self) -> Option<RevisionStatus> {
        self.state.stage().ordered_at().map(|_| self.correspondence.status(self.revision))
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
    pub(super) fn record_editor(&mut self, actor: Actor) {
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
    pub fn least_complete_quantity(&self, under_percent: u8) -> i64 {
        self.quantity.get() - percent(self.quantity.get(), under_percent)
    }
    pub const fn is_cancelled(&self) -> bool {
        self.cancelled_at.is_some()
    }
    /// Whether nothing more of it is waited for, within the tolerance.
    pub fn is_complete(&self, under_percent: u8) -> bool {
        self.is_cancelled() || self.received.get() >= self.least_complete_quantity(under_percent)
    }
    /// Gives up the open quantity, and returns it.
    pub fn give_up(&mut self) -> Quantity {
        let open_quantity = self.open;
        self.short = count(self.short.get() + open_quantity.get());
        self.open = Quantity::ZERO;
        open_quantity
    }
}
