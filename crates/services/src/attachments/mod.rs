//! Files attached to objects of every kind, with their maker and name. The module `files` has their
//! bytes, limits and links. `docs/decisions/0183-attachments.md`.

pub mod core;
pub mod events;
pub mod rows;
pub mod shell;
