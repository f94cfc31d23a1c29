//! Sorts of the older lists that take `orderBy` beside `sort`, which mean the same; and the
//! conversion of an input into the sort of rows.

use async_graphql::{Enum, InputObject};
use platform::path;

use crate::{
    catalog::{Direction, ProductOrder, ProductOrderField},
    fulfilment::{FulfilmentWorkOrder, FulfilmentWorkOrderField},
    graphql::{
        directives::cost,
        fault::{Answer, TopError},
    },
    orders::{OrderOrder, OrderOrderField},
    stock::{StockOrder, StockOrderField},
};

/// The points of a sort that no index has, in a table that grows: all rows that pass are read and sorted for each page. `tests/it/plans` finds a sort that
/// has neither an index nor these points.
pub const UNINDEXED: &str = "5";

/// The order of a list, from the argument of either name.
///
/// # Errors
/// Both arguments are given.
pub fn order_of<O>(order_by: Option<O>, sort: Option<impl Into<O>>) -> Answer<Option<O>> {
    match (order_by, sort) {
        (Some(_), Some(_)) => Err(TopError::bad_input("sort or orderBy is expected, not both", path!["sort"])),
        (order_by, sort) => Ok(sort.map(Into::into).or(order_by)),
    }
}

/// Converts an input with a field and a direction into the sort of rows.
#[macro_export]
macro_rules! rows_sorted {
    ($sort:ident => $sorted:ty) => {
        $crate::sorts::rows_sorted!(from $sort => $sorted);
        impl $sort {
            /// The requested order of a list, or else its default.
            pub fn sorted(sort: Option<Self>) -> $sorted {
                sort.map(<$sorted>::from).unwrap_or_default()
            }
        }
    };
    (from $sort:ident => $sorted:ty) => {
        impl From<$sort> for $sorted {
            fn from(sort: $sort) -> Self {
                Self { by: sort.field.into(), descending: sort.direction == $crate::catalog::Direction::Desc }
            }
        }
    };
}
pub use rows_sorted;

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
