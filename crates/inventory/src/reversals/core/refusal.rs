//! What a reversal is refused for. `objects/src/reversals/refusal.rs` gives each its code and words.

use entity::prelude::*;

use crate::stock::core::{LevelKey, Reference, RoomRefusal};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// What has this id is no document that can be reversed.
    NotReversible,
    /// A reversal is not reversed: the document is made again.
    OfReversal,
    /// Nothing of it is left.
    AlreadyReversed,
    /// Only a whole one can be reversed.
    WholeOnly,
    /// It would have happened before what it undoes.
    BeforeOriginal,
    NoLines,
    LineTwice,
    /// Of a line at most so much goes back, which may be nothing.
    LineUpTo {
        most: i64,
    },
    /// A line is undone whole.
    LineWhole,
    /// No stock moved with it.
    NothingMoved,
    /// An order that left with shipments: those are undone.
    OfShipments,
    /// Only of a sale over the counter it is kept at which register it was taken back.
    NotAtRegister,
    /// It was settled before it was kept how much each of its orders came to less.
    SharesUnknown,
    /// It was made before it was kept how its goods were looked at.
    StepsUnknown,
    /// What left has arrived, or is known not to.
    Arrived,
    TooLarge,
    /// Other documents rest on it.
    InUse(Rests),
}
impl RoomRefusal for Refusal {}

/// What rests on what should be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rests {
    pub why: Resting,
    /// At most ten, the newest first.
    pub documents: Vec<Named>,
    pub count: usize,
}

/// In which way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resting {
    /// Later movements took or hold what should go back.
    Taken { sku: String, usable: i64, requested: i64 },
    /// Goods of the order's line went back to the supplier.
    SupplierReturn { line: PurchaseOrderLineId },
    /// What did not arrive was written off.
    Loss,
    /// Later steps of the transfer.
    LaterSteps,
    /// Goods of it came back or are to come back.
    Returned { order: OrderId },
    /// Units of it are on invoices and not credited.
    Invoiced { order: OrderId },
    /// Goods of the return were looked at.
    Inspected,
    /// What an inspection left aside is not there any more.
    Scrapped { level: LevelKey, sku: String, usable: i64, requested: i64 },
    /// What was given up of a return was asked back since, with others.
    AskedBack { order: OrderId, ret: ReturnId },
    /// The money was given back already.
    Paid,
    /// Returns of the same orders that were closed since.
    LaterReturn,
    /// Counts of the same products that were approved since.
    LaterCount,
    /// Payments that name it, or that gave back what it brought in.
    LaterPayments,
    /// Charges that were added to the order after its goods had come.
    AddedCharges,
    /// Facts from before the count that came after it, and are balanced because it had seen them.
    LateFacts,
}

/// A document, a movement that belongs to none, a payment, an invoice, or a revaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Named {
    Document(Reference),
    Movement(MovementId),
    Payment(PaymentId),
    Invoice(InvoiceId),
    Revaluation(RevaluationId),
}

impl Rests {
    /// Before anybody has looked which documents they are.
    pub const fn unnamed(why: Resting) -> Self {
        Self { why, documents: Vec::new(), count: 0 }
    }
}
