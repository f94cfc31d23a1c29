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
pub(super) fn checked(c: &mut Checker, given: &AnomalyLimits) -> Option<String> {
    let limits = [
        ("size", given.size, ANOMALY_SIZE_RANGE),
        ("lossUnits", given.loss_units, LOSS_UNITS_RANGE),
        ("lossAmount", given.loss_amount, LOSS_AMOUNT_RANGE),
        ("reversals", given.reversals, REVERSALS_RANGE),
        ("shortCounts", given.short_counts, SHORT_COUNTS_RANGE),
        ("duplicateMinutes", given.duplicate_minutes, DUPLICATE_MINUTES_RANGE),
        ("unmovedDays", given.unmoved_days, UNMOVED_DAYS_RANGE),
        ("duplicateReceiptDays", given.duplicate_receipt_days, DUPLICATE_RECEIPT_DAYS_RANGE),
    ];
    for (field, limit, (least, most)) in limits {
        if let Some(limit) = limit {
            let at: InputPath = input_path!["anomalyLimits", field];
            c.range(at, limit, least, most);
        }
    }
    serde_json::to_string(given).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_out_of_its_range_is_named_and_nothing_is_none() {
        let mut c = Checker::default();
        let given = AnomalyLimits { size: Some(0), short_counts: Some(1), unmoved_days: Some(90), ..AnomalyLimits::default() };
        checked(&mut c, &given);
        let paths: Vec<String> = c.problems.iter().map(|problem| problem.at.join(".")).collect();
        assert_eq!(paths, ["anomalyLimits.size", "anomalyLimits.shortCounts"]);
        let mut c = Checker::default();
        let none = checked(&mut c, &AnomalyLimits::default()).unwrap();
        assert_eq!((none.as_str(), AnomalyLimits::read(&none)), (AnomalyLimits::NONE, None));
        let own = AnomalyLimits { size: Some(20), ..AnomalyLimits::default() };
        assert_eq!(AnomalyLimits::read(&checked(&mut c, &own).unwrap()), Some(own));
        assert!(c.problems.is_empty());
    }
}
