//! Levels: one product in one store.

use std::sync::Arc;

use entity::prelude::*;

use super::row_state::RowState;
use crate::catalog::core::handling::HandlingTime;

/// Key of a level: levels are locked in this order everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LevelKey {
    pub product: ProductId,
    pub store: StoreId,
}

/// Facts of the product and the store that the rules need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub sku: String,
    pub name: String,
    pub status: ProductStatus,
    pub policy: StockPolicy,
    /// The product has no stock of its own, but that of its components.
    pub is_kit: bool,
    /// Decimals of the unit: a kg with three counts grams.
    pub decimals: u8,
    pub category: Option<CategoryId>,
    pub low_stock_threshold: Option<Quantity>,
    /// Whether its stock is kept by lots.
    pub tracking: Tracking,
    /// Days that a lot must still have before its expiry to be picked for a sale.
    pub minimum_remaining_days: i32,
    /// For one whole unit.
    pub price: Option<Money>,
    pub cost: Option<Money>,
    pub time_zone: String,
    pub store_archived: bool,
    /// The time that the store takes to ship; None where it states none.
    pub handling: Option<Arc<HandlingTime>>,
}

/// A stock level. A level without a row counts as zeros (`RowState::New`) and gets its row with its first entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    pub key: LevelKey,
    pub id: LevelId,
    pub row: RowState,
    pub on_hand: Quantity,
    pub reserved: Quantity,
    pub unavailable: Quantity,
    pub incoming: Quantity,
    pub in_transit: Quantity,
    pub safety_stock: Quantity,
    pub reorder_point: Option<Quantity>,
    pub maximum: Option<Quantity>,
    /// The latest `occurred_at` among its entries.
    pub last_occurred_at: Timestamp,
    /// +1 for each entry.
    pub version: i64,
    /// The last event that changed visible figures of the level.
    pub seq: i64,
    pub updated_at: Timestamp,
    /// Time of the last count that has been posted.
    pub counted_at: Option<Timestamp>,
    pub facts: Arc<Facts>,
}

impl Level {
    /// A level that has no row yet.
    pub fn empty(key: LevelKey, id: LevelId, facts: Arc<Facts>) -> Self {
        Self {
            key,
            id,
            row: RowState::New,
            on_hand: Quantity::ZERO,
            reserved: Quantity::ZERO,
            unavailable: Quantity::ZERO,
            incoming: Quantity::ZERO,
            in_transit: Quantity::ZERO,
            safety_stock: Quantity::ZERO,
            reorder_point: None,
            maximum: None,
            last_occurred_at: Timestamp(i64::MIN),
            version: 0,
            seq: 0,
            updated_at: Timestamp(0),
            counted_at: None,
            facts,
        }
    }

    /// `on_hand − unavailable − reserved`.
    pub fn available(&self) -> i64 {
        available(self.on_hand, self.unavailable, self.reserved)
    }
    pub fn status(&self) -> StockStatus {
        status(self.available(), self.reorder_point.or(self.facts.low_stock_threshold), self.maximum)
    }
}

/// `on_hand − unavailable − reserved`.
pub fn available(on_hand: Quantity, unavailable: Quantity, reserved: Quantity) -> i64 {
    on_hand.get() - unavailable.get() - reserved.get()
}

/// OUT_OF_STOCK ≤ 0; CRITICAL ≤ the reorder point (or the product's threshold); LOW ≤ 1.5 × that; OVERSTOCK ≥ the maximum where it is set.
pub fn status(available: i64, reorder_point: Option<Quantity>, maximum: Option<Quantity>) -> StockStatus {
    if available <= 0 {
        return StockStatus::OutOfStock;
    }
    if let Some(point) = reorder_point.map(Quantity::get) {
        if available <= point {
            return StockStatus::Critical;
        }
        if 2 * available <= 3 * point {
            return StockStatus::Low;
        }
    }
    match maximum {
        Some(maximum) if available >= maximum.get() => StockStatus::Overstock,
        _ => StockStatus::Normal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_follows_what_is_available() {
        let q = Quantity::new;
        for (available, expected) in [
            (-1, StockStatus::OutOfStock),
            (0, StockStatus::OutOfStock),
            (1, StockStatus::Critical),
            (5, StockStatus::Critical),
            (6, StockStatus::Low),
            (7, StockStatus::Low),
            (8, StockStatus::Normal),
            (19, StockStatus::Normal),
            (20, StockStatus::Overstock),
        ] {
            assert_eq!(status(available, q(5), q(20)), expected, "{available}");
        }
        assert_eq!(status(1, None, None), StockStatus::Normal);
    }
}
