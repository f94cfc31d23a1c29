//! Saved views: queries that are kept under a name and run with the rights of whoever reads them.
//!
//! Documents are looked at and run by the operation service of the node, which this room knows as a trait. `docs/saved-views.md` has it in plain words.

pub mod core;
pub mod events;
pub mod jobs;
pub mod rows;
pub mod shell;

pub use shell::SavedViews;
