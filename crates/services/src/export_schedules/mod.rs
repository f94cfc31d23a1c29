//! Exports that go on by themselves: by a schedule, what events have brought since the run before is written as files into the deployment's store or a
//! bucket of the tenant's, and a manifest behind them. `docs/export-schedules.md` has it in plain words, `docs/decisions/0175` says why.

pub mod core;
pub mod events;
pub mod jobs;
pub mod rows;
pub mod shell;

pub use shell::ExportSchedules;

/// The columns of this room that are sealed.
pub const SEALED: &[platform::secrets::SealedColumn] = &[rows::SECRET];
