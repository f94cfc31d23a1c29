//! Returns in GraphQL: types, lists, inputs, answers.

pub mod connection;
pub mod enums;
pub mod filter;
pub mod loaders;
pub mod nodes;
pub mod query;
pub mod refusal;
pub mod sales_return;
mod dry_run;
pub mod visibility;

pub use connection::{ReturnConnection, ReturnEdge, returns_of_customer};
pub use dry_run::ReturnDryRun;
pub use enums::{Disposition, ReturnStatus};
pub use filter::{ReturnFilter, ReturnSort, ReturnSortField};
pub use loaders::Rows;
pub use nodes::{customer_of_return, load_return};
pub use query::{ReturnRef, ReturnsQuery};
pub use sales_return::{Return, ReturnLine, ReturnMatch, returns_of_order};
