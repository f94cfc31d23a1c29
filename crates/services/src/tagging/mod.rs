//! Tags and custom data of objects that have none of their own: stores, suppliers, purchase orders and transfers.
//! `docs/decisions/0222-more-archives.md`.

pub mod core;
pub mod events;
pub mod rows;
pub mod shell;
