//! The texts of products, refused categories and tags, confirmed names, and the endpoint that
//! proposes descriptions.

mod endpoint;
mod products;
mod refusals;
mod texts;

pub use endpoint::{KEY, consume_daily_call, endpoint, set_endpoint};
pub use products::{MissingField, ProductSelection, page, source};
pub use refusals::{
    confirm_names, confirmed_names, existing_categories, existing_products, refuse, refuse_tags, refused_category_ids,
    refused_tags,
};
pub use texts::{examples, load_tagged_examples, names};
