//! GraphQL helpers of all rooms: the crate `graphql`, and here those that name types of rooms (a
//! refusal returns the row that conflicts).

pub use ::graphql::*;

pub mod abstract_type;
pub mod canonical;
pub mod dry_run;
pub mod error_code;
pub mod once;
pub mod payload;
pub mod reading;
pub mod refusal;
pub mod step;
