//! Moments, as both databases keep them.

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

/// Microseconds since 1970-01-01T00:00:00Z: one 64-bit column that sorts the same in SQLite and Postgres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, DeriveValueType)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    pub const fn micros(self) -> i64 {
        self.0
    }
    /// Saturating, as a limit in the far future is still a limit.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }
}

/// A calendar day as days since 1970-01-01, in the time zone of its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, DeriveValueType)]
#[serde(transparent)]
pub struct Day(pub i32);
