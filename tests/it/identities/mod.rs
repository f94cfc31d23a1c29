//! What clients keep outlasts a release: idempotency keys and cursors rest on the words of the schema, never on Rust.

mod golden;
mod keys;
mod lists;
