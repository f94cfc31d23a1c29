//! Notes on objects of every kind: who wrote them, for whose eyes, whom they mention, and how they read before.

pub mod core;
pub mod events;
pub mod rows;
pub mod shell;
