//! Refusals of commands on orders. `objects/src/orders/refusal.rs` gives each its code and text.

use entity::prelude::*;

use crate::stock::core::{RoomRefusal, Stage};

/// Reasons to refuse a command on an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The action is not allowed in this status.
    Status(OrderStatus),
    StoreArchived,

    // Refusals of a new order.
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
    /// Goods sold over the counter leave from the order's own store.
    SourcedOverCounter,
    NoDestination,
    /// Only a sale that has happened can override a shortage.
    OverrideBeforeSale,
    TooManyHolds {
        holds: usize,
        most: u16,
    },
    TotalTooLarge,

    // Refusals about the reservations that the order takes over.
    ReservationTwice,
    ReservationEnded(ReservationStatus),
    HeldForOrder,
    HeldForDocument,
    /// A draft has no reservations.
    DraftHolds,
    HeldProductElsewhere,

    // Refusals about the order's reservations.
    TooManyShares {
        most: u16,
    },
    /// The parts of a kit changed while the order was placed.
    KitChanged {
        sku: String,
    },

    // Refusals of a shipment.
    NothingNamed,
    LineTwice,
    ShippableUpTo {
        most: i64,
    },
    LotOfKit {
        sku: String,
    },
    /// All of the order's goods are reserved in stores other than its own.
    HeldInOtherStores,
    NothingHeldThere,
    /// Only backorders are left.
    WaitsForStock,
    /// The goods are reserved in this store, and the caller lacks the permission there.
    MayNotShipThere,

    // Refusals of a cancellation of lines.
    NothingToCancel,
    /// Units of the line that are still to be delivered.
    CancellableUpTo {
        most: i64,
    },
    /// A draft has nothing to cancel: its lines are changed by an edit.
    DraftIsEdited,

    // Refusals about holds.
    /// The order has holds of these kinds: nothing leaves.
    OnHold {
        kinds: Vec<String>,
    },
    /// An order in this status has nothing left to ship.
    NothingToHold(OrderStatus),
    HeldOften {
        most: usize,
    },
    /// Callers cannot set a hold of this kind.
    OddHoldKind,
    /// The hold has been lifted already.
    HoldLifted,

    // Refusals of an edit.
    /// A draft is sourced when it is confirmed.
    DraftLooksLater,
    /// The store, channel, time and sourcing change only while the order is a draft.
    OnlyOfDrafts(OrderStatus),
    NothingToChange,
    /// Only notes, tags and metadata can change in this status.
    OnlyNotes(OrderStatus),
    /// Lines cannot change in this status.
    LinesStay(OrderStatus),
    /// Units of the line that have left.
    LeastQuantity {
        least: i64,
    },
    /// The price of a line is fixed once any units have left.
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
    /// The metadata is no JSON object.
    NoObject,
    MetadataTooLarge {
        most_bytes: usize,
    },
    EmptyContact,
    EmptyAddress,
    /// The line has no units left that a stated discount or tax could be for.
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

/// Reasons to refuse a line of an order or a return.
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
    /// A tax rate needs a gross amount that is not below 0.
    RateBelowZero,
    /// The stated tax differs from the result of the stated rate.
    OtherTaxThanRate {
        tax: Money,
    },
    TooLarge,
    /// The parts of the kits add up to more than a quantity can store.
    KitsTooLarge,
    /// The currency differs from that of the lines before.
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
