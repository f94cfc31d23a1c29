//! Buckets of tenants: their address, the login that is sealed for them, and the store that they open. Rooms keep a bucket in a
//! row of their own, with the column of its secret.

pub mod core;
mod shell;

pub use shell::{BucketFailure, BucketOpener, BucketRow, failure_of};
