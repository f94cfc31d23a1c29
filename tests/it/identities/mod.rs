//! Idempotency keys and cursors stay valid after a release: they are derived from names of the
//! schema, never from names in Rust.

mod golden;
mod keys;
mod lists;
