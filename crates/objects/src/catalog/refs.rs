//! References that name an object of the catalogue in queries, and sorts.

use async_graphql::{Enum, ID, InputObject, OneofObject};

use super::page::Direction;

/// Reference to a product: exactly one field.
#[derive(Debug, Clone, OneofObject)]
pub enum ProductRef {
    /// ID of the product.
    Id(ID),
    /// SKU of the product; case is ignored.
    Sku(String),
    /// Barcode of the product or of one of its packs.
    Barcode(String),
}

/// Reference to a store: exactly one field.
#[derive(Debug, Clone, OneofObject)]
pub enum StoreRef {
    /// ID of the store.
    Id(ID),
    /// Code of the store; case is ignored.
    Code(String),
}

/// Reference to a category: exactly one field.
#[derive(Debug, Clone, OneofObject)]
pub enum CategoryRef {
    /// ID of the category.
    Id(ID),
    /// Slug of the category.
    Slug(String),
}

/// Reference to a product family: exactly one field.
#[derive(Debug, Clone, OneofObject)]
pub enum ProductFamilyRef {
    /// ID of the family.
    Id(ID),
    /// Name of the family, as `ProductFamily.name` shows it: of a family in use, or where none is, of one that is archived. Refused where several have it.
    /// Needs product.read.
    Name(String),
}

/// Reference to a supplier: exactly one field.
#[derive(Debug, Clone, OneofObject)]
pub enum SupplierRef {
    /// ID of the supplier.
    Id(ID),
    /// Code of the supplier; case is ignored.
    Code(String),
}

/// Reference to a channel: exactly one field.
#[derive(Debug, Clone, OneofObject)]
pub enum ChannelRef {
    /// ID of the channel.
    Id(ID),
    /// Code of the channel; case is ignored.
    Code(String),
}

/// Reference to a customer: exactly one field.
#[derive(Debug, Clone, OneofObject)]
pub enum CustomerRef {
    /// ID of the customer.
    Id(ID),
    /// Reference of the customer in an external system.
    ExternalRef(String),
    /// E-mail address of the customer; case is ignored. Refused where several customers have it. Needs customer.contact.read.
    Email(String),
}

/// Sort order of a list of products.
#[derive(Debug, Clone, InputObject)]
pub struct ProductOrder {
    /// The value.
    pub field: ProductOrderField,
    /// The direction; RELEVANCE always has the best first. Default ASC.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field by which products are sorted; ties are ordered by ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ProductOrderField {
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
