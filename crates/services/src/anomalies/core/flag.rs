//! A flagged day or pattern, and the effect of its acceptance on others.

use entity::prelude::*;
use forecast::anomaly::{AnomalyReason, DISMISSED_DAYS, Flag, Kind};
use platform::plurals::pluralize;

use super::{
    origin::Origin,
    series::{Series, SeriesDay, SeriesKey},
    units::{smallest_units_per_whole, units_cost, whole_units},
};

const DAY: i64 = 86_400_000_000;

/// Figures of patterns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// Number of lines, documents, counts or orders.
    pub times: i64,
    /// Person or register that made the returns and cancellations.
    pub origin: Option<Origin>,
    pub order: Option<OrderId>,
}

impl Pattern {
    pub(super) const fn of(times: i64) -> Self {
        Self { times, origin: None, order: None }
    }
    /// Describes the pattern with its figures.
    fn describe(&self, finding: &Finding) -> String {
        let (units, times) = (whole_units(finding.units, finding.decimals), self.times);
        match finding.key.kind {
            AnomalyKind::BelowCost => format!("{units} sold for less than the cost; order lines: {times}"),
            AnomalyKind::Reversals => {
                let usual_value = finding.usual_milli.unwrap_or_default() as f64 / 1_000.0;
                let register = self.origin.as_ref().and_then(Origin::register);
                let register_text = register.map(|code| format!(" of register {code}")).unwrap_or_default();
                let peer = if register.is_some() { "register" } else { "person" };
                format!(
                    "{units} of {times} documents{register_text} are returns or cancellations; a usual {peer} has {usual_value:.0}"
                )
            }
            AnomalyKind::CountsShort => format!("{units} missing in the last {times} counts; none found as many as expected"),
            AnomalyKind::Duplicate => format!("{times} equal orders of a customer within minutes, {units} units each"),
            AnomalyKind::ReceivedTwice => format!("{times} equal receipts from a supplier within days, {units} units each"),
            AnomalyKind::Unmoved => format!("{units} in stock; nothing has moved for {}", pluralize(times, "day", "days")),
            AnomalyKind::Sale | AnomalyKind::Return | AnomalyKind::AdjustIn | AnomalyKind::AdjustOut | AnomalyKind::Removal => {
                format!("{units} on {}", pluralize(times, "day", "days"))
            }
        }
    }
}

/// Whether a kind is a pattern, not a movement whose days are judged.
pub const fn is_pattern(kind: AnomalyKind) -> bool {
    matches!(
        kind,
        AnomalyKind::BelowCost
            | AnomalyKind::Reversals
            | AnomalyKind::CountsShort
            | AnomalyKind::Duplicate
            | AnomalyKind::Unmoved
            | AnomalyKind::ReceivedTwice
    )
}

/// A judged anomalous day. Units are the product's smallest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub date: i32,
    pub key: SeriesKey,
    pub rule: AnomalyRule,
    pub units: i64,
    /// Units of the median active day before, in thousandths. `None` if no day is known.
    pub usual_milli: Option<i64>,
    /// `None` if the history is too short.
    pub z_milli: Option<i64>,
    pub largest_line: i64,
    /// Decimals of the product's unit.
    pub decimals: i32,
    /// Cost of the units beyond the usual, or loss by a pattern. `None` if no cost is known.
    pub value: Option<Money>,
    /// `None` for a flagged day.
    pub pattern: Option<Pattern>,
}

/// Acceptance of an anomaly ("This is fine").
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
    /// `None` for an open finding.
    pub acceptance: Option<Acceptance>,
}

impl Finding {
    /// Returns the finding of a flag of the crate `forecast`, on a day of a series.
    pub(super) fn of(flag: &Flag, series: &Series, day: &SeriesDay) -> Self {
        let usual_milli = flag.usual.map(|usual| milli(usual * smallest_units_per_whole(series.decimals)));
        let excess_units = day.units.saturating_sub(usual_milli.unwrap_or_default() / 1_000).saturating_abs();
        Self {
            date: day.date,
            key: series.key,
            rule: rule_of(flag.why),
            units: day.units,
            usual_milli,
            z_milli: flag.z.map(milli),
            largest_line: day.largest_line,
            decimals: series.decimals,
            value: units_cost(series.cost, excess_units, series.decimals),
            pattern: None,
        }
    }
    /// Returns the reason as text, such as "142 returned; a usual day has 6".
    pub fn reason(&self) -> String {
        let usual = self.usual_milli.map(|usual| whole_units(usual, self.decimals) / 1_000.0);
        let units = whole_units(self.units, self.decimals);
        match (&self.pattern, reason_of_rule(self.rule).zip(kind_of(self.key.kind))) {
            (None, Some((anomaly_reason, kind))) => Flag { why: anomaly_reason, kind, z: None, units, usual }.describe(),
            (pattern, _) => pattern.as_ref().map(|pattern| pattern.describe(self)).unwrap_or_default(),
        }
    }
    /// Returns the person or register of the documents, if the finding is about those of one.
    fn origin(&self) -> Option<&Origin> {
        self.pattern.as_ref()?.origin.as_ref()
    }
    /// Whether another finding is about the same: movements of a series, documents of a person or a register, one order, or a product in a store.
    fn is_about(&self, other: &Self) -> bool {
        let key_of = |finding: &Self| {
            let product = finding.origin().is_none().then_some(finding.key.product);
            (finding.key.store, finding.key.kind, product, finding.pattern.as_ref().and_then(|pattern| pattern.order))
        };
        key_of(self) == key_of(other) && self.origin() == other.origin()
    }
    /// Whether another finding is the same pattern, judged again: of a sale below cost, and of equal orders and receipts, it is of the same day.
    pub(super) fn is_same_pattern(&self, other: &Self) -> bool {
        let is_of_day = matches!(self.key.kind, AnomalyKind::BelowCost | AnomalyKind::Duplicate | AnomalyKind::ReceivedTwice);
        is_pattern(self.key.kind) && self.is_about(other) && (!is_of_day || self.date == other.date)
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
    /// Whether this finding is accepted and its acceptance covers another: a finding about the same
    /// series, from this one's day until [`DISMISSED_DAYS`] days after the acceptance, on the same
    /// side of the usual and no further out.
    pub fn covers_finding(&self, other: &Finding) -> bool {
        let (Some(acceptance), finding) = (&self.acceptance, &self.found) else { return false };
        let until = (acceptance.at.micros().div_euclid(DAY) as i32).saturating_add(DISMISSED_DAYS.into()).max(finding.date);
        let is_no_further = if other.is_above() { other.units <= finding.units } else { other.units >= finding.units };
        finding.is_about(other)
            && (finding.date..=until).contains(&other.date)
            && finding.is_above() == other.is_above()
            && is_no_further
    }
}

fn milli(value: f64) -> i64 {
    (value * 1_000.0).round() as i64
}

/// Returns the kind of the crate `forecast`; `None` for a pattern.
pub(super) const fn kind_of(kind: AnomalyKind) -> Option<Kind> {
    Some(match kind {
        AnomalyKind::Sale => Kind::Sale,
        AnomalyKind::Return => Kind::Return,
        AnomalyKind::AdjustIn => Kind::AdjustIn,
        AnomalyKind::AdjustOut => Kind::AdjustOut,
        AnomalyKind::Removal => Kind::Removal,
        AnomalyKind::BelowCost
        | AnomalyKind::Reversals
        | AnomalyKind::CountsShort
        | AnomalyKind::Duplicate
        | AnomalyKind::Unmoved
        | AnomalyKind::ReceivedTwice => return None,
    })
}

const fn rule_of(reason: AnomalyReason) -> AnomalyRule {
    match reason {
        AnomalyReason::Unusual => AnomalyRule::Unusual,
        AnomalyReason::LargeLine => AnomalyRule::LargeLine,
        AnomalyReason::ManyUsualLines => AnomalyRule::ManyUsualLines,
    }
}

const fn reason_of_rule(rule: AnomalyRule) -> Option<AnomalyReason> {
    Some(match rule {
        AnomalyRule::Unusual => AnomalyReason::Unusual,
        AnomalyRule::LargeLine => AnomalyReason::LargeLine,
        AnomalyRule::ManyUsualLines => AnomalyReason::ManyUsualLines,
        AnomalyRule::Pattern => return None,
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn finding(date: i32, units: i64, usual_milli: Option<i64>) -> Finding {
        let key = SeriesKey { store: StoreId::NIL, product: ProductId::NIL, kind: AnomalyKind::Return };
        let rule = AnomalyRule::Unusual;
        let (z_milli, largest_line) = (Some(9_000), units);
        Finding { date, key, rule, units, usual_milli, z_milli, largest_line, decimals: 0, value: None, pattern: None }
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
            assert_eq!(fine.covers_finding(&finding(date, units, usual)), is_fine, "{date} {units}");
        }
        let low = accepted(finding(100, 60, Some(900_000)), 100);
        assert!(low.covers_finding(&finding(101, 70, Some(900_000))) && !low.covers_finding(&finding(101, 50, Some(900_000))));
        let other = Finding { key: SeriesKey { kind: AnomalyKind::Sale, ..fine.found.key }, ..finding(120, 100, Some(6_000)) };
        assert!(!fine.covers_finding(&other), "another kind of movement");
        let member = |nth| Origin::Person(Actor { kind: ActorKind::Member, id: Uuid::from_u128(nth) });
        let ours = |origin| Pattern { times: 40, origin: Some(origin), order: None };
        let key = |product| SeriesKey { kind: AnomalyKind::Reversals, product, ..fine.found.key };
        let of = |date, units, origin, product| Finding {
            key: key(product),
            pattern: Some(ours(origin)),
            ..finding(date, units, Some(1_000))
        };
        let person = accepted(of(100, 14, member(1), ProductId::NIL), 100);
        let other_product = ProductId::from_uuid(Uuid::from_u128(7));
        assert!(person.covers_finding(&of(120, 14, member(1), other_product)), "the product of a person's documents changes");
        assert!(
            !person.covers_finding(&of(120, 15, member(1), ProductId::NIL))
                && !person.covers_finding(&of(120, 14, member(2), ProductId::NIL))
        );
        let at = |code: &str| Origin::Register(code.to_owned());
        let register = accepted(of(100, 14, at("T3"), ProductId::NIL), 100);
        assert!(
            register.covers_finding(&of(120, 14, at("T3"), other_product))
                && !register.covers_finding(&of(120, 14, at("T4"), ProductId::NIL))
        );
        assert!(!register.covers_finding(&of(120, 14, member(1), ProductId::NIL)), "a person is no register");
        assert!(!Anomaly { acceptance: None, ..fine }.covers_finding(&finding(120, 100, Some(6_000))), "it is still open");
    }
}
