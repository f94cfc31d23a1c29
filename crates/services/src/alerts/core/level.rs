//! Thresholds that a level crosses when it changes.

use entity::prelude::*;
use inventory::stock::core::{LevelKey, status};

use super::{
    alert::{AlertValues, Subject},
    rule::{AlertScope, Rules},
    settle::{Opening, Step, Trigger},
};

/// The fields of a level that alerts depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelView {
    pub key: LevelKey,
    pub category: Option<CategoryId>,
    pub available: i64,
    /// The level's reorder point, or the product's threshold.
    pub point: Option<Quantity>,
    pub maximum: Option<Quantity>,
}

/// Position of a level between its thresholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zone {
    Out,
    Low,
    Normal,
    Over,
}

impl LevelView {
    fn alert_scope(&self) -> AlertScope {
        AlertScope { store: Some(self.key.store), product: Some(self.key.product), category: self.category }
    }
    /// Returns the line below which the level is low: the threshold of the tenant's rule, else one
    /// and a half times the reorder point.
    fn low_threshold(&self, rules: &Rules) -> Option<i64> {
        let threshold_units = rules.setting(AlertKind::LowStock, self.alert_scope()).threshold.map(Quantity::get);
        threshold_units.or_else(|| self.point.map(|point| point.get().saturating_mul(3) / 2))
    }
    fn high(&self, rules: &Rules) -> Option<i64> {
        rules.setting(AlertKind::Overstock, self.alert_scope()).threshold.or(self.maximum).map(Quantity::get)
    }
    fn zone(&self, rules: &Rules) -> Zone {
        if self.available <= 0 {
            return Zone::Out;
        }
        let is_low = match rules.setting(AlertKind::LowStock, self.alert_scope()).threshold {
            Some(line) => self.available <= line.get(),
            None => matches!(status(self.available, self.point, None), StockStatus::Critical | StockStatus::Low),
        };
        if is_low {
            Zone::Low
        } else if self.high(rules).is_some_and(|high| self.available >= high) {
            Zone::Over
        } else {
            Zone::Normal
        }
    }
}

/// Returns the steps for a level's alerts after a change from one state to another. If several
/// thresholds are crossed at once, only the last one opens an alert; a recovery opens one only for
/// a level that had run out. The first entries of a new level are no recovery.
pub fn crossings(rules: &Rules, before: &LevelView, after: &LevelView, level: Level) -> Vec<Step> {
    let (from, to) = (before.zone(rules), after.zone(rules));
    let subject = Subject::Level(after.key);
    let open = |kind, threshold| {
        let values = AlertValues { quantity: Some(after.available), threshold, ..AlertValues::default() };
        Step::Open(Opening { kind, subject, figures: values, category: after.category, trigger: Trigger::Crossing })
    };
    let mut steps = Vec::new();
    // Alerts are resolved before new ones are opened: a level that ran out and recovered has two
    // alerts.
    let closes = [
        (AlertKind::OutOfStock, to != Zone::Out),
        (AlertKind::LowStock, matches!(to, Zone::Normal | Zone::Over)),
        (AlertKind::Overstock, to != Zone::Over),
    ];
    steps.extend(closes.into_iter().filter(|(_, is_over)| *is_over).map(|(kind, _)| Step::Close(kind, subject)));
    if from == Zone::Out && to != Zone::Out && level == Level::Known {
        steps.push(open(AlertKind::BackInStock, None));
    }
    match (from, to) {
        (Zone::Normal | Zone::Over, Zone::Low) => steps.push(open(AlertKind::LowStock, after.low_threshold(rules))),
        (Zone::Low | Zone::Normal | Zone::Over, Zone::Out) => steps.push(open(AlertKind::OutOfStock, None)),
        (Zone::Out | Zone::Low | Zone::Normal, Zone::Over) => steps.push(open(AlertKind::Overstock, after.high(rules))),
        _ => {}
    }
    steps
}

/// Whether a level was there before a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Known,
    New,
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn view(available: i64) -> LevelView {
        let key = LevelKey { product: Id::from_uuid(Uuid::from_u128(1)), store: Id::from_uuid(Uuid::from_u128(2)) };
        LevelView { key, category: None, available, point: Quantity::new(10), maximum: Quantity::new(100) }
    }
    fn opened(from: i64, to: i64) -> Vec<AlertKind> {
        let steps = crossings(&Rules::default(), &view(from), &view(to), Level::Known);
        let kind = |step: &Step| if let Step::Open(opening) = step { Some(opening.kind) } else { None };
        steps.iter().filter_map(kind).collect()
    }
    fn closed(from: i64, to: i64) -> Vec<AlertKind> {
        let steps = crossings(&Rules::default(), &view(from), &view(to), Level::Known);
        let kind = |step: &Step| if let Step::Close(kind, _) = step { Some(*kind) } else { None };
        steps.iter().filter_map(kind).collect()
    }

    #[test]
    fn each_line_is_told_once_on_the_way() {
        use AlertKind::{BackInStock, LowStock, OutOfStock, Overstock};
        assert!(opened(50, 16).is_empty(), "above the line");
        assert_eq!(opened(50, 15), [LowStock]);
        assert!(opened(15, 9).is_empty(), "staying below is no crossing");
        assert_eq!(opened(9, 0), [OutOfStock]);
        assert_eq!(opened(50, -3), [OutOfStock], "several lines at once are one alert");
        assert!(opened(0, -3).is_empty());
        assert_eq!(opened(0, 5), [BackInStock]);
        assert_eq!(opened(0, 100), [BackInStock, Overstock]);
        assert_eq!(opened(99, 100), [Overstock]);
        assert!(opened(100, 200).is_empty());
    }

    #[test]
    fn getting_better_resolves() {
        use AlertKind::{LowStock, OutOfStock, Overstock};
        assert_eq!(closed(0, 5), [OutOfStock, Overstock], "it is still low");
        assert_eq!(closed(5, 50), [OutOfStock, LowStock, Overstock]);
        assert_eq!(closed(5, 0), [Overstock], "what ran out is still low");
        assert_eq!(closed(50, 100), [OutOfStock, LowStock]);
    }

    #[test]
    fn what_a_levels_first_entries_bring_has_not_come_back() {
        let steps = crossings(&Rules::default(), &view(0), &view(50), Level::New);
        assert!(!steps.iter().any(|step| matches!(step, Step::Open(_))), "{steps:?}");
    }

    #[test]
    fn figures_of_any_size_are_compared() {
        let vast = LevelView { point: Quantity::new(entity::quantity::MAX_SAFE), ..view(entity::quantity::MAX_SAFE) };
        let none = LevelView { available: -entity::quantity::MAX_SAFE, ..vast };
        assert_eq!(crossings(&Rules::default(), &vast, &none, Level::Known).len(), 2);
    }
}
