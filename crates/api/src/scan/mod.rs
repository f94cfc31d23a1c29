//! Codes that scanners read, in GraphQL.

mod kind;
mod query;
mod result;

pub use kind::{SearchKind, allowed, node_id, node_of};
pub use query::ScanQuery;
pub use result::{Gs1Element, ScanFormat, ScanMatch, ScanProblem, ScanProblemCode, ScanResult};
