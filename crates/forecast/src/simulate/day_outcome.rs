//! The results of a series that was played by days.

use crate::simulate::Outcome;

/// The results of a series over its counted days, in units.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct DayOutcome {
    /// A cycle is from one review to the next, or from one delivery to the next where a rule orders at a point. Stock is that of the ends of days.
    pub total: Outcome,
    pub days: u64,
    /// Days and weeks with unmet demand.
    pub short_days: u64,
    pub short_weeks: u64,
    /// Days that closed with nothing.
    pub empty_days: u64,
    /// The most that was there when demand came.
    pub peak: f64,
    pub received: f64,
    /// Units that expired.
    pub expired: f64,
    /// Stock before the first counted day, and after the last one. Opening + received = met + expired + closing, but for what waited.
    pub opening: f64,
    pub closing: f64,
}

impl DayOutcome {
    /// Mean units in stock at the end of a day. None without days.
    pub fn mean_stock(&self) -> Option<f64> {
        (self.days > 0).then(|| self.total.stock / self.days as f64)
    }
    /// Adds a day, whose fields are all known but the short week.
    pub(super) fn add(&mut self, day: &Self) {
        if self.days == 0 {
            self.opening = day.opening;
        }
        self.total += day.total;
        self.days += 1;
        self.short_days += day.short_days;
        self.empty_days += day.empty_days;
        self.peak = self.peak.max(day.peak);
        self.received += day.received;
        self.expired += day.expired;
        self.closing = day.closing;
    }
}
