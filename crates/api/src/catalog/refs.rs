//! How queries name one thing, and how they sort.

use async_graphql::{Enum, ID, InputObject, OneofObject};

use super::page::Direction;

/// A product by what is known of it: exactly one.
#[derive(Debug, Clone, OneofObject)]
pub enum ProductRef {
    /// By its id.
    Id(ID),
    /// By its SKU, in any spelling of capitals.
    Sku(String),
    /// By a code printed on it or on a pack of it.
    Barcode(String),
}

/// A store by what is known of it: exactly one.
#[derive(Debug, Clone, OneofObject)]
pub enum StoreRef {
    /// By its id.
    Id(ID),
    /// By its code, in any spelling of capitals.
    Code(String),
}

/// A category by what is known of it: exactly one.
#[derive(Debug, Clone, OneofObject)]
pub enum CategoryRef {
    /// By its id.
    Id(ID),
    /// By its slug.
    Slug(String),
}

/// A supplier by what is known of it: exactly one.
#[derive(Debug, Clone, OneofObject)]
pub enum SupplierRef {
    /// By its id.
    Id(ID),
    /// By its code, in any spelling of capitals.
    Code(String),
}

/// A channel by what is known of it: exactly one.
#[derive(Debug, Clone, OneofObject)]
pub enum ChannelRef {
    /// By its id.
    Id(ID),
    /// By its code, in any spelling of capitals.
    Code(String),
}

/// A customer by what is known of it: exactly one.
#[derive(Debug, Clone, OneofObject)]
pub enum CustomerRef {
    /// By its id.
    Id(ID),
    /// By the caller's own key.
    ExternalRef(String),
}

/// What a list of products is sorted by.
#[derive(Debug, Clone, InputObject)]
pub struct ProductOrder {
    /// The value.
    pub field: ProductOrderField,
    /// The direction; RELEVANCE always has the best first.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// What products can be sorted by; the id breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ProductOrderField {
    /// The SKU, whatever its capitals.
    Sku,
    /// The name, whatever its capitals.
    Name,
    /// When it was created.
    CreatedAt,
    /// When it last changed.
    UpdatedAt,
    /// How well it fits `search`, which must be given; at most 500 products.
    Relevance,
}
