//! Background jobs: stored in a table, held by one worker at a time, taken over when that worker is
//! gone.
//!
//! A **standing** job (expiry, sealing, deliveries) exists once for the whole deployment, is held
//! by one worker for as long as the worker lives, and runs again and again. A **queued** job
//! belongs to a tenant: it is inserted in the transaction of the request that needs it, runs until
//! it succeeds, and remains visible as a dead letter if it keeps failing. Leases of jobs, and their
//! loss: `docs/decisions/0060-jobs.md`.

pub mod core;
mod horizon;
mod registry;
mod rows;
mod run;
mod shell;
mod supervisor;
mod queue_order;

pub use horizon::Horizon;
pub use registry::{PeriodicJob, QueuedJobKind, Registry};
pub use rows::{abandon, find_across_tenants, list_across_tenants, release_held_jobs, revive};
pub use run::should_yield;
pub use shell::{
    Failure, JobCounters, Jobs, Lease, Refusal, abandon_all, enqueue, enqueue_once, hold_outgoing, outgoing_hold,
    release_outgoing,
};
pub use supervisor::Terms;
