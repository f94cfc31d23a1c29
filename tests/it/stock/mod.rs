//! The stock room, tested through the complete schema.

mod digest;
mod digest_face;
mod full_schema;
mod lots;
mod products;
pub mod page;
mod places;
