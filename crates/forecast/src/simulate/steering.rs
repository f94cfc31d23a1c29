//! Levels that follow the results of earlier weeks, one for each group of products.

use crate::simulate::outcome::{Outcome, SERVICE_SEARCH_RANGE};

/// Groups of products, each with a level.
#[derive(Debug, Default)]
pub(super) struct Steering<'a> {
    /// Group of each series.
    groups: &'a [Option<usize>],
    gain: f64,
    pub(super) levels: Vec<f64>,
    week: Vec<Outcome>,
    pub(super) counted: Vec<Outcome>,
}

impl<'a> Steering<'a> {
    pub(super) fn new((groups, count): (&'a [Option<usize>], usize), service: f64, gain: f64) -> Self {
        let none = || vec![Outcome::default(); count];
        Self { groups, gain, levels: vec![service; count], week: none(), counted: none() }
    }
    fn group(&self, series: usize) -> Option<usize> {
        self.groups.get(series).copied().flatten().filter(|group| *group < self.levels.len())
    }
    /// The level of a series; `service` where it is of no group.
    pub fn level(&self, series: usize, service: f64) -> f64 {
        self.group(series).map_or(service, |group| self.levels[group])
    }
    pub fn add(&mut self, series: usize, outcome: Outcome, is_counted: bool) {
        let Some(group) = self.group(series) else { return };
        self.week[group] += outcome;
        if is_counted {
            self.counted[group] += outcome;
        }
    }
    /// Moves each level by how much its cycles that ended this week missed the promise.
    pub fn end_week(&mut self, promised: f64) {
        let (lowest, highest) = SERVICE_SEARCH_RANGE;
        for (level, week) in self.levels.iter_mut().zip(&mut self.week) {
            if let Some(achieved) = std::mem::take(week).service() {
                *level = (*level + self.gain * (promised - achieved)).clamp(lowest, highest);
            }
        }
    }
}
