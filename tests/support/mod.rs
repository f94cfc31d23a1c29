//! Shared support code of all targets of integration tests. Each compiles it, and calls a part.
#![allow(dead_code, unused_imports, unused_macros, reason = "several targets have it, and each calls a part")]

pub mod databases;
pub mod ports;
pub mod reach;
pub mod receiver;
pub mod redis;
pub mod schema;
pub mod sessions;
pub mod world;
