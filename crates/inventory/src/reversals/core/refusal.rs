//! Refusals of reversals. `objects/src/reversals/refusal.rs` gives each its code and text.

use entity::prelude::*;

use crate::stock::core::{LevelKey, Reference, RoomRefusal};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The ID belongs to no document that can be reversed.
    NotReversible,
    /// A reversal cannot be reversed: the document has to be created again.
    OfReversal,
    /// Nothing of the document is left to reverse.
    AlreadyReversed,
    /// The document can only be reversed whole.
    WholeOnly,
    /// The reversal's time is before that of the document.
    BeforeOriginal,
    NoLines,
    LineTwice,
    /// The line exceeds the quantity that can still be reversed, which may be 0.
    LineUpTo {
        most: i64,
    },
    /// A line can only be reversed whole.
    LineWhole,
    /// The document moved no stock.
    NothingMoved,
    /// The order has shipments, which are reversed instead.
    OfShipments,
    /// Only the reversal of a sale over the counter has a register.
    NotAtRegister,
    /// The return was closed by an older release, which did not store its orders' shares of the
    /// refund.
    SharesUnknown,
    /// The return was created by an older release, which did not store the steps of its
    /// inspections.
    StepsUnknown,
    /// The shipment was delivered, or its delivery failed.
    Arrived,
    TooLarge,
    /// Other documents depend on it.
    InUse(Dependents),
}
impl RoomRefusal for Refusal {}

/// Documents that depend on the one to be reversed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependents {
    pub why: DependencyReason,
    /// At most ten, the newest first.
    pub documents: Vec<DependentDocument>,
    pub count: usize,
}

/// Reasons why other documents depend on one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DependencyReason {
    /// Later movements took or reserved the units to take back.
    Taken { sku: String, usable: i64, requested: i64 },
    /// Goods of the order's line went back to the supplier.
    SupplierReturn { line: PurchaseOrderLineId },
    /// Goods that did not arrive were written off.
    Loss,
    /// Later steps of the transfer.
    LaterSteps,
    /// Goods of the order were returned or are to be returned.
    Returned { order: OrderId },
    /// Units of the order are on invoices and not credited.
    Invoiced { order: OrderId },
    /// Goods of the return were inspected.
    Inspected,
    /// Goods that an inspection set aside are no longer in stock.
    Scrapped { level: LevelKey, sku: String, usable: i64, requested: i64 },
    /// The units that the return gave up have since been claimed by other returns.
    AskedBack { order: OrderId, ret: ReturnId },
    /// The money was refunded already.
    Paid,
    /// Returns of the same orders that were closed since.
    LaterReturn,
    /// Counts of the same products that were approved since.
    LaterCount,
    /// Payments that name the one to reverse, or that refunded money that it brought in.
    LaterPayments,
    /// Charges that were added to the order after its goods were received.
    AddedCharges,
    /// Movements dated before the count and recorded after it, which were balanced because the
    /// count had included them.
    LateFacts,
}

/// A document, a movement without a document, a payment, an invoice, or a revaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DependentDocument {
    Document(Reference),
    Movement(MovementId),
    Payment(PaymentId),
    Invoice(InvoiceId),
    Revaluation(RevaluationId),
}

impl Dependents {
    /// Creates the value before the documents have been looked up.
    pub const fn without_documents(reason: DependencyReason) -> Self {
        Self { why: reason, documents: Vec::new(), count: 0 }
    }
}
