//! Work that nobody waits for: kept in a table, held by one worker at a time, taken over when that worker is gone.
//!
//! A **standing** job (expiry, sealing, deliveries) is there once for the whole deployment, is held by one worker for as long as it lives, and
//! runs again and again. A **queued** job is somebody's: it is put down in the transaction of what asked for it, runs until it succeeds, and
//! one that goes on failing stays in sight as a dead letter. How a worker holds a job and loses it: `docs/decisions/0060-jobs.md`.

pub mod core;
mod horizon;
mod registry;
mod rows;
mod run;
mod shell;
mod supervisor;
mod turns;

pub use horizon::Horizon;
pub use registry::{PeriodicJob, Queued, Registry};
pub use rows::{abandon, find_anywhere, let_go, list_anywhere, revive};
pub use run::is_asked_to_yield;
pub use shell::{
    Failure, JobCounters, Jobs, Lease, Refusal, abandon_all, enqueue, enqueue_once, hold_outgoing, outgoing_hold,
    release_outgoing,
};
pub use supervisor::Terms;
