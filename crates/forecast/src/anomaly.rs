//! Strange days: a robust z of log units against the days before, and a size. Iglewicz & Hoaglin (1993), How to Detect and Handle Outliers; vectors pub-34, 35.

use std::collections::VecDeque;

use crate::series::{MIN_DEVIATION, median, robust_spread};

/// Active days before a day that it is compared with.
pub const ACTIVE_DAYS_WINDOW: usize = 60;
/// Minimum active days for a comparison.
pub const MIN_ACTIVE_DAYS: usize = 8;
/// |z| from here on is strange.
pub const Z_THRESHOLD: f64 = 3.5;
/// Minimum units of a day's largest line to be flagged, unless the tenant sets another number.
pub const MIN_LINE_UNITS: f64 = 50.0;
/// Units of a line that is flagged without any history.
pub const LINE_LIMIT: f64 = 2_000.0;
/// A line of this multiple of the usual line is flagged as well, if [`MIN_LINE_DAYS`] days are known.
/// It finds keying errors in products whose days vary so widely that no z reaches the threshold.
pub const LINE_FACTOR: f64 = 20.0;
pub const MIN_LINE_DAYS: usize = 20;
/// After "this is fine", the threshold of the key is its |z| plus this, for [`DISMISSED_DAYS`] days.
pub const DISMISSED_Z_MARGIN: f64 = 0.5;
pub const DISMISSED_DAYS: u16 = 90;

/// (log(1 + units) − median) ÷ max(1.4826 MAD, 0.35) over the log units of the history. None without a history or with a figure that is not finite.
pub fn robust_z(history: &[f64], units: f64) -> Option<f64> {
    let mut logs: Vec<f64> = history.iter().map(|units| units.max(0.0).ln_1p()).collect();
    let spread = robust_spread(&mut logs)?;
    debug_assert!(spread.deviation >= MIN_DEVIATION);
    let score = (units.max(0.0).ln_1p() - spread.median) / spread.deviation;
    score.is_finite().then_some(score)
}

/// The movement that is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Sale,
    Return,
    AdjustIn,
    AdjustOut,
    Removal,
}

impl Kind {
    fn verb(self) -> &'static str {
        match self {
            Self::Sale => "sold",
            Self::Return => "returned",
            Self::AdjustIn => "adjusted in",
            Self::AdjustOut => "adjusted out",
            Self::Removal => "removed",
        }
    }
}

/// A day with activity of one product, store and kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Day {
    pub units: f64,
    /// Units of the largest line.
    pub largest_line: f64,
}

/// The thresholds of a tenant, and of one key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The least largest line.
    pub size: f64,
    /// |z| that was called fine within the last [`DISMISSED_DAYS`] days.
    pub dismissed: Option<f64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { size: MIN_LINE_UNITS, dismissed: None }
    }
}

impl Limits {
    fn threshold(&self) -> f64 {
        self.dismissed.map_or(Z_THRESHOLD, |z| Z_THRESHOLD.max(z.abs() + DISMISSED_Z_MARGIN))
    }
}

/// Reason for which a day counts as an anomaly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnomalyReason {
    /// Far from the days before.
    Unusual,
    /// A line of [`LINE_LIMIT`] units or more.
    LargeLine,
    /// A line of [`LINE_FACTOR`] usual lines or more.
    ManyUsualLines,
}

/// A strange day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flag {
    pub why: AnomalyReason,
    pub kind: Kind,
    /// `None` if too few days are known.
    pub z: Option<f64>,
    pub units: f64,
    /// Units of the median active day before. None if no day is known.
    pub usual: Option<f64>,
}

impl Flag {
    /// "142 returned; a usual day has 6".
    pub fn describe(&self) -> String {
        let (units, verb) = (self.units, self.kind.verb());
        match self.usual {
            Some(usual) => format!("{units:.0} {verb}; a usual day has {usual:.0}"),
            None => format!("{units:.0} {verb}; no day before is known"),
        }
    }
    /// The order in which flags are shown, the largest first: |units − usual| × unit cost.
    pub fn rank(&self, unit_cost: f64) -> f64 {
        (self.units - self.usual.unwrap_or(0.0)).abs() * unit_cost
    }
}

/// The last active days of one product, store and kind, oldest first. A day is judged by the days before it, then added.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ActiveDays {
    days: VecDeque<Day>,
}

impl ActiveDays {
    /// Adds a day that is over. Measured that are not finite, and days without units, are left out.
    pub fn add(&mut self, day: Day) {
        if day.units > 0.0 && day.units.is_finite() && day.largest_line.is_finite() {
            if self.days.len() == ACTIVE_DAYS_WINDOW {
                self.days.pop_front();
            }
            self.days.push_back(day);
        }
    }
    fn units(&self) -> Vec<f64> {
        self.days.iter().map(|day| day.units).collect()
    }
    /// The z of a day. None below [`MIN_ACTIVE_DAYS`] days.
    pub fn z_score(&self, units: f64) -> Option<f64> {
        if self.days.len() < MIN_ACTIVE_DAYS { None } else { robust_z(&self.units(), units) }
    }
    /// Units of the median day.
    pub fn usual_units(&self) -> Option<f64> {
        let mut logs: Vec<f64> = self.days.iter().map(|day| day.units.ln_1p()).collect();
        median(&mut logs).map(f64::exp_m1)
    }
    /// The median of the days' largest lines. None below [`MIN_LINE_DAYS`] days.
    fn usual_line_units(&self) -> Option<f64> {
        let mut lines: Vec<f64> = self.days.iter().map(|day| day.largest_line).collect();
        median(&mut lines).filter(|_| lines.len() >= MIN_LINE_DAYS)
    }
    /// Judges a day by the days before it.
    pub fn judge(&self, kind: Kind, day: Day, limits: &Limits) -> Option<Flag> {
        let is_figure = day.units.is_finite() && day.largest_line.is_finite();
        let is_huge = day.largest_line >= LINE_LIMIT;
        // Nothing small is a flag, so most days need no statistics.
        if !is_figure || (day.largest_line < limits.size && !is_huge) {
            return None;
        }
        let z = self.z_score(day.units);
        let is_unusual = z.is_some_and(|z| z.abs() >= limits.threshold()) && day.largest_line >= limits.size;
        let reason = if is_unusual {
            AnomalyReason::Unusual
        } else if limits.dismissed.is_some() {
            return None;
        } else if is_huge {
            AnomalyReason::LargeLine
        } else if self.usual_line_units().is_some_and(|usual| day.largest_line >= LINE_FACTOR * usual) {
            AnomalyReason::ManyUsualLines
        } else {
            return None;
        };
        Some(Flag { why: reason, kind, z, units: day.units, usual: self.usual_units() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(units: &[f64]) -> ActiveDays {
        let mut days = ActiveDays::default();
        units.iter().for_each(|units| days.add(Day { units: *units, largest_line: *units }));
        days
    }
    fn judge(days: &ActiveDays, units: f64, limits: &Limits) -> Option<Flag> {
        days.judge(Kind::Return, Day { units, largest_line: units }, limits)
    }

    #[test]
    fn the_figure_and_the_usual_one_are_said() {
        let days = known(&[6.0, 8.0, 5.0, 12.0, 7.0, 5.0, 6.0, 4.0, 5.0, 7.0]);
        let flag = judge(&days, 142.0, &Limits::default()).unwrap();
        assert_eq!((flag.describe(), flag.why), ("142 returned; a usual day has 6".to_owned(), AnomalyReason::Unusual));
        assert!((flag.rank(2.0) - 272.0).abs() < 1e-9);
        assert_eq!(judge(&days, 49.0, &Limits::default()), None, "strange, but small");
        assert!(judge(&days, 49.0, &Limits { size: 20.0, dismissed: None }).is_some());
    }

    #[test]
    fn this_is_fine_silences_the_key_up_to_its_z() {
        let days = known(&[6.0; 12]);
        let z = days.z_score(60.0).unwrap();
        let limits = Limits { dismissed: Some(z), ..Limits::default() };
        assert!(judge(&days, 60.0, &Limits::default()).is_some());
        assert_eq!(judge(&days, 60.0, &limits), None);
        assert!(judge(&days, 90.0, &limits).is_some(), "a larger one speaks again");
    }

    #[test]
    fn few_days_say_nothing_but_huge_lines_do() {
        let days = known(&[6.0; 7]);
        assert_eq!((days.z_score(900.0), judge(&days, 900.0, &Limits::default())), (None, None));
        assert_eq!(judge(&days, 2_000.0, &Limits::default()).unwrap().why, AnomalyReason::LargeLine);
        let flag = judge(&ActiveDays::default(), 3_000.0, &Limits::default()).unwrap();
        assert_eq!((flag.describe(), flag.z), ("3000 returned; no day before is known".to_owned(), None));
        assert_eq!(judge(&days, f64::NAN, &Limits::default()), None);
        assert_eq!((robust_z(&[], 4.0), robust_z(&[1.0], f64::INFINITY)), (None, None));
    }

    #[test]
    fn twenty_usual_lines_are_strange_however_widely_days_vary() {
        let wild: Vec<f64> = (0..21).map(|day| [1.0, 6.0, 23.0][day % 3]).collect();
        let days = known(&wild);
        let flag = judge(&days, 120.0, &Limits::default()).unwrap();
        assert!(flag.why == AnomalyReason::ManyUsualLines && flag.z.unwrap() < Z_THRESHOLD, "{flag:?}");
        assert_eq!(judge(&days, 119.0, &Limits::default()), None);
        assert_eq!(judge(&known(&wild[..18]), 120.0, &Limits::default()), None);
    }

    #[test]
    fn only_the_last_sixty_days_count() {
        let mut days = known(&[1_000.0; 60]);
        (0..60).for_each(|_| days.add(Day { units: 5.0, largest_line: 5.0 }));
        assert_eq!(days.usual_units().map(f64::round), Some(5.0));
    }
}
