//! Notes on objects of every kind: their author, audience, mentions and earlier texts.

pub mod core;
pub mod events;
pub mod rows;
pub mod shell;
