//! Weekly demand of many series over the same weeks, oldest first: the one input of a run.

use std::fmt;

use crate::class::Class;

/// The most units that a week may have, as `entity::quantity`: beyond it a float no longer counts single units.
pub const MAX_UNITS: f64 = 9_007_199_254_740_991.0;
/// The most weeks of a panel: twenty years.
pub const MAX_WEEKS: usize = 1_040;
/// The days of a week.
pub const WEEK_DAYS: u8 = 7;

/// Facts about a series beside its weeks.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Traits {
    /// The group that a new product borrows from, usually a category.
    pub category: u32,
    /// The store, which narrows that group.
    pub store: u32,
    /// Whether the product may not be sold any more.
    pub is_archived: bool,
    /// Whether a delivery is expected.
    pub has_incoming: bool,
    /// The share of units, 0 to 1, that were recorded more than seven days late.
    pub late_share: f32,
    /// The class that the last run assigned and the one that it computed. None in the first run.
    pub last: Option<LastClass>,
}

/// The classes of the last run: a change needs two runs that agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastClass {
    pub assigned: Class,
    pub computed: Class,
}

/// Weekly units of many series. Weeks are complete; the current one is not in it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Panel {
    weeks: usize,
    values: Vec<f32>,
    days: Vec<u8>,
    traits: Vec<Traits>,
}

/// Reason for which a series was not added to a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PanelError {
    /// The series has another number of weeks (or of days in stock) than the panel.
    Weeks { expected: usize, found: usize },
    /// The panel would have more than [`MAX_WEEKS`].
    TooLong,
}

impl fmt::Display for PanelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weeks { expected, found } => {
                write!(f, "The series has {found} weeks and the panel {expected}. Give every series the same weeks.")
            }
            Self::TooLong => write!(f, "The panel has more than {MAX_WEEKS} weeks. Cut the oldest."),
        }
    }
}

impl std::error::Error for PanelError {}

impl Panel {
    /// An empty panel of `weeks` weeks.
    pub fn new(weeks: usize) -> Result<Self, PanelError> {
        if weeks > MAX_WEEKS { Err(PanelError::TooLong) } else { Ok(Self { weeks, ..Self::default() }) }
    }
    /// Adds a series that could be sold on every day. A number that is not finite is an unknown week.
    pub fn push(&mut self, values: &[f32], traits: Traits) -> Result<(), PanelError> {
        self.check(values.len())?;
        self.values.extend_from_slice(values);
        if !self.days.is_empty() {
            self.days.resize(self.values.len(), WEEK_DAYS);
        }
        self.traits.push(traits);
        Ok(())
    }
    /// Adds a series with the days of each week, 0 to 7, on which it could be sold.
    pub fn push_with_days(&mut self, values: &[f32], days: &[u8], traits: Traits) -> Result<(), PanelError> {
        self.check(values.len())?;
        self.check(days.len())?;
        self.days.resize(self.values.len(), WEEK_DAYS);
        self.days.extend_from_slice(days);
        self.values.extend_from_slice(values);
        self.traits.push(traits);
        Ok(())
    }
    fn check(&self, week_count: usize) -> Result<(), PanelError> {
        if week_count == self.weeks { Ok(()) } else { Err(PanelError::Weeks { expected: self.weeks, found: week_count }) }
    }
    /// Weeks of each series.
    pub fn weeks(&self) -> usize {
        self.weeks
    }
    /// Number of series.
    pub fn len(&self) -> usize {
        self.traits.len()
    }
    pub fn is_empty(&self) -> bool {
        self.traits.is_empty()
    }
    /// Units of each week, as recorded.
    pub fn values(&self, series: usize) -> &[f32] {
        &self.values[series * self.weeks..(series + 1) * self.weeks]
    }
    /// Days of each week on which the series could be sold. None if all of them.
    pub fn days(&self, series: usize) -> Option<&[u8]> {
        (!self.days.is_empty()).then(|| &self.days[series * self.weeks..(series + 1) * self.weeks])
    }
    pub fn traits(&self, series: usize) -> &Traits {
        &self.traits[series]
    }
    /// Returns the panel as it was known after `weeks` weeks.
    #[must_use]
    pub fn until(&self, weeks: usize) -> Self {
        let weeks = weeks.min(self.weeks);
        let first = |series: usize| series * self.weeks..series * self.weeks + weeks;
        let values = (0..self.len()).flat_map(|series| self.values[first(series)].iter().copied()).collect();
        let days = if self.days.is_empty() {
            Vec::new()
        } else {
            (0..self.len()).flat_map(|series| self.days[first(series)].iter().copied()).collect()
        };
        Self { weeks, values, days, traits: self.traits.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_of_a_panel_have_the_same_weeks() {
        let mut panel = Panel::new(3).unwrap();
        assert_eq!(panel.push(&[1.0], Traits::default()), Err(PanelError::Weeks { expected: 3, found: 1 }));
        panel.push(&[1.0, 2.0, 3.0], Traits::default()).unwrap();
        assert_eq!(panel.days(0), None);
        panel.push_with_days(&[4.0, 5.0, 6.0], &[7, 1, 0], Traits { category: 2, ..Traits::default() }).unwrap();
        panel.push(&[7.0, 8.0, 9.0], Traits::default()).unwrap();
        assert_eq!((panel.days(0), panel.days(1), panel.days(2)), (Some(&[7; 3][..]), Some(&[7, 1, 0][..]), Some(&[7; 3][..])));
        let before = panel.until(2);
        assert_eq!((before.values(1), before.days(1), before.len()), (&[4.0, 5.0][..], Some(&[7, 1][..]), 3));
        assert_eq!(Panel::new(MAX_WEEKS + 1), Err(PanelError::TooLong));
    }
}
