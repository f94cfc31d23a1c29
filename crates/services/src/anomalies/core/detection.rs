//! Judges the days of a series, oldest first, by the crate `forecast`; compares stored flags with
//! the result.

use std::collections::BTreeMap;

use entity::prelude::*;
use forecast::anomaly::{ACTIVE_DAYS_WINDOW, ActiveDays, Day, LINE_LIMIT, Limits};

use super::{
    flag::{Anomaly, Finding, kind_of},
    series::{Series, SeriesKey},
    units::whole_units,
};

/// Closed days that are judged again: the maximum downtime of workers, and the maximum delay of a
/// fact.
pub const WINDOW_DAYS: i32 = 14;
/// Active days of a series that are read: those of the window, and the history of the first of
/// them.
pub const HISTORY_DAYS: usize = ACTIVE_DAYS_WINDOW + WINDOW_DAYS as usize;

/// Returns the whole units below which no day can be flagged, if the largest line must have at
/// least `size`.
pub fn candidate_size(size: f64) -> f64 {
    size.min(LINE_LIMIT)
}

/// Returns the anomalous days of a series from one day on. `size` is the minimum of the largest
/// line, in whole units; days that an accepted anomaly excuses are left out.
pub fn judge(series: &Series, from: i32, size: f64, existing: &[Anomaly]) -> Vec<Finding> {
    let limits = Limits { size, dismissed: None };
    let Some(kind) = kind_of(series.key.kind) else { return Vec::new() };
    let (mut earlier_days, mut findings) = (ActiveDays::default(), Vec::new());
    for day in &series.days {
        let day_units =
            Day { units: whole_units(day.units, series.decimals), largest_line: whole_units(day.largest_line, series.decimals) };
        if day.date >= from
            && let Some(flag) = earlier_days.judge(kind, day_units, &limits)
        {
            let finding = Finding::of(&flag, series, day);
            if !existing.iter().any(|anomaly| anomaly.covers_finding(&finding)) {
                findings.push(finding);
            }
        }
        earlier_days.add(day_units);
    }
    findings
}

/// Changes of the flags of a window.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    pub new: Vec<Finding>,
    pub changed: Vec<Anomaly>,
    pub gone: Vec<AnomalyId>,
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
    /// Adds what becomes of others.
    pub fn extend(&mut self, others: Self) {
        self.new.extend(others.new);
        self.changed.extend(others.changed);
        self.gone.extend(others.gone);
    }
}

/// Compares the stored flags of a window with the current findings. An open flag follows the facts,
/// and is removed if its day is no longer anomalous. An accepted flag stays unchanged, and reopens
/// if its day has grown beyond the acceptance.
pub fn reconcile(existing: Vec<Anomaly>, found: impl IntoIterator<Item = Finding>, now: Timestamp) -> Changes {
    let mut found: BTreeMap<(i32, SeriesKey), Finding> = found.into_iter().map(|one| ((one.date, one.key), one)).collect();
    let mut changes = Changes::default();
    for anomaly in existing {
        let finding = found.remove(&(anomaly.found.date, anomaly.found.key));
        match (finding, anomaly.acceptance.is_some()) {
            (Some(finding), false) if finding == anomaly.found => {}
            (Some(found), false) => changes.changed.push(Anomaly { found, ..anomaly }),
            (Some(found), true) => {
                changes.changed.push(Anomaly { found, detected_at: now, acceptance: None, ..anomaly });
            }
            (None, false) => changes.gone.push(anomaly.id),
            (None, true) => {}
        }
    }
    changes.new = found.into_values().collect();
    changes
}

/// Compares stored patterns with the current findings. `from` is the first day of the window: an
/// open pattern from before it stays, unless its rule is about today's state. The open finding of a
/// person or a register keeps its first day.
pub fn reconcile_patterns(existing: Vec<Anomaly>, mut found: Vec<Finding>, from: i32, now: Timestamp) -> Changes {
    found.retain(|finding| !existing.iter().any(|one| one.covers_finding(finding)));
    let mut changes = Changes::default();
    for anomaly in existing {
        let stored_finding = anomaly.found;
        let successor = found.iter().position(|finding| stored_finding.is_same_pattern(finding)).map(|at| found.swap_remove(at));
        let is_of_today = matches!(stored_finding.key.kind, AnomalyKind::Reversals | AnomalyKind::Unmoved);
        match (successor, anomaly.acceptance.is_some()) {
            (Some(found), false) => {
                let date = if stored_finding.key.kind == AnomalyKind::Reversals { stored_finding.date } else { found.date };
                let found = Finding { date, ..found };
                if found != stored_finding {
                    changes.changed.push(Anomaly { found, ..anomaly });
                }
            }
            (Some(found), true) => changes.changed.push(Anomaly { found, detected_at: now, acceptance: None, ..anomaly }),
            (None, false) if is_of_today || stored_finding.date >= from => changes.gone.push(anomaly.id),
            (None, _) => {}
        }
    }
    changes.new = found;
    changes
}

#[cfg(test)]
mod tests {
    use forecast::anomaly::MIN_LINE_UNITS;

    use super::*;
    use crate::{
        anomalies::core::{Acceptance, BelowCostLine, PatternRules, SeriesDay, UnmovedStock, below_cost, unmoved_stock_finding},
        insight::core::SoldLine,
    };

    fn series(kind: AnomalyKind, decimals: i32, units: &[i64]) -> Series {
        let key = SeriesKey { store: StoreId::NIL, product: ProductId::NIL, kind };
        let day = |(date, units): (i32, &i64)| SeriesDay { date, units: *units, largest_line: *units };
        Series { key, decimals, cost: Some(Money::new(200, Currency::GBP)), days: (1..).zip(units).map(day).collect() }
    }
    fn anomaly(found: Finding, acceptance: Option<Acceptance>) -> Anomaly {
        Anomaly { id: AnomalyId::NIL, found, detected_at: Timestamp(5), acceptance }
    }

    #[test]
    fn days_are_judged_by_those_before_them_and_only_from_a_day_on() {
        let returns = [6, 8, 5, 12, 7, 5, 6, 4, 5, 7, 142, 6];
        let days = series(AnomalyKind::Return, 0, &returns);
        let found = judge(&days, 1, MIN_LINE_UNITS, &[]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].date, found[0].reason().as_str()), (11, "142 returned; a usual day has 6"));
        assert!(found[0].z_milli.is_some_and(|z| z >= 3_500), "{found:?}");
        let value = found[0].value.map(|value| value.minor);
        assert!(value.is_some_and(|minor| (27_000..=27_400).contains(&minor)), "about 136 more than usual, at 2.00: {value:?}");
        assert_eq!((judge(&days, 11, MIN_LINE_UNITS, &[]), judge(&days, 12, MIN_LINE_UNITS, &[])), (found, Vec::new()));
        assert_eq!(judge(&days, 1, 143.0, &[]), [], "below the tenant's size");
        // The same in grams.
        let grams: Vec<i64> = returns.iter().map(|units| units * 1_000).collect();
        let in_grams = judge(&series(AnomalyKind::Return, 3, &grams), 1, MIN_LINE_UNITS, &[]);
        assert_eq!((in_grams.len(), in_grams[0].reason().as_str()), (1, "142 returned; a usual day has 6"));
    }

    #[test]
    fn a_new_product_is_not_judged_unless_its_line_is_huge() {
        assert_eq!(judge(&series(AnomalyKind::Sale, 0, &[6, 6, 6, 6, 6, 6, 6, 900]), 1, MIN_LINE_UNITS, &[]), []);
        let huge = judge(&series(AnomalyKind::Sale, 0, &[6, 2_000]), 1, MIN_LINE_UNITS, &[]);
        assert_eq!((huge[0].rule, huge[0].z_milli), (AnomalyRule::LargeLine, None));
        assert!(
            (candidate_size(5_000.0) - LINE_LIMIT).abs() < f64::EPSILON && (candidate_size(50.0) - 50.0).abs() < f64::EPSILON
        );
    }

    #[test]
    fn flags_follow_the_facts() {
        let day = judge(&series(AnomalyKind::Return, 0, &[6, 6, 6, 6, 6, 6, 6, 6, 142]), 1, MIN_LINE_UNITS, &[]).remove(0);
        let now = Timestamp(9);
        assert_eq!(reconcile(vec![], [day.clone()], now).new, std::slice::from_ref(&day));
        assert!(reconcile(vec![anomaly(day.clone(), None)], [day.clone()], now).is_empty(), "judged again, it is the same");
        let more = Finding { units: 160, ..day.clone() };
        assert_eq!(reconcile(vec![anomaly(day.clone(), None)], [more.clone()], now).changed, [anomaly(more, None)]);
        assert_eq!(reconcile(vec![anomaly(day, None)], [], now).gone, [AnomalyId::NIL]);
    }

    #[test]
    fn what_was_accepted_stays_until_its_day_has_grown() {
        let days = series(AnomalyKind::Return, 0, &[6, 6, 6, 6, 6, 6, 6, 6, 142]);
        let day = judge(&days, 1, MIN_LINE_UNITS, &[]).remove(0);
        let fine = anomaly(day, Some(Acceptance { at: Timestamp(7), by: Actor::SYSTEM, note: None }));
        let kept = vec![fine.clone()];
        assert_eq!(judge(&days, 1, MIN_LINE_UNITS, &kept), []);
        assert!(reconcile(kept.clone(), [], Timestamp(9)).is_empty());
        let grown = judge(&series(AnomalyKind::Return, 0, &[6, 6, 6, 6, 6, 6, 6, 6, 150]), 1, MIN_LINE_UNITS, &kept);
        let changes = reconcile(kept, grown.clone(), Timestamp(9));
        assert_eq!(changes.changed, [Anomaly { found: grown[0].clone(), detected_at: Timestamp(9), acceptance: None, ..fine }]);
    }

    #[test]
    fn patterns_follow_the_facts() {
        let still = |on_hand, moved| {
            let (store, product) = (StoreId::NIL, ProductId::NIL);
            unmoved_stock_finding(
                &UnmovedStock { store, product, on_hand, decimals: 0, moved, cost: None },
                &PatternRules::default(),
            )
        };
        let (found, now) = (still(37, 100), Timestamp(9));
        assert_eq!(reconcile_patterns(vec![], vec![found.clone()], 1_000, now).new, std::slice::from_ref(&found));
        assert!(
            reconcile_patterns(vec![anomaly(found.clone(), None)], vec![found.clone()], 1_000, now).is_empty(),
            "judged again, it is the same"
        );
        let gone = reconcile_patterns(vec![anomaly(found.clone(), None)], vec![], 1_000, now).gone;
        assert_eq!(gone, [AnomalyId::NIL], "it has moved");
        let at = Timestamp(300 * 86_400_000_000);
        let fine = anomaly(found.clone(), Some(Acceptance { at, by: Actor::SYSTEM, note: None }));
        assert!(reconcile_patterns(vec![fine.clone()], vec![found.clone()], 1_000, now).is_empty(), "it was accepted");
        assert!(reconcile_patterns(vec![fine.clone()], vec![], 1_000, now).is_empty());
        let more = reconcile_patterns(vec![fine.clone()], vec![still(38, 100)], 1_000, now);
        assert_eq!(
            more.changed,
            [Anomaly { found: still(38, 100), detected_at: now, ..anomaly(found, None) }],
            "more than was accepted"
        );
        // Flags of sales below cost are reconciled only for days of the window.
        let line = SoldLine { quantity: 9, cancelled: 0, total: 100, unit_cost: 200, decimals: 0 };
        let (store, product) = (StoreId::NIL, ProductId::NIL);
        let line = BelowCostLine { date: 50, store, product, line, currency: Currency::GBP };
        let cheap = below_cost(&[line], &PatternRules::default()).remove(0);
        assert!(reconcile_patterns(vec![anomaly(cheap.clone(), None)], vec![], 51, now).is_empty(), "long ago");
        assert_eq!(reconcile_patterns(vec![anomaly(cheap, None)], vec![], 50, now).gone, [AnomalyId::NIL], "corrected");
    }
}
