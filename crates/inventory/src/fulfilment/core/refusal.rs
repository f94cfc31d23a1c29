//! Refusals of commands on works. `objects/src/fulfilment/refusal.rs` gives each its code and text.

use entity::prelude::*;

use crate::stock::core::RoomRefusal;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The step is not allowed in this status.
    Status(WorkStatus),
    /// The work's order is over, or not confirmed.
    OrderStatus(OrderStatus),
    /// The goods to cancel, or to ship another way, are picked: numbers of their works.
    Picked {
        works: Vec<String>,
    },
    /// All goods of the order are packed or have left, so its address cannot change: numbers of
    /// their works.
    AddressStays {
        works: Vec<String>,
    },
    /// A store has accepted a work of the order: callers that are bound to a channel cannot change
    /// or cancel it any more.
    AcceptedByStore,
    WorkTwice,
    NoWorks,
    /// The call is repeated after its wave was closed.
    WaveClosed,

    // Refusals about lines and parcels.
    NothingNamed,
    LineTwice,
    UpTo {
        most: i64,
    },
    NotPositive,
    /// Parts of a kit must be named in whole kits.
    KitInParts {
        sku: String,
    },
    NoParcels,
    EmptyParcel,
    ParcelTwice,
    ParcelSent,
    NothingPacked,
    /// A parcel names the lot twice.
    LotTwice {
        code: String,
    },
    /// Units of the lot that are in the store and not named by another parcel.
    LotUpTo {
        code: String,
        most: i64,
    },
    LotsSum {
        quantity: i64,
        sum: i128,
    },
    /// It is unknown which of a line's lots are to be taken out of parcels.
    LotsStay,
    /// A parcel names the lot, which is no longer in the store.
    LotGone {
        sku: String,
    },
    TooManyLines {
        most: u16,
    },
    TooManyParcels {
        most: u16,
    },
    TooManyWorks {
        most: u16,
    },

    // Refusals about shipped goods.
    /// The shipment has arrived or failed already.
    Fulfilment(FulfilmentStatus),
    /// The time of the arrival or failure is in the future.
    Ahead,
    /// The time of the arrival or failure is before the shipment.
    BeforeItLeft,
    WrongCode,
    SameStore,

    // Refusals about labels.
    CarrierInactive {
        code: String,
    },
    NoSuchService {
        code: String,
    },
    NumberOdd {
        pattern: String,
    },
}
impl RoomRefusal for Refusal {}
