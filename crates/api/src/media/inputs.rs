//! Inputs for pictures and documents of products.

use async_graphql::{ID, InputObject};
use platform::path;

use crate::{catalog::ProductRef, graphql::scalars::Long, references::Names};

/// A picture for a product.
#[derive(Debug, Clone, InputObject)]
pub struct ProductImageAddInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Deprecated form of `product`: its ID.
    #[graphql(deprecation = "2026-11-26: use product. Removed after 2027-11-26.")]
    pub product_id: Option<ID>,
    /// The product; it has at most 20 pictures. Required, unless the deprecated `productId` is given.
    pub product: Option<ProductRef>,
    /// The file: one of yours, with the purpose IMAGE, whose bytes have come, and which belongs to nothing yet.
    pub file_id: ID,
    /// Alternative text of the picture, for readers who cannot see it; at most 500 characters. Empty by default.
    #[graphql(default)]
    pub alt: String,
    /// Position among the product's pictures, from 1. Null for the last.
    pub position: Option<Long>,
}

impl ProductImageAddInput {
    pub fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"]).required(("product", self.product.take()), ("productId", &mut self.product_id))
    }
}

/// A picture that is not wanted any more.
#[derive(Debug, Clone, InputObject)]
pub struct ProductImageRemoveInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The picture.
    pub id: ID,
}

/// New order of a product's pictures.
#[derive(Debug, Clone, InputObject)]
pub struct ProductImageReorderInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Deprecated form of `product`: its ID.
    #[graphql(deprecation = "2026-11-26: use product. Removed after 2027-11-26.")]
    pub product_id: Option<ID>,
    /// The product. Required, unless the deprecated `productId` is given.
    pub product: Option<ProductRef>,
    /// Pictures that come first, in this order; the others follow as they were.
    pub image_ids: Vec<ID>,
}

impl ProductImageReorderInput {
    pub fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"]).required(("product", self.product.take()), ("productId", &mut self.product_id))
    }
}

/// A document for a product.
#[derive(Debug, Clone, InputObject)]
pub struct ProductDocumentAddInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Deprecated form of `product`: its ID.
    #[graphql(deprecation = "2026-11-26: use product. Removed after 2027-11-26.")]
    pub product_id: Option<ID>,
    /// The product; it has at most 20 documents. Required, unless the deprecated `productId` is given.
    pub product: Option<ProductRef>,
    /// The file: one of yours, with the purpose DOCUMENT, whose bytes have come, and which belongs to nothing yet.
    pub file_id: ID,
    /// Title of the document, such as Data sheet; at most 200 characters.
    pub title: String,
}

impl ProductDocumentAddInput {
    pub fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"]).required(("product", self.product.take()), ("productId", &mut self.product_id))
    }
}

/// A document that is not wanted any more.
#[derive(Debug, Clone, InputObject)]
pub struct ProductDocumentRemoveInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The document.
    pub id: ID,
}
