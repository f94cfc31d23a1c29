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
    /// Difference from an earlier figure; None if their kinds differ.
    pub fn difference_from(self, before: Self) -> Option<Self> {
        match (self, before) {
            (Self::Count(now), Self::Count(before)) => now.checked_sub(before).map(Self::Count),
            (Self::Minor(now), Self::Minor(before)) => now.checked_sub(before).map(Self::Minor),
            (Self::Ratio(now), Self::Ratio(before)) => Some(Self::Ratio(now - before)),
            _ => None,
        }
    }
    /// The difference divided by the absolute value of the earlier figure; None if that was 0.
    pub fn growth_rate(self, before: Self) -> Option<f64> {
        ratio(self.difference_from(before)?.number(), before.number().abs())
    }
}
