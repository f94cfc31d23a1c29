//! Figures of the report builder.

use forecast::ratios::ratio;

/// A figure of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Figure {
    /// Units, documents, lines or days.
    Count(i64),
    /// Minor units.
    Minor(i64),
    /// A share, or an average in minor units.
    Ratio(f64),
}

impl Figure {
    pub const fn number(self) -> f64 {
        match self {
            Self::Count(number) | Self::Minor(number) => number as f64,
            Self::Ratio(number) => number,
        }
    }
    /// By how much it is more than an earlier one; None of two kinds.
    pub fn less(self, before: Self) -> Option<Self> {
        match (self, before) {
            (Self::Count(now), Self::Count(before)) => now.checked_sub(before).map(Self::Count),
            (Self::Minor(now), Self::Minor(before)) => now.checked_sub(before).map(Self::Minor),
            (Self::Ratio(now), Self::Ratio(before)) => Some(Self::Ratio(now - before)),
            _ => None,
        }
    }
    /// The change by the earlier figure's size; None where that was 0.
    pub fn grown(self, before: Self) -> Option<f64> {
        ratio(self.less(before)?.number(), before.number().abs())
    }
}
