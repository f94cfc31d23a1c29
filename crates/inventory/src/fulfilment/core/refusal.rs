//! What works refuse. `objects/src/fulfilment/refusal.rs` gives each its code and words.

use entity::prelude::*;

use crate::stock::core::RoomRefusal;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The step is not open in this state.
    Status(WorkStatus),
    /// The work's order is over, or not confirmed.
    OrderStatus(OrderStatus),
    /// Somebody has picked what is to be cancelled or to leave another way: numbers of works.
    Picked {
        works: Vec<String>,
    },
    /// All goods of the order are packed or have left, and so its address stays: numbers of works.
    AddressStays {
        works: Vec<String>,
    },
    /// A store has accepted a work of the order: whoever is bound to a channel changes and cancels it no more.
    AcceptedByStore,
    WorkTwice,
    NoWorks,
    /// The call on its wave is repeated after the wave was closed.
    WaveClosed,

    // Of lines and parcels.
    NothingNamed,
    LineTwice,
    UpTo {
        most: i64,
    },
    NotPositive,
    /// Parts of a kit go together, in whole kits.
    KitInParts {
        sku: String,
    },
    NoParcels,
    EmptyParcel,
    ParcelTwice,
    ParcelSent,
    NothingPacked,
    /// Of a lot that a parcel names.
    LotTwice {
        code: String,
    },
    /// So much of it is in the store and in no other parcel by its name.
    LotUpTo {
        code: String,
        most: i64,
    },
    LotsSum {
        quantity: i64,
        sum: i128,
    },
    /// Nothing says which of a line's lots go back.
    LotsStay,
    /// It is in a parcel by its name, and no more in the store.
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

    // Of what is on its way.
    /// It has arrived already, or did not.
    Fulfilment(FulfilmentStatus),
    /// Nothing arrives, or fails to, ahead of time.
    Ahead,
    /// Nothing arrives, or fails to, before it left.
    BeforeItLeft,
    WrongCode,
    SameStore,

    // Of labels.
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
