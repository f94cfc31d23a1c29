//! Known and unknown weeks of a series. A week without stock is unknown, not 0: models carry their
//! state over it, windows skip it, nothing is filled in. Every rule looks back only, so a prepared
//! week never changes when later weeks arrive and no origin sees what came after it.

use crate::panel::{MAX_UNITS, WEEK_DAYS};

/// Minimum days in stock of a whole week.
const WHOLE_WEEK_DAYS: u8 = 5;
/// Minimum days in stock of a known week.
const PARTIAL_WEEK_DAYS: u8 = 2;
/// More unknown weeks than this at the end, with nothing incoming, make a series dormant.
pub const DORMANT_WEEKS: usize = 8;

/// Reason for which a week is not used as it was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Above the limit for one-off giants: replaced by the limit.
    Capped,
    /// In stock on two to four days: scaled to seven.
    Scaled,
    /// In stock on one day or none: unknown.
    OutOfStock,
    /// More was returned or cancelled than ordered: used as 0.
    Negative,
    /// Not a finite number of units: unknown.
    NotANumber,
}

/// A week that is not used as it was recorded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExcludedWeek {
    /// Index into the panel's weeks.
    pub week: u32,
    /// Units as recorded; 0 if that was no number.
    pub recorded: f32,
    /// Units that models see. None: the week is unknown to them.
    pub used: Option<f32>,
    pub reason: Reason,
}

/// The known weeks of a series, from its first week with demand on, oldest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KnownWeeks {
    /// Units a week, not capped, never negative.
    pub units: Vec<f64>,
    /// log(1 + units).
    pub logs: Vec<f64>,
    /// Index of each into the panel's weeks.
    pub weeks: Vec<u32>,
    /// The weight of the week's errors: 1, or the share of days in stock of a scaled week.
    pub weights: Vec<f64>,
}

impl KnownWeeks {
    /// Number of known weeks before `week`, which a forecast made then may use.
    pub fn count_before(&self, week: usize) -> usize {
        self.weeks.partition_point(|known_week| (*known_week as usize) < week)
    }
    fn clear(&mut self) {
        self.units.clear();
        self.logs.clear();
        self.weeks.clear();
        self.weights.clear();
    }
    pub(crate) fn push(&mut self, week: usize, units: f64, weight: f64) {
        self.units.push(units);
        self.logs.push(units.ln_1p());
        self.weeks.push(week as u32);
        self.weights.push(weight);
    }
}

/// A series as models use it. Its buffers are used again by [`prepare`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PreparedSeries {
    pub known: KnownWeeks,
    /// The first week with demand. None: nothing was ever sold.
    pub start: Option<u32>,
    /// Weeks from the start on that are unknown.
    pub missing: u32,
    /// Unknown weeks at the end, after the last known one.
    pub missing_at_end: u32,
    /// Weeks that are not used as recorded; the caller that caps adds the capped ones.
    pub excluded: Vec<ExcludedWeek>,
}

impl PreparedSeries {
    /// Unknown for more than [`DORMANT_WEEKS`] weeks on end.
    pub fn is_dormant(&self, has_incoming: bool) -> bool {
        self.missing_at_end as usize > DORMANT_WEEKS && !has_incoming
    }
}

/// The mean of the last two known weeks, with which a censored week is compared. `None` before the
/// first.
fn recent_mean(units: &[f64]) -> Option<f64> {
    let last = &units[units.len().saturating_sub(2)..];
    (!last.is_empty()).then(|| last.iter().sum::<f64>() / last.len() as f64)
}

/// Prepares recorded weeks and the days of each on which the product could be sold (`None`: all of
/// them).
///
/// Five days and more: the value is used as recorded. Two to four: it is scaled to seven and its
/// errors count by its share of days. Fewer: unknown. A censored week that sold more than the two
/// known weeks before it is used as recorded, since sales prove demand. Source: INSIGHT, section 2.
pub fn prepare(prepared: &mut PreparedSeries, recorded: &[f32], days: Option<&[u8]>) {
    prepared.known.clear();
    prepared.excluded.clear();
    (prepared.start, prepared.missing, prepared.missing_at_end) = (None, 0, 0);
    for (week, raw) in recorded.iter().enumerate() {
        let is_number = raw.is_finite() && f64::from(raw.abs()) <= MAX_UNITS;
        let sold = if is_number { f64::from(*raw).max(0.0) } else { 0.0 };
        if prepared.start.is_none() {
            if sold > 0.0 {
                prepared.start = Some(week as u32);
            } else {
                continue;
            }
        }
        let days = days.map_or(WEEK_DAYS, |days| days[week]);
        let (used, reason) =
            if is_number { usable_units(&prepared.known.units, sold, days) } else { (None, Some(Reason::NotANumber)) };
        let reason = if is_number && *raw < 0.0 { Some(Reason::Negative) } else { reason };
        if let Some((units, weight)) = used {
            prepared.known.push(week, units, weight);
            prepared.missing_at_end = 0;
        } else {
            prepared.missing += 1;
            prepared.missing_at_end += 1;
        }
        if let Some(reason) = reason {
            let recorded = if is_number { *raw } else { 0.0 };
            let used = used.map(|(units, _)| units as f32);
            prepared.excluded.push(ExcludedWeek { week: week as u32, recorded, used, reason });
        }
    }
}

/// Units and weight of a week, if it is known, and why it is not used as recorded.
fn usable_units(before: &[f64], sold: f64, days: u8) -> (Option<(f64, f64)>, Option<Reason>) {
    let proves_demand = || recent_mean(before).map_or(sold > 0.0 && days < PARTIAL_WEEK_DAYS, |recent| sold > recent);
    if days >= WHOLE_WEEK_DAYS || proves_demand() {
        (Some((sold, 1.0)), None)
    } else if days >= PARTIAL_WEEK_DAYS {
        let share = f64::from(days) / f64::from(WEEK_DAYS);
        (Some((sold / share, share)), Some(Reason::Scaled))
    } else {
        (None, Some(Reason::OutOfStock))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(recorded: &[f32], days: &[u8]) -> PreparedSeries {
        let mut prepared = PreparedSeries::default();
        prepare(&mut prepared, recorded, Some(days));
        prepared
    }

    #[test]
    fn days_in_stock_decide_what_a_week_is_worth() {
        let found = prepared(&[0.0, 0.0, 10.0, 12.0, 4.0, 0.0, 11.0], &[7, 7, 7, 5, 4, 1, 7]);
        assert_eq!(found.start, Some(2), "weeks before the first sale belong to nobody");
        assert_eq!(found.known.weeks, [2, 3, 4, 6]);
        assert_eq!(found.known.units, [10.0, 12.0, 7.0, 11.0]);
        assert_eq!(found.known.weights, [1.0, 1.0, 4.0 / 7.0, 1.0]);
        let reasons: Vec<_> = found.excluded.iter().map(|one| (one.week, one.reason, one.used)).collect();
        assert_eq!(reasons, [(4, Reason::Scaled, Some(7.0)), (5, Reason::OutOfStock, None)]);
        assert_eq!((found.missing, found.missing_at_end), (1, 0));
    }

    #[test]
    fn sales_prove_demand() {
        let found = prepared(&[10.0, 10.0, 14.0, 30.0], &[7, 7, 2, 1]);
        assert_eq!(found.known.units, [10.0, 10.0, 14.0, 30.0], "more than its neighbours: it stands, unscaled");
        assert!(found.excluded.is_empty());
    }

    #[test]
    fn negative_weeks_are_nothing_and_no_number_is_unknown() {
        let found = prepared(&[5.0, -3.0, f32::NAN, f32::INFINITY, 4.0], &[7; 5]);
        assert_eq!(found.known.units, [5.0, 0.0, 4.0]);
        let reasons: Vec<_> = found.excluded.iter().map(|one| (one.reason, one.recorded)).collect();
        assert_eq!(reasons, [(Reason::Negative, -3.0), (Reason::NotANumber, 0.0), (Reason::NotANumber, 0.0)]);
    }

    #[test]
    fn nine_weeks_without_stock_and_nothing_incoming_are_dormant() {
        let at_end = |weeks: usize| {
            let (mut sold, mut days) = (vec![5.0; 10], vec![7; 10]);
            sold.extend(vec![0.0; weeks]);
            days.extend(vec![0; weeks]);
            prepared(&sold, &days)
        };
        assert!(!at_end(8).is_dormant(false));
        assert!(at_end(9).is_dormant(false));
        assert!(!at_end(9).is_dormant(true));
        assert_eq!(at_end(9).known.count_before(11), 10);
    }
}
