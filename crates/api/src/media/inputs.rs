//! What is asked of products' pictures and documents.

use async_graphql::{ID, InputObject};

use crate::graphql::scalars::Long;

/// A picture for a product.
#[derive(Debug, Clone, InputObject)]
pub struct ProductImageAddInput {
    /// The same key and input give the same answer again.
    pub idempotency_key: String,
    /// The product; it has at most 20 pictures.
    pub product_id: ID,
    /// The file: one of yours, with the purpose IMAGE, whose bytes have come, and which belongs to nothing yet.
    pub file_id: ID,
    /// What it shows, in words for who cannot see it; at most 500 characters.
    #[graphql(default)]
    pub alt: String,
    /// Its place among the product's pictures, from 1 on; the last when left out.
    pub position: Option<Long>,
}

/// A picture that is not wanted any more.
#[derive(Debug, Clone, InputObject)]
pub struct ProductImageRemoveInput {
    /// The same key and input give the same answer again.
    pub idempotency_key: String,
    /// The picture.
    pub id: ID,
}

/// Another order of a product's pictures.
#[derive(Debug, Clone, InputObject)]
pub struct ProductImageReorderInput {
    /// The same key and input give the same answer again.
    pub idempotency_key: String,
    /// The product.
    pub product_id: ID,
    /// Pictures that come first, in this order; the others follow as they were.
    pub image_ids: Vec<ID>,
}

/// A document for a product.
#[derive(Debug, Clone, InputObject)]
pub struct ProductDocumentAddInput {
    /// The same key and input give the same answer again.
    pub idempotency_key: String,
    /// The product; it has at most 20 documents.
    pub product_id: ID,
    /// The file: one of yours, with the purpose DOCUMENT, whose bytes have come, and which belongs to nothing yet.
    pub file_id: ID,
    /// What it is, in words, as in Data sheet; at most 200 characters.
    pub title: String,
}

/// A document that is not wanted any more.
#[derive(Debug, Clone, InputObject)]
pub struct ProductDocumentRemoveInput {
    /// The same key and input give the same answer again.
    pub idempotency_key: String,
    /// The document.
    pub id: ID,
}
