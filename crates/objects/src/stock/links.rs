//! The catalogue's objects that stock refers to.

pub use crate::orders::links::{channel, product, store};
