//! Codes that scanners read, in GraphQL.

pub use objects::scan::*;

mod query;
mod result;

pub use query::ScanQuery;
pub use result::{Gs1Element, ScanFormat, ScanMatch, ScanProblem, ScanProblemCode, ScanResult};
