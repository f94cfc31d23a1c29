//! Sorts of the older lists that take `orderBy` beside `sort`, which mean the same.

mod convert;

use async_graphql::{Enum, InputObject};

pub use self::convert::{UNINDEXED, order_of, rows_sorted};
use crate::{
    catalog::{Direction, ProductOrder, ProductOrderField},
    fulfilment::{FulfilmentWorkOrder, FulfilmentWorkOrderField},
    graphql::directives::cost,
    orders::{OrderOrder, OrderOrderField},
    stock::{StockOrder, StockOrderField},
};

/// Converts sorts into orders: both have a field and a direction.
macro_rules! orders_of_sorts {
    ($($sort:ident => $order:ident),+) => {$(
        impl From<$sort> for $order {
            fn from(sort: $sort) -> Self {
                Self { field: sort.field.into(), direction: sort.direction }
            }
        }
    )+};
}
orders_of_sorts!(
    OrderSort => OrderOrder,
    ProductSort => ProductOrder,
    StockSort => StockOrder,
    FulfilmentWorkSort => FulfilmentWorkOrder
);

/// Sort order of a list of orders; orders with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct OrderSort {
    /// Field by which the orders are sorted.
    pub field: OrderSortField,
    /// Direction of the sort; DESC by default.
    #[graphql(default_with = "Direction::Desc")]
    pub direction: Direction,
}

/// Field by which orders can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "OrderOrderField", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum OrderSortField {
    /// Time at which the order was placed.
    PlacedAt,
    /// Number of the order.
    Number,
    /// Total of the order, in minor units.
    Total,
    /// Time at which the order last changed.
    UpdatedAt,
}

/// Sort order of a list of products; products with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct ProductSort {
    /// Field by which the products are sorted.
    pub field: ProductSortField,
    /// Direction of the sort; ASC by default. RELEVANCE always has the best first.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field by which products can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "ProductOrderField", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ProductSortField {
    /// The SKU, whatever its capitals.
    Sku,
    /// The name, whatever its capitals.
    Name,
    /// Time at which the product was created.
    CreatedAt,
    /// Time of the last change of the product.
    UpdatedAt,
    /// Price, in minor units. Products are sorted by the code of its currency first; those without a price come after all others in ASC, and before them in
    /// DESC.
    Price,
    /// Relevance for `search`, which is required; at most 500 products.
    Relevance,
}

/// Sort order of a list of stock levels; levels with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct StockSort {
    /// Field by which the stock levels are sorted.
    pub field: StockSortField,
    /// Direction of the sort; ASC by default.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field by which stock levels can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "StockOrderField", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum StockSortField {
    /// The product's SKU.
    ProductSku,
    /// The product's name, whatever its capitals.
    ProductName,
    /// The store's code, whatever its capitals. The levels of a store are sorted by the ID of the product.
    StoreCode,
    /// Available quantity.
    #[graphql(directive = cost::apply(UNINDEXED.to_owned()))]
    Available,
    /// Quantity on hand.
    #[graphql(directive = cost::apply(UNINDEXED.to_owned()))]
    OnHand,
    /// Time of the last change of the level.
    #[graphql(directive = cost::apply(UNINDEXED.to_owned()))]
    UpdatedAt,
}

/// Sort order of a list of fulfilment works; works with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct FulfilmentWorkSort {
    /// Field by which the works are sorted.
    pub field: FulfilmentWorkSortField,
    /// Direction of the sort; ASC by default.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field by which fulfilment works can be sorted. More may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "FulfilmentWorkOrderField", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum FulfilmentWorkSortField {
    /// Moment from which the work is due.
    DueAt,
}
