//! GraphQL enums of the catalogue.

use async_graphql::Enum;

/// Kind of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::prelude::StoreKind", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum StoreKind {
    /// Customers buy here.
    Shop,
    /// Stock is kept and sent from here.
    Warehouse,
    /// The store is no physical place, such as the stock of a drop shipper or a marketplace.
    Virtual,
}

/// Status of a product in its life cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::prelude::ProductStatus", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ProductStatus {
    /// The product is not offered yet.
    Draft,
    /// The product is on sale.
    Active,
    /// The product is no longer used; it is kept for the ledger and for old orders.
    Archived,
}

/// Stock policy of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::prelude::StockPolicy", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum StockPolicy {
    /// Counted; never promised beyond what is there.
    Tracked,
    /// A service: no stock is kept.
    Untracked,
    /// Goods may be promised beyond stock; on hand is still never negative.
    Backorder,
}

/// Tracking of a product's stock below the level. Fixed after the first movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "entity::prelude::Tracking", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum Tracking {
    /// The units are not distinguished.
    None,
    /// Lots: batches with a code and dates.
    Lot,
    /// Serial numbers: lots of one unit.
    Serial,
}
