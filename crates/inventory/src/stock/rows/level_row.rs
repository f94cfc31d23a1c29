//! A level for lists, and its columns.

use entity::{
    prelude::*,
    record::Record,
    tables::{product, stock_level},
};

use crate::stock::core::{Level, LevelKey, available, status};

/// A stock level as clients see it. Quantities are in the product's smallest unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelRow {
    pub id: LevelId,
    pub key: LevelKey,
    pub on_hand: Quantity,
    pub reserved: Quantity,
    pub unavailable: Quantity,
    pub incoming: Quantity,
    pub in_transit: Quantity,
    pub safety_stock: Quantity,
    pub reorder_point: Option<Quantity>,
    pub maximum: Option<Quantity>,
    pub low_stock_threshold: Option<Quantity>,
    pub version: i64,
    pub seq: i64,
    pub updated_at: Timestamp,
    pub category: Option<CategoryId>,
}

impl LevelRow {
    pub fn available(&self) -> i64 {
        available(self.on_hand, self.unavailable, self.reserved)
    }
    pub fn status(&self) -> StockStatus {
        status(self.available(), self.reorder_point.or(self.low_stock_threshold), self.maximum)
    }
}

impl From<&Level> for LevelRow {
    fn from(level: &Level) -> Self {
        Self {
            id: level.id,
            key: level.key,
            on_hand: level.on_hand,
            reserved: level.reserved,
            unavailable: level.unavailable,
            incoming: level.incoming,
            in_transit: level.in_transit,
            safety_stock: level.safety_stock,
            reorder_point: level.reorder_point,
            maximum: level.maximum,
            low_stock_threshold: level.facts.low_stock_threshold,
            version: level.version,
            seq: level.seq,
            updated_at: level.updated_at,
            category: level.facts.category,
        }
    }
}

/// The columns of a `LevelRow`, of `stock_level l` and `product p`.
#[derive(Record)]
pub(super) struct ListedRow {
    figures: FiguresRow,
    #[record(of = product, alias = "p")]
    low_stock_threshold: Option<Quantity>,
    state: StateRow,
    #[record(of = product, alias = "p")]
    category_id: Option<CategoryId>,
}

#[derive(Record)]
#[record(of = stock_level, alias = "l")]
struct FiguresRow {
    id: LevelId,
    product_id: ProductId,
    store_id: StoreId,
    on_hand: Quantity,
    reserved: Quantity,
    unavailable: Quantity,
    incoming: Quantity,
    in_transit: Quantity,
    safety_stock: Quantity,
    reorder_point: Option<Quantity>,
    maximum: Option<Quantity>,
}

#[derive(Record)]
#[record(of = stock_level, alias = "l")]
struct StateRow {
    version: i64,
    seq: i64,
    updated_at: Timestamp,
}

impl From<ListedRow> for LevelRow {
    fn from(ListedRow { figures, low_stock_threshold, state, category_id }: ListedRow) -> Self {
        Self {
            id: figures.id,
            key: LevelKey { product: figures.product_id, store: figures.store_id },
            on_hand: figures.on_hand,
            reserved: figures.reserved,
            unavailable: figures.unavailable,
            incoming: figures.incoming,
            in_transit: figures.in_transit,
            safety_stock: figures.safety_stock,
            reorder_point: figures.reorder_point,
            maximum: figures.maximum,
            low_stock_threshold,
            version: state.version,
            seq: state.seq,
            updated_at: state.updated_at,
            category: category_id,
        }
    }
}
