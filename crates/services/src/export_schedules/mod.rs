//! Scheduled exports: a run writes the rows of the events since the run before as files, followed
//! by a manifest, into the deployment's store or a bucket of the tenant's.
//! `docs/export-schedules.md` describes them, `docs/decisions/0175` has the reasons.

pub mod core;
pub mod events;
pub mod jobs;
pub mod rows;
pub mod shell;

pub use shell::ExportSchedules;

/// The sealed columns of this room.
pub const SEALED: &[platform::secrets::SealedColumn] = &[rows::SECRET];
