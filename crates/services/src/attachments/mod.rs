//! Files attached to objects of every kind: who attached them, under which name. Bytes, limits and links are the files' room's.
//! `docs/decisions/0183-attachments.md`.

pub mod core;
pub mod events;
pub mod rows;
pub mod shell;
