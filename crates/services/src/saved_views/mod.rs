//! Saved views: queries that are saved under a name and run with the rights of their reader.
//!
//! Documents are checked and run by the operation service of the node, behind a trait of this room.
//! `docs/saved-views.md` describes them.

pub mod core;
pub mod events;
pub mod jobs;
pub mod rows;
pub mod shell;

pub use shell::SavedViews;

/// The sealed columns of saved views.
pub const SEALED: &[platform::secrets::SealedColumn] = &[rows::SECRET];
