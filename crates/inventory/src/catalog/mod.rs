//! The catalogue: stores, categories, suppliers, product families, products with their barcodes, customers and channels.
//!
//! Floors: `core` (rules), `rows` (queries), `shell` (load → decide → persist, all through one engine, `shell/batch.rs`), `graph` (GraphQL).
//! One change or five hundred go the same way: checked by themselves, decided together against what the database knows, written in bulk,
//! told as events. Nothing is deleted; products, stores, categories, suppliers and channels are archived once nothing ties them.

pub mod core;
pub mod events;
pub mod jobs;
pub mod rows;
pub mod shell;

/// Columns whose values lie sealed under the master keys.
pub const SEALED: &[platform::secrets::SealedColumn] = &[platform::secrets::DATA_KEY, platform::secrets::HISTORY_KEY];

pub use shell::{Ask, Batch, Catalog, Mode, Outcome, begin_tenant, forget_as_system, merged_and_known, unmerge_as_system};
