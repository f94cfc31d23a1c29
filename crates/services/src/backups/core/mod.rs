//! Parts of a backup, and retention of backups. Pure.

pub mod archived;
pub mod file_list;
pub mod manifest;
pub mod pgbackrest;
pub mod points;
pub mod retention;
pub mod revocation;
pub mod schedule;
pub mod scrub;
pub mod sealed;
pub mod segment;
pub mod wal;
