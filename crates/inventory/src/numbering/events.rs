//! Events of numbers' patterns.

use iam::access::{code, kind};
use platform::storage::events::{PayloadVisibility, Terms};
use serde::{Deserialize, Serialize};

platform::events! {
    /// Patterns of documents' numbers.
    NUMBER_PATTERN: NumberPatternSet = Terms { permission: code::<kind::TenantWrite>(), shown: PayloadVisibility::Whole, stream: None } => {
        NUMBER_PATTERN_SET "number_pattern.set",
    }
}

/// A pattern that was set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NumberPatternSet {
    /// Kind in the clients' notation, as in `PURCHASE_ORDER`.
    pub kind: String,
    pub pattern: String,
    /// The first number that has the pattern.
    pub from_number: i64,
}
