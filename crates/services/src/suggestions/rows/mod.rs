//! The texts of products, and the categories and tags that somebody refused for them.

mod products;
mod refusals;
mod texts;

pub use products::{Lacking, Wanted, page};
pub use refusals::{has_category, has_product, refuse, refuse_tags, refused, refused_tags};
pub use texts::{examples, names, tagged};
