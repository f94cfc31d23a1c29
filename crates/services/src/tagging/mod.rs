//! Tags and custom data of objects that have none of their own, or only one of the two: `docs/decisions/0222-more-archives.md` and
//! `0227-tags-minimums-and-ready-mails.md`.

pub mod core;
pub mod events;
pub mod rows;
pub mod shell;
