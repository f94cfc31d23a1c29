//! Suggestions from the texts of products: categories, duplicates and clean names, learned from a tenant's own catalogue by the crate `product-text`.

pub mod core;
pub mod rows;
pub mod shell;

pub use shell::Suggestions;

/// The columns of this room that are sealed.
pub const SEALED: &[platform::secrets::SealedColumn] = &[rows::KEY];
