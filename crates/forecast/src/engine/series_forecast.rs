//! The forecast of one series: its points, its method, its status and its quality.

use crate::{
    intervals::Bounds,
    models::Constants,
    series::{Class, ExcludedWeek, Quality},
};

/// The state of a series' forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Forecast by the method of its class.
    Ready,
    /// Few known weeks: blended with its category.
    New,
    /// Out of stock for a long time with nothing incoming: the last forecast, not scored.
    Dormant,
    /// Not sold any more: 0.
    Ended,
    /// No demand ever: no forecast.
    TooLittle,
    /// No method beat the last week's value in this class.
    NaiveWasBetter,
}

impl Status {
    /// Name of the status in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ready => "READY",
            Self::New => "NEW",
            Self::Dormant => "DORMANT",
            Self::Ended => "ENDED",
            Self::TooLittle => "TOO_LITTLE",
            Self::NaiveWasBetter => "NAIVE_WAS_BETTER",
        }
    }
}

/// Forecast of one coming week of a series, in units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Expected units: orders stock.
    pub mean: f32,
    /// A typical week; orders nothing.
    pub median: f32,
    /// `None` if too few errors are known.
    pub bounds: Option<Bounds>,
}

/// The forecast of a series with its method and its quality.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesForecast {
    pub class: Class,
    pub status: Status,
    /// The class that this run computed; `class` follows it when two runs agree.
    pub computed_class: Class,
    /// Index into [`Run::pools`](super::Run::pools) of the method for the mean.
    pub method: u16,
    /// Smoothing constants that the fit of the mean chose.
    pub constants: Constants,
    /// D: the mean step between adjacent capped weeks. Scales rest on it.
    pub mean_step: f32,
    /// Units of the last known week: the naive forecast, which others are measured by. 0 where none is known.
    pub naive: f32,
    pub known_weeks: u32,
    pub missing_weeks: u32,
    pub quality: Quality,
    /// Weeks that the method of the mean does not see as recorded.
    pub excluded: Vec<ExcludedWeek>,
    /// The coming weeks, the first one after the panel's last. Empty if there is no forecast.
    pub points: Vec<Point>,
}
