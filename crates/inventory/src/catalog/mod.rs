//! The catalogue: stores, categories, suppliers, product families, products with their barcodes,
//! customers and channels.
//!
//! Floors: `core` (rules), `rows` (queries), `shell` (load → decide → persist, all through one
//! engine, `shell/batch.rs`), `graph` (GraphQL). One change or five hundred take the same steps:
//! each is checked alone, all are decided together against the rows in the database, written in
//! bulk, and published as events. Nothing is deleted; products, stores, categories, suppliers and
//! channels are archived once nothing uses them.

pub mod core;
pub mod events;
pub mod jobs;
pub mod rows;
pub mod shell;

/// Columns whose values lie sealed under the master keys.
pub const SEALED: &[platform::secrets::SealedColumn] = &[platform::secrets::DATA_KEY, platform::secrets::HISTORY_KEY];

pub use shell::{
    Batch, CallOptions, Catalog, Mode, Outcome, begin_tenant, erase_as_system, merged_customers_with_personal_data,
    unmerge_as_system,
};
