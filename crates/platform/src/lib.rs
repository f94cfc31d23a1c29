//! What every room stands on and that knows none of them: the clock, the database, secrets, jobs, the journal's followers.
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
/// What a node can say of itself in numbers.
pub mod metrics;
/// How much anyone may ask for: token buckets, in this process or in Redis for all nodes.
pub mod rate_limit;
/// How long things took, as spans that a collector joins.
pub mod traces;
/// What took long, for the log.
pub mod slow;
/// The one door to the database: tenants' rows, transactions, group commit, journal, idempotency.
pub mod storage;
/// Refusals of a call: those of the first stage that has any, and what else stops it.
pub mod stages;
/// Keyset pages: checked requests, signed cursors.
pub mod paging;
/// Fields sealed under a ring of master keys.
pub mod secrets;
/// Master data, remembered beside the database and never older than the moment of asking.
pub mod cache;
/// Who did what, chained so that it stays what it was.
pub mod audit;
/// Work of the processor beside what waits.
pub mod blocking;
/// Work that nobody waits for, shared by workers that may die.
pub mod jobs;
/// From the journal to whoever follows it.
pub mod realtime;
