//! What both targets of integration tests, `tests/it` and `tests/servers`, are made with. Each compiles it: what only one of them calls is
//! dead code in the other, and belongs to that one.

pub mod databases;
pub mod ports;
pub mod reach;
pub mod receiver;
pub mod redis;
pub mod schema;
pub mod sessions;
pub mod world;
