//! Pictures and documents of products.
//!
//! A picture is a row that gives a file a product, a place among its pictures and words for who cannot see it; the bytes, their small versions and
//! their links are the files' room's. Which pictures a product has is changed behind the tenant's counter, one change after the other.
//! `docs/decisions/0088-bulk-and-media.md`.

pub mod core;
pub mod events;
pub mod rows;
mod shell;

pub use shell::{Media, MediaError, NewDocument, NewImage, ProductMedia, Written};
