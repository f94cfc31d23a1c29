//! The stock room through the whole schema.

mod digest;
mod digest_face;
mod full_schema;
mod lots;
mod products;
pub mod page;
mod places;
