//! Goods on their way from one store to another: asked for, held, sent, received in parts, and what was lost on the way.
pub mod core;
pub mod events;
pub mod rows;
