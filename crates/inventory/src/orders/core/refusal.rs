//! What orders refuse. `objects/src/orders/refusal.rs` gives each its code and words.

use entity::prelude::*;

use crate::stock::core::{RoomRefusal, Stage};

/// What is refused of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The action is not open in this state.
    Status(OrderStatus),
    StoreArchived,

    // Of an order that is placed.
    ReferenceTaken {
        reference: String,
    },
    /// No channel is named, and none has the code DIRECT.
    NoDirectChannel,
    ChannelArchived {
        since: Timestamp,
    },
    CustomerArchived {
        since: Timestamp,
    },
    OddCountry,
    NoLines,
    /// What is sold over the counter leaves from its store.
    SourcedOverCounter,
    NoDestination,
    /// Only a sale that has happened can override a shortage.
    OverrideBeforeSale,
    TooManyHolds {
        holds: usize,
        most: u16,
    },
    TotalTooLarge,

    // Of the reservations that it takes the place of.
    ReservationTwice,
    ReservationEnded(ReservationStatus),
    HeldForOrder,
    HeldForDocument,
    /// A draft holds nothing.
    DraftHolds,
    HeldProductElsewhere,

    // Of what it holds.
    TooManyShares {
        most: u16,
    },
    /// The parts of a kit changed while the order was placed.
    KitChanged {
        sku: String,
    },

    // Of what is shipped.
    NothingNamed,
    LineTwice,
    ShippableUpTo {
        most: i64,
    },
    LotOfKit {
        sku: String,
    },
    /// All of it is held in other stores than its own.
    HeldInOtherStores,
    NothingHeldThere,
    /// Only backorders are left.
    WaitsForStock,
    /// It is held in this store, and the caller lacks the permission there.
    MayNotShipThere,

    // Of a cancellation of lines.
    NothingToCancel,
    /// So many units of the line are still to be delivered.
    CancellableUpTo {
        most: i64,
    },
    /// A draft owes nothing: its lines are set by an edit.
    DraftIsEdited,

    // Of holds.
    /// Holds of these kinds stand: nothing leaves.
    OnHold {
        kinds: Vec<String>,
    },
    /// Nothing leaves of an order in this state any more.
    NothingToHold(OrderStatus),
    HeldOften {
        most: usize,
    },
    /// It is no kind that can be set.
    OddHoldKind,
    /// The hold does not stand any more.
    HoldLifted,

    // Of an edit.
    /// A draft looks for its stock when it is confirmed.
    DraftLooksLater,
    /// Its store, channel, time and sourcing change only while it is a draft.
    OnlyOfDrafts(OrderStatus),
    NothingToChange,
    /// Only notes, tags and metadata change in this state.
    OnlyNotes(OrderStatus),
    /// Lines do not change in this state.
    LinesStay(OrderStatus),
    /// So much of the line has left.
    LeastQuantity {
        least: i64,
    },
    /// The price of what has left stays.
    PriceOfShipped {
        sku: String,
    },
    TooManyLines {
        most: usize,
    },
    TooManyTags {
        most: usize,
    },
    EmptyTag,
    /// Its metadata is no JSON object.
    NoObject,
    MetadataTooLarge {
        most_bytes: usize,
    },
    EmptyContact,
    EmptyAddress,
    /// Discount and tax are stated of a quantity, and none of the line is left.
    NothingLeft,
}
impl RoomRefusal for Refusal {
    fn stage(&self) -> Stage {
        match self {
            Self::Status(_)
            | Self::StoreArchived
            | Self::ReferenceTaken { .. }
            | Self::ChannelArchived { .. }
            | Self::CustomerArchived { .. }
            | Self::ReservationEnded(_)
            | Self::HeldForOrder
            | Self::HeldForDocument
            | Self::KitChanged { .. }
            | Self::HeldInOtherStores
            | Self::NothingHeldThere
            | Self::WaitsForStock
            | Self::MayNotShipThere
            | Self::OnHold { .. }
            | Self::NothingToHold(_)
            | Self::HeldOften { .. }
            | Self::HoldLifted
            | Self::DraftIsEdited
            | Self::OnlyNotes(_)
            | Self::OnlyOfDrafts(_)
            | Self::LinesStay(_)
            | Self::PriceOfShipped { .. } => Stage::State,
            _ => Stage::Values,
        }
    }
}

/// What is refused of a line, of an order and of a return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineRefusal {
    NotPositive,
    ProductUnnamed,
    ChargeWithProduct,
    ChargeUnnamed,
    NoPrice,
    NegativePrice,
    NegativeAmount,
    DiscountAbovePrice,
    /// A rate is of what is not below 0.
    RateBelowZero,
    /// A tax is said beside a rate, which comes to another one.
    OtherTaxThanRate {
        tax: Money,
    },
    TooLarge,
    /// What the kits are made of is more than is kept.
    KitsTooLarge,
    /// Another currency than the lines before it.
    OtherCurrency,
    NotActive {
        sku: String,
        status: ProductStatus,
    },
}
impl RoomRefusal for LineRefusal {
    fn stage(&self) -> Stage {
        if matches!(self, Self::NotActive { .. }) { Stage::State } else { Stage::Values }
    }
}
