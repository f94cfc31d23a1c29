//! The states of works and parcels, with what each means.

use async_graphql::Enum;
use entity::prelude;
use inventory::fulfilment::core::Sent;

/// State of a work. New states may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::WorkStatus", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum WorkStatus {
    /// The anomaly was not accepted yet.
    Open,
    /// A person of the store has accepted it.
    Accepted,
    /// Some of it is picked or packed.
    Picking,
    /// All of it is picked, and some of it is not packed.
    Picked,
    /// All of it is packed.
    Packed,
    /// All of it is packed and waits for the customer to collect it.
    Ready,
    /// All of it has left, and some of it has not been reported as delivered.
    Shipped,
    /// All of it was delivered.
    Done,
    /// The store has refused all of it.
    Rejected,
    /// All of it was cancelled or moved.
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
    /// The store has no time for it.
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

impl From<Option<Sent>> for ParcelStatus {
    fn from(sent: Option<Sent>) -> Self {
        match sent.map(|sent| sent.status) {
            None => Self::Packed,
            Some(prelude::FulfilmentStatus::Delivered) => Self::Delivered,
            Some(prelude::FulfilmentStatus::Failed) => Self::Failed,
            Some(_) => Self::Shipped,
        }
    }
}
