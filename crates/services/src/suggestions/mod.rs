//! Suggestions from the texts of products: categories, duplicates and clean names, trained on a
//! tenant's own catalogue by the crate `product-text`.

pub mod core;
pub mod rows;
pub mod shell;

pub use shell::Suggestions;

/// The sealed columns of this room.
pub const SEALED: &[platform::secrets::SealedColumn] = &[rows::KEY];
