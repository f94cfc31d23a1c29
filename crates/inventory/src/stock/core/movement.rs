//! Business facts that changed stock, and their lines.

use entity::prelude::*;
use uuid::Uuid;

use super::level::LevelKey;

/// Kind of the document that a movement belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReferenceKind {
    Order,
    Return,
    Reservation,
    PurchaseOrder,
    SupplierReturn,
    Transfer,
    Count,
    /// A lot whose status or dates changed.
    Lot,
    /// An external object: an ID that the caller named.
    Other,
}

impl ReferenceKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Order => "ORDER",
            Self::Return => "RETURN",
            Self::Reservation => "RESERVATION",
            Self::PurchaseOrder => "PURCHASE_ORDER",
            Self::SupplierReturn => "SUPPLIER_RETURN",
            Self::Transfer => "TRANSFER",
            Self::Count => "COUNT",
            Self::Lot => "LOT",
            Self::Other => "OTHER",
        }
    }
    const ALL: [Self; 9] = [
        Self::Order,
        Self::Return,
        Self::Reservation,
        Self::PurchaseOrder,
        Self::SupplierReturn,
        Self::Transfer,
        Self::Count,
        Self::Lot,
        Self::Other,
    ];
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
    /// Returns the kind of the documents whose IDs have this prefix.
    pub fn of_prefix(prefix: &str) -> Self {
        match prefix {
            kind::OrderId::PREFIX => Self::Order,
            kind::ReturnId::PREFIX => Self::Return,
            kind::PurchaseOrderId::PREFIX => Self::PurchaseOrder,
            kind::SupplierReturnId::PREFIX => Self::SupplierReturn,
            kind::TransferId::PREFIX => Self::Transfer,
            kind::CountId::PREFIX => Self::Count,
            kind::LotId::PREFIX => Self::Lot,
            _ => Self::Other,
        }
    }
    /// True for a document of this system, whose own actions reverse its movements.
    pub const fn is_document(self) -> bool {
        !matches!(self, Self::Reservation | Self::Other)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reference {
    pub kind: ReferenceKind,
    pub id: Uuid,
}

/// One business fact as a whole: its entries are its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    pub id: MovementId,
    /// Number of the movement's event; 0 until it is written.
    pub seq: i64,
    pub kind: MovementKind,
    pub reason: Option<ReasonCode>,
    pub note: Option<String>,
    pub external_ref: Option<String>,
    pub reference: Option<Reference>,
    pub actor: Actor,
    pub reverses: Option<MovementId>,
    pub occurred_at: Timestamp,
    /// The store's local day, frozen.
    pub business_date: i32,
    pub recorded_at: Timestamp,
    pub entries: Vec<Entry>,
}

/// A movement's line: the change of each bucket, and the values after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// 1-based inside its movement.
    pub line: u16,
    pub key: LevelKey,
    /// Lot, if stock is kept by lots.
    pub lot: Option<LotId>,
    /// Condition of the units that became unavailable; `None` if none did.
    pub condition: Option<Condition>,
    pub on_hand_delta: i64,
    pub reserved_delta: i64,
    pub unavailable_delta: i64,
    pub incoming_delta: i64,
    pub in_transit_delta: i64,
    pub on_hand_after: Quantity,
    pub reserved_after: Quantity,
    pub unavailable_after: Quantity,
    pub version_after: i64,
    /// The latest `occurred_at` among this and all earlier entries of the level: it makes
    /// `onHandAt` a search instead of a sum.
    pub occurred_max: Timestamp,
    /// For one whole unit.
    pub unit_cost: Option<Money>,
    /// `unit_cost × on_hand_delta`.
    pub value: Option<Money>,
    pub note: Option<String>,
}

impl Movement {
    /// True if it only preserves a count's result, next to a fact that arrived late. A count's own
    /// movement refers to its count.
    pub fn is_count_balance(&self) -> bool {
        self.kind == MovementKind::Count && self.reference.is_none()
    }
    pub fn entry_id(&self, line: u16) -> EntryId {
        self.id.line(line)
    }
}

/// Returns the index of a command's own movement: the last one that does not keep a count.
pub fn find_command_movement(movements: &[Movement]) -> Option<usize> {
    movements.iter().rposition(|movement| !movement.is_count_balance())
}
