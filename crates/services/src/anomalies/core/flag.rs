//! A flagged day, and what its acceptance says of others.

use entity::prelude::*;
use forecast::anomaly::{DISMISSED_DAYS, Flag, Kind, Why};

use super::judge::{Series, SeriesDay, smallest_in_one, whole_units};

const DAY: i64 = 86_400_000_000;

/// Movements of one kind, of one product in one store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesKey {
    pub store: StoreId,
    pub product: ProductId,
    pub kind: AnomalyKind,
}

/// A strange day as it was judged. Units are the product's smallest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    pub date: i32,
    pub key: SeriesKey,
    pub rule: AnomalyRule,
    pub units: i64,
    /// Of the median active day before, in thousandths. None if no day is known.
    pub usual_milli: Option<i64>,
    /// None where too few days are known.
    pub z_milli: Option<i64>,
    pub largest_line: i64,
    /// Of the product's unit.
    pub decimals: i32,
}

/// "This is fine".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    pub at: Timestamp,
    pub by: Actor,
    pub note: Option<String>,
}

/// A flagged day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anomaly {
    pub id: AnomalyId,
    pub found: Finding,
    pub detected_at: Timestamp,
    /// None: it is open.
    pub acceptance: Option<Acceptance>,
}

impl Finding {
    /// The finding of a flag of the crate, on a day of a series.
    pub(super) fn of(flag: &Flag, series: &Series, day: &SeriesDay) -> Self {
        Self {
            date: day.date,
            key: series.key,
            rule: rule_of(flag.why),
            units: day.units,
            usual_milli: flag.usual.map(|usual| milli(usual * smallest_in_one(series.decimals))),
            z_milli: flag.z.map(milli),
            largest_line: day.largest_line,
            decimals: series.decimals,
        }
    }
    /// "142 returned; a usual day has 6".
    pub fn reason(&self) -> String {
        let usual = self.usual_milli.map(|usual| whole_units(usual, self.decimals) / 1_000.0);
        let units = whole_units(self.units, self.decimals);
        Flag { why: why_of(self.rule), kind: kind_of(self.key.kind), z: None, units, usual }.words()
    }
    /// Whether it was more than usual, not less.
    fn is_above(&self) -> bool {
        self.usual_milli.is_none_or(|usual| self.units.saturating_mul(1_000) > usual)
    }
}

impl Anomaly {
    pub const fn state(&self) -> AnomalyState {
        if self.acceptance.is_some() { AnomalyState::Accepted } else { AnomalyState::Open }
    }
    /// Whether it was accepted and says that another day is fine too: one of the same series, from its own day until [`DISMISSED_DAYS`] days after it was
    /// accepted, on the same side of the usual and no further out.
    pub fn excuses(&self, other: &Finding) -> bool {
        let (Some(acceptance), own) = (&self.acceptance, &self.found) else { return false };
        let until = (acceptance.at.micros().div_euclid(DAY) as i32).saturating_add(DISMISSED_DAYS.into());
        let is_no_further = if other.is_above() { other.units <= own.units } else { other.units >= own.units };
        own.key == other.key && (own.date..=until).contains(&other.date) && own.is_above() == other.is_above() && is_no_further
    }
}

fn milli(figure: f64) -> i64 {
    (figure * 1_000.0).round() as i64
}

/// The crate's word for a kind.
pub(super) const fn kind_of(kind: AnomalyKind) -> Kind {
    match kind {
        AnomalyKind::Sale => Kind::Sale,
        AnomalyKind::Return => Kind::Return,
        AnomalyKind::AdjustIn => Kind::AdjustIn,
        AnomalyKind::AdjustOut => Kind::AdjustOut,
        AnomalyKind::Removal => Kind::Removal,
    }
}

const fn rule_of(why: Why) -> AnomalyRule {
    match why {
        Why::Unusual => AnomalyRule::Unusual,
        Why::LargeLine => AnomalyRule::LargeLine,
        Why::ManyUsualLines => AnomalyRule::ManyUsualLines,
    }
}

const fn why_of(rule: AnomalyRule) -> Why {
    match rule {
        AnomalyRule::Unusual => Why::Unusual,
        AnomalyRule::LargeLine => Why::LargeLine,
        AnomalyRule::ManyUsualLines => Why::ManyUsualLines,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(date: i32, units: i64, usual_milli: Option<i64>) -> Finding {
        let key = SeriesKey { store: StoreId::NIL, product: ProductId::NIL, kind: AnomalyKind::Return };
        let rule = AnomalyRule::Unusual;
        Finding { date, key, rule, units, usual_milli, z_milli: Some(9_000), largest_line: units, decimals: 0 }
    }
    fn accepted(found: Finding, day: i32) -> Anomaly {
        let at = Timestamp(i64::from(day) * DAY + 1);
        let acceptance = Some(Acceptance { at, by: Actor::SYSTEM, note: None });
        Anomaly { id: AnomalyId::NIL, found, detected_at: at, acceptance }
    }

    #[test]
    fn the_reason_is_in_whole_units() {
        assert_eq!(finding(1, 142, Some(5_708)).reason(), "142 returned; a usual day has 6");
        let grams = Finding { decimals: 3, ..finding(1, 142_000, Some(5_708_000)) };
        assert_eq!(grams.reason(), "142 returned; a usual day has 6");
        assert_eq!(finding(1, 3_000, None).reason(), "3000 returned; no day before is known");
    }

    #[test]
    fn an_accepted_size_excuses_what_is_no_further_out_for_ninety_days() {
        let fine = accepted(finding(100, 142, Some(6_000)), 103);
        for (date, units, usual, is_fine) in [
            (100, 142, Some(6_000), true),
            (120, 142, Some(9_000), true),
            (120, 143, Some(6_000), false),
            (99, 142, Some(6_000), false),
            (193, 100, Some(6_000), true),
            (194, 100, Some(6_000), false),
            // Far below the usual is another side.
            (120, 60, Some(900_000), false),
        ] {
            assert_eq!(fine.excuses(&finding(date, units, usual)), is_fine, "{date} {units}");
        }
        let low = accepted(finding(100, 60, Some(900_000)), 100);
        assert!(low.excuses(&finding(101, 70, Some(900_000))) && !low.excuses(&finding(101, 50, Some(900_000))));
        let other = Finding { key: SeriesKey { kind: AnomalyKind::Sale, ..fine.found.key }, ..finding(120, 100, Some(6_000)) };
        assert!(!fine.excuses(&other), "another kind of movement");
        assert!(!Anomaly { acceptance: None, ..fine }.excuses(&finding(120, 100, Some(6_000))), "it is still open");
    }
}
