//! The catalogue's objects that stock refers to.

pub use crate::orders::graph::links::{channel, product, store};
