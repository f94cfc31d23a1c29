//! Receipts of goods that equal one before.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    flag::{Finding, Pattern},
    pattern::finding,
    series::SeriesKey,
    units::units_cost,
};

/// Units of a product in a receipt, without reversed ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptUnits {
    pub store: StoreId,
    pub supplier: SupplierId,
    pub product: ProductId,
    pub date: i32,
    /// Number of the supplier's delivery note. `None` if the receipt has none.
    pub reference: Option<String>,
    pub units: i64,
    pub decimals: i32,
    pub cost: Option<Money>,
}

/// Content by which two receipts are equal.
type ReceiptContent<'a> = (StoreId, SupplierId, ProductId, i64, Option<&'a str>);

impl ReceiptUnits {
    fn content(&self) -> ReceiptContent<'_> {
        (self.store, self.supplier, self.product, self.units, self.reference.as_deref())
    }
    /// Returns the finding of the last of `times` equal receipts.
    fn finding(&self, times: i64) -> Finding {
        let key = SeriesKey { store: self.store, product: self.product, kind: AnomalyKind::ReceivedTwice };
        let base_finding = finding(self.date, key, self.units, Pattern::of(times));
        let value = units_cost(self.cost, self.units.saturating_mul(times - 1), self.decimals);
        Finding { decimals: self.decimals, value, ..base_finding }
    }
}

/// Receipts that equal the one before and follow it within `days` days: one finding for each run of
/// them, and for a product, store and day the one with the most excess units. The receipts are
/// sorted by day.
pub fn find_duplicate_receipts(receipts: &[ReceiptUnits], days: i32) -> Vec<Finding> {
    let mut runs: Vec<(&ReceiptUnits, i64)> = Vec::new();
    let mut last_runs: BTreeMap<ReceiptContent<'_>, usize> = BTreeMap::new();
    for receipt in receipts {
        let run_index = last_runs.entry(receipt.content()).or_insert(runs.len());
        let is_near = |run: &&mut (&ReceiptUnits, i64)| receipt.date.saturating_sub(run.0.date) <= days;
        if let Some(run) = runs.get_mut(*run_index).filter(is_near) {
            *run = (receipt, run.1 + 1);
        } else {
            *run_index = runs.len();
            runs.push((receipt, 1));
        }
    }
    let mut largest_findings: BTreeMap<(i32, SeriesKey), (i64, Finding)> = BTreeMap::new();
    for (last, times) in runs.into_iter().filter(|(_, times)| *times > 1) {
        let (excess_units, finding) = (last.units.saturating_mul(times - 1), last.finding(times));
        let largest = largest_findings.entry((finding.date, finding.key)).or_insert_with(|| (excess_units, finding.clone()));
        if excess_units > largest.0 {
            *largest = (excess_units, finding);
        }
    }
    largest_findings.into_values().map(|(_, finding)| finding).collect()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn received(supplier: u128, date: i32, units: i64, reference: Option<&str>) -> ReceiptUnits {
        ReceiptUnits {
            store: StoreId::NIL,
            supplier: SupplierId::from_uuid(Uuid::from_u128(supplier)),
            product: ProductId::NIL,
            date,
            reference: reference.map(str::to_owned),
            units,
            decimals: 0,
            cost: Some(Money::new(250, Currency::GBP)),
        }
    }

    #[test]
    fn equal_receipts_within_days_are_one_finding() {
        let all = [
            received(1, 100, 40, Some("DN-7")),
            received(1, 102, 40, Some("DN-7")),
            received(1, 102, 40, Some("DN-8")),
            received(2, 102, 40, Some("DN-7")),
            received(1, 103, 41, Some("DN-7")),
            received(1, 105, 40, Some("DN-7")),
            received(1, 109, 40, Some("DN-7")),
        ];
        let found = find_duplicate_receipts(&all, 3);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].reason(), "3 equal receipts from a supplier within days, 40 units each");
        let value = Some(Money::new(20_000, Currency::GBP));
        assert_eq!((found[0].date, found[0].value), (105, value), "two of the three are too many; four days later is another");
        assert_eq!(find_duplicate_receipts(&all, 1), [], "they are two days apart");
        assert_eq!(find_duplicate_receipts(&all, 4)[0].date, 109);
    }

    #[test]
    fn a_product_has_one_finding_a_day() {
        let of = |supplier, units| received(supplier, 100, units, None);
        let found = find_duplicate_receipts(&[of(1, 5), of(1, 5), of(2, 9), of(2, 9)], 3);
        assert_eq!(found.iter().map(|found| found.units).collect::<Vec<_>>(), [9]);
    }
}
