//! Hints about an accepted edit that should be reviewed.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Hint {
    /// The destination country has changed, and the charges have not.
    ChargesUnchanged,
    /// The price of a line has changed, and its tax was not stated again.
    TaxUnchanged,
}

impl Hint {
    pub const fn code(self) -> &'static str {
        match self {
            Self::ChargesUnchanged => "CHARGES_UNCHANGED",
            Self::TaxUnchanged => "TAX_UNCHANGED",
        }
    }
}
