//! Counts of a product's smallest unit.

use std::fmt;

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// The largest integer that JSON numbers carry exactly everywhere: 2^53 − 1.
pub const MAX_SAFE: i64 = (1 << 53) - 1;

/// An integer in the product's smallest unit (the unit knows its decimals), within ±(2^53 − 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, DeriveValueType)]
#[serde(transparent)]
pub struct Quantity(i64);

impl Quantity {
    pub const ZERO: Self = Self(0);
    pub const ONE: Self = Self(1);

    /// `None` outside of ±(2^53 − 1).
    pub const fn new(value: i64) -> Option<Self> {
        if value >= -MAX_SAFE && value <= MAX_SAFE { Some(Self(value)) } else { None }
    }
    pub const fn get(self) -> i64 {
        self.0
    }
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        Self::new(self.0 + other.0)
    }
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        Self::new(self.0 - other.0)
    }
    #[must_use]
    pub const fn negated(self) -> Self {
        Self(-self.0)
    }
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
