//! Pictures and documents of products.
//!
//! A picture is a row that connects a file with a product, a position among its pictures, and an
//! alternative text; `files` keeps the bytes, their small versions and their links. Changes of a
//! product's pictures are serialized by the tenant's counter.
//! `docs/decisions/0088-bulk-and-media.md`.

pub mod core;
pub mod events;
pub mod rows;
mod shell;

pub use shell::{Media, MediaChange, MediaError, NewDocument, NewImage, ProductMedia};
