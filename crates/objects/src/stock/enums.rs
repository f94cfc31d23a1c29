//! GraphQL enums of the stock room.

use async_graphql::Enum;
use entity::prelude;
use inventory::stock::core::Shortage;

/// Declares a GraphQL enum that mirrors an enum of the entity crate, with a description of each
/// value.
#[macro_export]
macro_rules! mirrored_enum {
    ($(#[$doc:meta])* $name:ident = $of:literal { $($(#[$vdoc:meta])* $variant:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, async_graphql::Enum)]
        #[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = $of)]
        pub enum $name { $($(#[$vdoc])* $variant),* }
    };
}

mirrored_enum! {
    /// Stock status of a level, derived from its available quantity.
    StockStatus = "entity::enums::StockStatus" {
        /// No stock is available.
        OutOfStock,
        /// The available quantity is at or below the reorder point, or the product's low-stock
        /// threshold.
        Critical,
        /// The available quantity is at most one and a half times the limit of CRITICAL.
        Low,
        /// The available quantity is between the limits of LOW and OVERSTOCK.
        Normal,
        /// The available quantity is at or above the maximum.
        Overstock,
    }
}

mirrored_enum! {
    /// Kind of a stock movement.
    MovementKind = "entity::enums::MovementKind" {
        /// Goods came in.
        Receipt,
        /// Goods were sold and left.
        Sale,
        /// Goods came back from a customer.
        Return,
        /// A correction, either way.
        Adjustment,
        /// Goods were taken out: breakage, use, loss.
        Removal,
        /// The difference that a count found.
        Count,
        /// A balancing entry for goods that left without having been on record.
        Discrepancy,
        /// Goods left for another store.
        TransferOut,
        /// Goods arrived from another store.
        TransferIn,
        /// Stock was reserved.
        Reserve,
        /// Reserved stock was released.
        Release,
        /// A movement was reversed.
        Reversal,
    }
}

mirrored_enum! {
    /// Reason for a change of stock.
    ReasonCode = "entity::enums::ReasonCode" {
        /// Bought.
        Purchase,
        /// Sold.
        Sale,
        /// Brought back by a customer.
        CustomerReturn,
        /// The goods are damaged.
        Damage,
        /// Missing.
        Loss,
        /// Stolen.
        Theft,
        /// Past its date.
        Expiry,
        /// Turned up.
        Found,
        /// The goods were given away as a sample.
        Sample,
        /// A mistake put right.
        Correction,
        /// Stock as of the first day.
        Opening,
        /// The goods are set aside until they are inspected.
        Quarantine,
        /// The goods were recalled.
        Recall,
        /// Another reason, which the note describes.
        Other,
    }
}

mirrored_enum! {
    /// Status of a reservation.
    ReservationStatus = "entity::enums::ReservationStatus" {
        /// Stock is held.
        Active,
        /// The held stock has left the store, or an order's reservation has replaced this one.
        Consumed,
        /// The reservation was released.
        Released,
        /// The reservation's time limit has passed.
        Expired,
        /// The reservation was reduced, as the stock was not there.
        Shortened,
    }
}

mirrored_enum! {
    /// Status of a lot: it may be sold only while it is AVAILABLE.
    LotStatus = "entity::enums::LotStatus" {
        /// The lot may be sold until its last day.
        Available,
        /// The lot may not be sold until it is released.
        Quarantine,
        /// The lot was recalled.
        Recalled,
    }
}

/// Condition of stock on hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum StockCondition {
    /// Stock that can be sold.
    Available,
    /// The goods are set aside until they are inspected.
    Quarantine,
    /// The goods are damaged.
    Damaged,
    /// Past its date: only to be written off.
    Expired,
    /// The goods were recalled and can only be written off.
    Recalled,
}
impl From<prelude::Condition> for StockCondition {
    fn from(condition: prelude::Condition) -> Self {
        match condition {
            prelude::Condition::Quarantine => Self::Quarantine,
            prelude::Condition::Damaged => Self::Damaged,
            prelude::Condition::Expired => Self::Expired,
            prelude::Condition::Recalled => Self::Recalled,
        }
    }
}
impl From<StockCondition> for Option<prelude::Condition> {
    fn from(condition: StockCondition) -> Self {
        match condition {
            StockCondition::Available => None,
            StockCondition::Quarantine => Some(prelude::Condition::Quarantine),
            StockCondition::Damaged => Some(prelude::Condition::Damaged),
            StockCondition::Expired => Some(prelude::Condition::Expired),
            StockCondition::Recalled => Some(prelude::Condition::Recalled),
        }
    }
}

/// Kind of movement that stockAdjust can post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum AdjustKind {
    /// Goods came in: deltas above 0.
    Receipt,
    /// Goods were sold without an order: deltas below 0.
    Sale,
    /// Goods came back without a return document: deltas above 0.
    Return,
    /// A correction, either way.
    Adjustment,
    /// Goods were taken out: deltas below 0.
    Removal,
}
impl From<AdjustKind> for prelude::MovementKind {
    fn from(kind: AdjustKind) -> Self {
        match kind {
            AdjustKind::Receipt => Self::Receipt,
            AdjustKind::Sale => Self::Sale,
            AdjustKind::Return => Self::Return,
            AdjustKind::Adjustment => Self::Adjustment,
            AdjustKind::Removal => Self::Removal,
        }
    }
}

/// Policy for a change that takes reserved stock, or more than is on hand. All values but REFUSE need the permission stock.override.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, Default)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ShortagePolicy {
    /// Refuse the change.
    #[default]
    Refuse,
    /// Holds give way: unpaid ones first, the newest first. Their orders show as short.
    Shorten,
    /// A balancing DISCREPANCY is posted first, so that the hole is on record.
    PostDiscrepancy,
}
impl From<ShortagePolicy> for Shortage {
    fn from(policy: ShortagePolicy) -> Self {
        match policy {
            ShortagePolicy::Refuse => Self::Refuse,
            ShortagePolicy::Shorten => Self::Shorten,
            ShortagePolicy::PostDiscrepancy => Self::PostDiscrepancy,
        }
    }
}
