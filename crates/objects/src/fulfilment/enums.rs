//! The states of works and parcels, with their descriptions.

use async_graphql::Enum;
use entity::prelude;
use inventory::fulfilment::core::ParcelShipment;

/// State of a work. New states may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::WorkStatus", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum WorkStatus {
    /// The store has not accepted the work yet.
    Open,
    /// A member of the store has accepted the work.
    Accepted,
    /// A part of the goods is picked or packed.
    Picking,
    /// All goods are picked, and a part of them is not packed.
    Picked,
    /// All goods are packed.
    Packed,
    /// All goods are packed and wait for the customer to collect them.
    Ready,
    /// All goods have left, and a part of them was not reported as delivered.
    Shipped,
    /// All goods were delivered.
    Done,
    /// The store has refused the whole work.
    Rejected,
    /// The whole work was cancelled, or moved to other stores.
    Cancelled,
}

/// Reason of a store for not sending goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::RejectReason", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum RejectReason {
    /// The goods are not there.
    NoStock,
    /// The goods are damaged.
    Damaged,
    /// The store has no time for the work.
    NoCapacity,
    /// The store cannot ship such goods, or not to that address.
    CannotShip,
    /// Another reason; the note says which.
    Other,
}

/// State of a parcel. New states may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ParcelStatus {
    /// The parcel has not left.
    Packed,
    /// The parcel has left.
    Shipped,
    /// The parcel was delivered.
    Delivered,
    /// The parcel could not be delivered.
    Failed,
}

impl From<Option<ParcelShipment>> for ParcelStatus {
    fn from(shipment: Option<ParcelShipment>) -> Self {
        match shipment.map(|shipment| shipment.status) {
            None => Self::Packed,
            Some(prelude::FulfilmentStatus::Delivered) => Self::Delivered,
            Some(prelude::FulfilmentStatus::Failed) => Self::Failed,
            Some(_) => Self::Shipped,
        }
    }
}
