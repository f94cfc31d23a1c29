//! The texts of products, and the categories that somebody refused for them.

mod products;
mod refusals;
mod texts;

pub use products::{Wanted, page};
pub use refusals::{has_category, has_product, refuse, refused};
pub use texts::{examples, names};
