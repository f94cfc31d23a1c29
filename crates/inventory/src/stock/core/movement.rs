//! Business facts that changed stock, and their lines.

use entity::prelude::*;
use uuid::Uuid;

use super::level::LevelKey;

/// What a movement belongs to.
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
    /// Something outside: an id that the caller named.
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
    /// What an id that begins so is of.
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
    /// Whether it is a document of ours, whose own actions undo what it moved.
    pub const fn is_document(self) -> bool {
        !matches!(self, Self::Reservation | Self::Other)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reference {
    pub kind: ReferenceKind,
    pub id: Uuid,
}

/// One business fact, whole: its entries are its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    pub id: MovementId,
    /// Its event's number; 0 until it is written.
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
    /// Which lot, where stock is kept by lots.
    pub lot: Option<LotId>,
    /// Why what became unavailable cannot be sold; none where nothing did.
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
    /// The latest `occurred_at` among this and all earlier entries of the level: what makes `onHandAt` a search instead of a sum.
    pub occurred_max: Timestamp,
    /// For one whole unit.
    pub unit_cost: Option<Money>,
    /// `unit_cost × on_hand_delta`, extended.
    pub value: Option<Money>,
    pub note: Option<String>,
}

impl Movement {
    /// Whether it only keeps what a count found, beside a fact that came late. A count's own movement names its count.
    pub fn keeps_a_count(&self) -> bool {
        self.kind == MovementKind::Count && self.reference.is_none()
    }
    pub fn entry_id(&self, line: u16) -> EntryId {
        self.id.line(line)
    }
}

/// Which of a command's movements is its own: the last one, but for what keeps a count.
pub fn own_movement(movements: &[Movement]) -> Option<usize> {
    movements.iter().rposition(|movement| !movement.keeps_a_count())
}
