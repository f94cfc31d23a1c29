//! Steps of a transfer, with their input.

use entity::prelude::*;

use super::{states::Action, transfer::Loss};
use crate::stock::core::LotChoice;
use crate::transfers::events::{self, EventType, TransferEvent};

/// One step of one transfer.
#[derive(Debug, Clone)]
pub struct Steps {
    pub transfer: TransferId,
    pub actor: Actor,
    /// Version that the caller expects.
    pub expected_version: Option<i64>,
    pub step: Step,
    /// The lots that were sent, read before: a transfer ships once.
    pub sent: Vec<LotId>,
    /// IDs for the movements it may need.
    pub movements: [MovementId; 2],
}

#[derive(Debug, Clone)]
pub enum Step {
    Create(NewTransfer),
    Update(Change),
    /// Reserves the stock at the sender. `seen` is the version whose lines were read to find the
    /// rows to lock; the IDs are for each line's reservation.
    Ready {
        seen: i64,
        reservations: Vec<ReservationId>,
    },
    Ship(Shipment),
    Receive(Arrival),
    Close(Loss),
    /// `seen` is the version whose lines were read to find the rows to lock.
    Cancel {
        seen: i64,
        note: Option<String>,
    },
}

impl Step {
    pub const fn action(&self) -> Option<Action> {
        match self {
            Self::Create(_) => None,
            Self::Update(_) => Some(Action::Update),
            Self::Ready { .. } => Some(Action::Ready),
            Self::Ship(_) => Some(Action::Ship),
            Self::Receive(_) => Some(Action::Receive),
            Self::Close(_) => Some(Action::Close),
            Self::Cancel { .. } => Some(Action::Cancel),
        }
    }
    /// Returns the kind of the step's event in the journal.
    pub(super) const fn event(&self) -> EventType<TransferEvent> {
        match self {
            Self::Create(NewTransfer { begin: Begin::Draft, .. }) => events::TRANSFER_CREATED,
            Self::Create(NewTransfer { begin: Begin::Ready(_), .. }) => events::TRANSFER_READY,
            Self::Create(NewTransfer { begin: Begin::InTransit, .. }) => events::TRANSFER_SHIPPED,
            Self::Update(_) => events::TRANSFER_UPDATED,
            Self::Ready { .. } => events::TRANSFER_READY,
            Self::Ship(_) => events::TRANSFER_SHIPPED,
            Self::Receive(_) => events::TRANSFER_RECEIVED,
            Self::Close(_) => events::TRANSFER_CLOSED,
            Self::Cancel { .. } => events::TRANSFER_CANCELLED,
        }
    }
}

#[derive(Debug, Clone)]
pub struct NewTransfer {
    pub from: StoreId,
    pub to: StoreId,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    pub expected_at: Option<Timestamp>,
    /// A JSON object; None for an empty one.
    pub metadata: Option<String>,
    pub lines: Vec<PlannedQuantity>,
    pub begin: Begin,
}

/// Last step of a new transfer in the call that creates it.
#[derive(Debug, Clone)]
pub enum Begin {
    Draft,
    /// Its stock is reserved at once; an ID for each line's reservation.
    Ready(Vec<ReservationId>),
    /// The goods are sent at once, without a reservation.
    InTransit,
}

/// Planned quantity of a product; 0 removes it from a draft.
#[derive(Debug, Clone, Copy)]
pub struct PlannedQuantity {
    pub product: ProductId,
    pub quantity: Quantity,
}

/// Changes of a transfer; `None` keeps a field.
#[derive(Debug, Clone, Default)]
pub struct Change {
    pub external_ref: Option<String>,
    pub note: Option<String>,
    pub expected_at: Option<Timestamp>,
    /// The text of a JSON object.
    pub metadata: Option<String>,
    pub lines: Vec<PlannedQuantity>,
    /// True if the caller may change reservations at the sender.
    pub may_hold: bool,
    /// IDs of the reservations, one for each line.
    pub reservations: Vec<ReservationId>,
}

/// Goods that leave.
#[derive(Debug, Clone)]
pub struct Shipment {
    /// Parcels to send; None for every line in full. Quantities that are not named stay, and their
    /// reservations end.
    pub lines: Option<Vec<Parcel>>,
    pub occurred_at: Option<Timestamp>,
    pub note: Option<String>,
}

/// Goods that arrive.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Parcels that arrived; None for all goods under way.
    pub lines: Option<Vec<Parcel>>,
    pub occurred_at: Option<Timestamp>,
    pub note: Option<String>,
}

/// Quantity of a line.
#[derive(Debug, Clone)]
pub struct Parcel {
    pub line: TransferLineId,
    pub quantity: Quantity,
    /// Lots that sum to the quantity. Empty: first-expired-first-out.
    pub lots: Vec<(LotChoice, Quantity)>,
}
