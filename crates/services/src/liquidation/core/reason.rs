//! Reasons to list stock, and assumptions of an action, as texts and figures.

use serde::{Deserialize, Serialize};

/// Subject of a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReasonCode {
    NoSale,
    LongSupply,
    SlowVelocity,
    Expires,
    NoDemandSeen,
    NoPrice,
    NoCost,
    SellsElsewhere,
    UnderWay,
    ResponseShown,
    ResponseNotShown,
    BundleAssumed,
    UnitsRemain,
}

/// A reason in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub code: ReasonCode,
    pub text: String,
}

impl Reason {
    pub const fn new(code: ReasonCode, text: String) -> Self {
        Self { code, text }
    }
}
