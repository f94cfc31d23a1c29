//! The resolvers of the objects, which lead to one another in circles, compiled.
//!
//! Their source is in `objects`. They are compiled here so that no rustc holds both what it knows of the source and what it generates
//! (`docs/decisions/0386`). `trade` and `analysis` name this crate, and take what it has.

#[cfg(debug_assertions)]
pub mod compiled;
