//! Sizes from which patterns are shown as anomalies, as set by the tenant.

use super::rejection::{Field, Rejection};

/// Limits of patterns; None is the default of the detector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PatternLimits {
    /// Whole units of an order line below its cost.
    pub loss_units: Option<i64>,
    /// Loss on the line, in whole units of its currency.
    pub loss_amount: Option<i64>,
    /// Returns and cancellations of a person.
    pub reversals: Option<i64>,
    /// Counts in a row that all miss units.
    pub short_counts: Option<i64>,
    /// Minutes between equal orders of a customer.
    pub duplicate_minutes: Option<i64>,
    /// Days that stock has not moved for.
    pub unmoved_days: Option<i64>,
}

/// Changes to the limits; a field that is None stays, and `Some(None)` resets to the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PatternChange {
    pub loss_units: Option<Option<i64>>,
    pub loss_amount: Option<Option<i64>>,
    pub reversals: Option<Option<i64>>,
    pub short_counts: Option<Option<i64>>,
    pub duplicate_minutes: Option<Option<i64>>,
    pub unmoved_days: Option<Option<i64>>,
}

pub const LOSS_UNITS_RANGE: (i64, i64) = (1, 1_000_000);
pub const LOSS_AMOUNT_RANGE: (i64, i64) = (1, 1_000_000);
/// At least 2: a single return is no pattern.
pub const REVERSALS_RANGE: (i64, i64) = (2, 10_000);
/// At least 2: a single count is no series.
pub const SHORT_COUNTS_RANGE: (i64, i64) = (2, 20);
pub const DUPLICATE_MINUTES_RANGE: (i64, i64) = (1, 24 * 60);
/// A month, and two years.
pub const UNMOVED_DAYS_RANGE: (i64, i64) = (30, 730);

impl PatternLimits {
    /// Returns the limits after a change; rejections are added to `rejections`.
    #[must_use]
    pub fn apply_change(self, change: &PatternChange, rejections: &mut Vec<Rejection>) -> Self {
        let mut checked_value = |limit: Option<i64>, field: Field, (least, most): (i64, i64)| {
            if limit.is_some_and(|limit| !(least..=most).contains(&limit)) {
                rejections.push(Rejection::OutOfRange { field, least, most });
            }
            limit
        };
        let loss_units = change.loss_units.unwrap_or(self.loss_units);
        let loss_amount = change.loss_amount.unwrap_or(self.loss_amount);
        let reversals = change.reversals.unwrap_or(self.reversals);
        let short_counts = change.short_counts.unwrap_or(self.short_counts);
        let duplicate_minutes = change.duplicate_minutes.unwrap_or(self.duplicate_minutes);
        let unmoved_days = change.unmoved_days.unwrap_or(self.unmoved_days);
        Self {
            loss_units: checked_value(loss_units, Field::AnomalyLossUnits, LOSS_UNITS_RANGE),
            loss_amount: checked_value(loss_amount, Field::AnomalyLossAmount, LOSS_AMOUNT_RANGE),
            reversals: checked_value(reversals, Field::AnomalyReversals, REVERSALS_RANGE),
            short_counts: checked_value(short_counts, Field::AnomalyShortCounts, SHORT_COUNTS_RANGE),
            duplicate_minutes: checked_value(duplicate_minutes, Field::AnomalyDuplicateMinutes, DUPLICATE_MINUTES_RANGE),
            unmoved_days: checked_value(unmoved_days, Field::AnomalyUnmovedDays, UNMOVED_DAYS_RANGE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_patterns_change_within_their_ranges() {
        let own = PatternLimits { loss_units: Some(9), unmoved_days: Some(90), ..PatternLimits::default() };
        let change = PatternChange { loss_units: Some(None), reversals: Some(Some(25)), ..PatternChange::default() };
        let next = PatternLimits { loss_units: None, reversals: Some(25), ..own };
        let mut found = Vec::new();
        assert_eq!((own.apply_change(&change, &mut found), found.len()), (next, 0), "what is not named stays");
        let wrong = PatternChange {
            loss_amount: Some(Some(0)),
            short_counts: Some(Some(1)),
            duplicate_minutes: Some(Some(1_441)),
            unmoved_days: Some(Some(29)),
            ..PatternChange::default()
        };
        let of = |field, (least, most)| Rejection::OutOfRange { field, least, most };
        let all = [
            of(Field::AnomalyLossAmount, LOSS_AMOUNT_RANGE),
            of(Field::AnomalyShortCounts, SHORT_COUNTS_RANGE),
            of(Field::AnomalyDuplicateMinutes, DUPLICATE_MINUTES_RANGE),
            of(Field::AnomalyUnmovedDays, UNMOVED_DAYS_RANGE),
        ];
        let _ = own.apply_change(&wrong, &mut found);
        assert_eq!(found, all);
    }
}
