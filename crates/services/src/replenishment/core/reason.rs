//! Reasons for a proposed line, as texts and figures.

use serde::{Deserialize, Serialize};

/// Subject of a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReasonCode {
    BelowPoint,
    ReviewDay,
    Owed,
    DefaultPolicy,
    FewErrors,
    NoForecast,
    Extrapolated,
    CappedBySales,
    CorrectedService,
    AssumedLead,
    SupplierCalendar,
    InDrafts,
    MovedFirst,
    Minimum,
    ShelfLife,
    PriceBreak,
    Pack,
    LargePack,
    NoSupplier,
    Surplus,
    FilledUp,
    BelowMinimum,
    TransportTooDear,
    NotNeeded,
    Weekdays,
    FewSales,
    Liquidated,
    PartOfKits,
}

/// A reason with the numbers that its text names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    pub code: ReasonCode,
    pub text: String,
    pub numbers: Vec<(String, f64)>,
}

impl Reason {
    pub fn new(code: ReasonCode, text: String, numbers: &[(&str, f64)]) -> Self {
        Self { code, text, numbers: numbers.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect() }
    }
}

/// Smallest units as whole ones, without zeros at the end.
pub(super) fn format_units(units: i64, decimals: u8) -> String {
    let scale = 10_i64.saturating_pow(decimals.into());
    if scale <= 1 || units % scale == 0 {
        return (units / scale.max(1)).to_string();
    }
    let sign = if units < 0 { "-" } else { "" };
    let (whole, rest) = (units.unsigned_abs() / scale.unsigned_abs(), units.unsigned_abs() % scale.unsigned_abs());
    let rest = format!("{rest:0width$}", width = usize::from(decimals));
    format!("{sign}{whole}.{}", rest.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::format_units;

    #[test]
    fn units_are_shown_as_people_count_them() {
        assert_eq!(
            [format_units(60, 0), format_units(12_000, 3), format_units(1_250, 3), format_units(-50, 3)],
            ["60", "12", "1.25", "-0.05"]
        );
    }
}
