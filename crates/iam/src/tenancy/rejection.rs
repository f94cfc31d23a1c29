//! Reasons to refuse a change of a tenant's settings, and the settings that have a range.

use platform::stages::{Stage, Staged};

/// Reason to refuse settings. `objects/src/tenancy.rs` gives each reason its code, text and path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    Stale {
        actual: i64,
    },
    NoName,
    NameTooLong {
        most: usize,
    },
    /// A name with control characters.
    OddName,
    Currency,
    CurrencyInUse,
    TimeZone,
    OutOfRange {
        field: Field,
        least: i64,
        most: i64,
    },
    PasswordLength,
    /// The limit is of another currency than the books.
    ApprovalCurrency(String),
    ApprovalNegative,
    /// Books are closed through a day that is over.
    DayNotOver,
}

impl Staged for Rejection {
    fn stage(&self) -> Stage {
        match self {
            Self::NoName | Self::NameTooLong { .. } | Self::OddName | Self::Currency | Self::TimeZone => Stage::Shape,
            Self::OutOfRange { .. }
            | Self::PasswordLength
            | Self::ApprovalCurrency(_)
            | Self::ApprovalNegative
            | Self::DayNotOver => Stage::Value,
            Self::Stale { .. } | Self::CurrencyInUse => Stage::State,
        }
    }
}

/// A setting with a range: in seconds, and of anomalies in units and days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    ReservationSeconds,
    SessionIdleSeconds,
    SessionSeconds,
    AnomalySize,
    DuplicateReceiptDays,
    AnomalyLossUnits,
    AnomalyLossAmount,
    AnomalyReversals,
    AnomalyShortCounts,
    AnomalyDuplicateMinutes,
    AnomalyUnmovedDays,
}
