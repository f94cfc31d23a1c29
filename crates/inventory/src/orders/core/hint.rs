//! What is true of an edit, not refused, and worth a look.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Hint {
    /// It goes to another country now, and its charges are as they were.
    ChargesUnchanged,
    /// A line has another price, and its tax was not said anew.
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
