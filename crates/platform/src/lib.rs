//! Base of all rooms, independent of each: the clock, the database, secrets, jobs, the journal's
//! followers.
//!
//! Rooms, in reading order: each names only those before it.

mod path;

/// Counts with their nouns, in texts for people.
pub mod plurals;
/// Texts inside HTML and SVG.
pub mod markup;
/// Days and months in numbers.
pub mod calendar;
/// The only place that reads the time and draws randomness.
pub mod clock;
/// Metrics of a node.
pub mod metrics;
/// Rate limits: token buckets, in this process or in Redis for all nodes.
pub mod rate_limit;
/// Durations as spans that a collector joins.
pub mod traces;
/// Slow operations and statements, for the log.
pub mod slow;
/// The only access to the database: tenants' rows, transactions, group commit, journal,
/// idempotency.
pub mod storage;
/// Refusals of a call, reported for the first stage that has any, and faults.
pub mod stages;
/// Keyset pages: checked requests, signed cursors.
pub mod paging;
/// Fields sealed under a ring of master keys.
pub mod secrets;
/// Cache of master data, never older than the moment of the read.
pub mod cache;
/// Log of actions with their actors, chained so that a later change is detected.
pub mod audit;
/// CPU-bound work beside asynchronous tasks.
pub mod blocking;
/// Priority of threads that compute beside requests.
pub mod priority;
/// Background jobs, shared by workers that may die.
pub mod jobs;
/// Delivery of events from the journal to followers.
pub mod realtime;
