//! Anomaly limits of a store. A limit that is not set is the tenant's.

use iam::tenancy::{
    ANOMALY_SIZE_RANGE, DUPLICATE_MINUTES_RANGE, DUPLICATE_RECEIPT_DAYS_RANGE, LOSS_AMOUNT_RANGE, LOSS_UNITS_RANGE,
    REVERSALS_RANGE, SHORT_COUNTS_RANGE, UNMOVED_DAYS_RANGE,
};
use serde::{Deserialize, Serialize};

use super::{
    check::{Checker, input_path},
    company,
    rejection::InputPath,
};

/// Form in the database and in the API. An object without fields counts as none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AnomalyLimits {
    /// Whole units of a day's largest line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<i64>,
    /// Whole units of an order line below its cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_units: Option<i64>,
    /// Whole units of its currency that the line loses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_amount: Option<i64>,
    /// Returns and cancellations of a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reversals: Option<i64>,
    /// Counts in a row that all miss units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short_counts: Option<i64>,
    /// Minutes between equal orders of a customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate_minutes: Option<i64>,
    /// Days that stock has not moved for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unmoved_days: Option<i64>,
    /// Days between equal receipts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate_receipt_days: Option<i64>,
}

impl AnomalyLimits {
    /// Column text of a store without limits.
    pub const NONE: &'static str = "{}";

    /// Parses the column's JSON; `None` if it sets no limit.
    pub fn read(text: &str) -> Option<Self> {
        if text == Self::NONE {
            return None;
        }
        Some(company::read::<Self>(text)).filter(|limits| *limits != Self::default())
    }
}

/// The text of the column. The ranges are those of the tenant's settings.
pub(super) fn check_and_serialize(checker: &mut Checker, anomaly_limits: &AnomalyLimits) -> Option<String> {
    let limits = [
        ("size", anomaly_limits.size, ANOMALY_SIZE_RANGE),
        ("lossUnits", anomaly_limits.loss_units, LOSS_UNITS_RANGE),
        ("lossAmount", anomaly_limits.loss_amount, LOSS_AMOUNT_RANGE),
        ("reversals", anomaly_limits.reversals, REVERSALS_RANGE),
        ("shortCounts", anomaly_limits.short_counts, SHORT_COUNTS_RANGE),
        ("duplicateMinutes", anomaly_limits.duplicate_minutes, DUPLICATE_MINUTES_RANGE),
        ("unmovedDays", anomaly_limits.unmoved_days, UNMOVED_DAYS_RANGE),
        ("duplicateReceiptDays", anomaly_limits.duplicate_receipt_days, DUPLICATE_RECEIPT_DAYS_RANGE),
    ];
    for (field, limit, (min, max)) in limits {
        if let Some(limit) = limit {
            let at: InputPath = input_path!["anomalyLimits", field];
            checker.range(at, limit, min, max);
        }
    }
    serde_json::to_string(anomaly_limits).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_out_of_its_range_is_named_and_nothing_is_none() {
        let mut c = Checker::default();
        let given = AnomalyLimits { size: Some(0), short_counts: Some(1), unmoved_days: Some(90), ..AnomalyLimits::default() };
        check_and_serialize(&mut c, &given);
        let paths: Vec<String> = c.problems.iter().map(|problem| problem.at.join(".")).collect();
        assert_eq!(paths, ["anomalyLimits.size", "anomalyLimits.shortCounts"]);
        let mut c = Checker::default();
        let none = check_and_serialize(&mut c, &AnomalyLimits::default()).unwrap();
        assert_eq!((none.as_str(), AnomalyLimits::read(&none)), (AnomalyLimits::NONE, None));
        let own = AnomalyLimits { size: Some(20), ..AnomalyLimits::default() };
        assert_eq!(AnomalyLimits::read(&check_and_serialize(&mut c, &own).unwrap()), Some(own));
        assert!(c.problems.is_empty());
    }
}
