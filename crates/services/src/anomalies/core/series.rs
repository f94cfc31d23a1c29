//! Series: the active days of a product in a store, for one kind of movement.

use entity::prelude::*;

/// Movements of one kind, of one product in one store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesKey {
    pub store: StoreId,
    pub product: ProductId,
    pub kind: AnomalyKind,
}

/// A day with activity, in the product's smallest units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesDay {
    pub date: i32,
    pub units: i64,
    pub largest_line: i64,
}

/// The last active days of a series, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    pub key: SeriesKey,
    /// Decimals of the product's unit.
    pub decimals: i32,
    /// Cost of a whole unit.
    pub cost: Option<Money>,
    pub days: Vec<SeriesDay>,
}
