//! The texts of products, the categories and tags that somebody refused for them, names that somebody found right, and the endpoint that proposes descriptions.

mod endpoint;
mod products;
mod refusals;
mod texts;

pub use endpoint::{KEY, endpoint, set_endpoint, take_call};
pub use products::{Lacking, Wanted, page, source};
pub use refusals::{known_categories, known_products, refuse, refuse_names, refuse_tags, refused, refused_tags, right_names};
pub use texts::{examples, names, tagged};
