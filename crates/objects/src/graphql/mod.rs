//! What every room's face shares: the crate `graphql`, and here what names objects of faces (a refusal shows the row that is in the way).

pub use ::graphql::*;

pub mod abstract_type;
pub mod canonical;
pub mod dry_run;
pub mod once;
pub mod payload;
pub mod reading;
pub mod refusal;
pub mod step;
