//! Scheduled exports: the contents of their files, and runs with dead workers and unreachable
//! buckets.

mod buckets;
mod failing;
mod place;
mod resume;
mod rights;
mod rows;
mod set;
