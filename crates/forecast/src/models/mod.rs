//! Forecasts of one series from its known weeks. Every model runs on the known weeks alone, one after the other: recursive ones so carry their state over
//! unknown weeks unchanged, and windows skip them.

mod history;
mod intermittent;
mod naive;
mod season;
mod seasonal;
mod smoothing;
mod trend;

use std::fmt;

pub use history::History;
pub use intermittent::{Croston, croston, tsb};
pub use naive::{moving_average, naive, seasonal_naive};
pub use season::{SEASON_HISTORY, Season, Seasons, WEEKS_A_YEAR};
pub use seasonal::SeasonalBase;
pub use smoothing::{ALPHAS, Smoothed, adida, imapa, ses, ses_by_grid};
pub use trend::{DampedHolt, damped_holt};

use crate::series::{KnownWeeks, LogSpread, cap_limit, cap_units, percentile_of};

/// A model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Model {
    /// The last known week. The measure of all others.
    Naive,
    /// The value of the same week of the previous year; needs two years.
    SeasonalNaive,
    /// The mean of this number of last known weeks.
    MovingAverage(u8),
    /// Simple exponential smoothing.
    Ses,
    /// SES on sums over the mean interval between demands.
    Adida,
    /// The mean of SES on sums over 1, 2, … weeks, up to the mean interval between demands.
    Imapa,
    /// Croston's method with the correction of Syntetos & Boylan.
    Sba,
    /// Teunter, Syntetos & Babai: the chance of a demand is smoothed every week.
    Tsb,
    /// Holt's trend, damped.
    DampedHolt,
    /// A base model on weeks without their category's season.
    Seasonal(SeasonalBase),
}

/// The limit at which a series is cut before a model sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cap {
    None,
    /// At the median plus this number of tenths of a robust deviation, on the log scale.
    Deviations(u8),
    /// At the series' own 95th percentile: gives a forecast of the median.
    OwnPercentile,
}

/// A model and its cap: the unit of choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Configuration {
    pub model: Model,
    pub cap: Cap,
}

/// The configurations whose mean is the forecast: one, or two or three for a mean of the best.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Method(pub Vec<Configuration>);

/// The smoothing constants that a fit chose, in the order that the model names them.
pub type Constants = [Option<f32>; 3];

impl Configuration {
    pub const fn new(model: Model, cap: Cap) -> Self {
        Self { model, cap }
    }
    /// Units above which a week is cut, from the weeks before the origin alone.
    pub fn limit(&self, view: &View<'_>, scratch: &mut Vec<f64>) -> Option<f64> {
        match self.cap {
            Cap::None => None,
            Cap::Deviations(tenths) => cap_limit(view.units(), view.spread?, f64::from(tenths) / 10.0),
            Cap::OwnPercentile => percentile_of(view.units(), 0.95, scratch),
        }
    }
}

/// The weeks of a series that are known at an origin, and how they spread.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    pub known: &'a KnownWeeks,
    /// Number of known weeks before the origin.
    pub count: usize,
    pub origin: usize,
    pub spread: Option<LogSpread>,
    pub season: Option<&'a Season>,
}

impl<'a> View<'a> {
    pub fn at(known_weeks: &'a KnownWeeks, origin: usize, season: Option<&'a Season>, scratch: &mut Vec<f64>) -> Self {
        let count = known_weeks.count_before(origin);
        Self { known: known_weeks, count, origin, spread: LogSpread::of(&known_weeks.logs[..count], scratch), season }
    }
    pub fn units(&self) -> &'a [f64] {
        &self.known.units[..self.count]
    }
    fn history<'b>(&'b self, capped_units: &'b [f64]) -> History<'b> {
        History { units: capped_units, weeks: &self.known.weeks[..self.count], origin: self.origin, season: self.season }
    }
}

/// Buffers that forecasts of many series share.
#[derive(Debug, Default)]
pub struct Scratch {
    pub values: Vec<f64>,
    cut: Vec<f64>,
    part: Vec<f64>,
}

impl Model {
    /// Writes units for the origin's week and those after it, at least 0, and returns the constants that the fit chose. Zeros if nothing is known.
    pub fn path(self, history: &History<'_>, scratch: &mut Vec<f64>, out: &mut [f64]) -> Constants {
        let single_constant = |alpha: f64| [Some(alpha as f32), None, None];
        let units = history.units;
        let (flat, constants) = match self {
            Self::Naive => (naive(units), Constants::default()),
            Self::SeasonalNaive => {
                seasonal_naive(history, out);
                return Constants::default();
            }
            Self::MovingAverage(weeks) => (moving_average(units, usize::from(weeks)), Constants::default()),
            Self::Ses => {
                let fit = ses_by_grid(units.iter().copied());
                (fit.level, single_constant(fit.alpha))
            }
            Self::Adida => (adida(units), Constants::default()),
            Self::Imapa => (imapa(units), Constants::default()),
            Self::Sba => {
                let fit = Croston::by_grid(units);
                (fit.sba(), single_constant(fit.alpha))
            }
            Self::Tsb => {
                let (level, demand, chance) = intermittent::tsb_by_grid(units);
                (level, [Some(demand as f32), Some(chance as f32), None])
            }
            Self::DampedHolt => {
                let fit = DampedHolt::by_grid(units);
                out.iter_mut().enumerate().for_each(|(ahead, out)| *out = fit.at(ahead + 1).max(0.0));
                return [Some(fit.alpha as f32), Some(fit.beta as f32), Some(fit.phi as f32)];
            }
            Self::Seasonal(base) => {
                seasonal::path(history, base, scratch, out);
                return Constants::default();
            }
        };
        out.fill(flat.max(0.0));
        constants
    }
}

impl Method {
    pub fn single(configuration: Configuration) -> Self {
        Self(vec![configuration])
    }
    /// Writes units for the origin's week and those after it. The constants are the first part's.
    pub fn path(&self, view: &View<'_>, scratch: &mut Scratch, out: &mut [f64]) -> Constants {
        let mut constants = None;
        let mut part = std::mem::take(&mut scratch.part);
        for (index, configuration) in self.0.iter().enumerate() {
            let limit = configuration.limit(view, &mut scratch.values);
            cap_units(view.units(), limit, &mut scratch.cut);
            let history = view.history(&scratch.cut);
            if index == 0 {
                constants = Some(configuration.model.path(&history, &mut scratch.values, out));
                continue;
            }
            part.clear();
            part.resize(out.len(), 0.0);
            configuration.model.path(&history, &mut scratch.values, &mut part);
            out.iter_mut().zip(&part).for_each(|(sum, part)| *sum += part);
        }
        scratch.part = part;
        if self.0.len() > 1 {
            let parts = self.0.len() as f64;
            out.iter_mut().for_each(|units| *units /= parts);
        }
        constants.unwrap_or_default()
    }
    /// Units above which each part cuts a week, in their order; None of a part that cuts none.
    pub fn limits(&self, view: &View<'_>, scratch: &mut Vec<f64>) -> Vec<Option<f64>> {
        self.0.iter().map(|configuration| configuration.limit(view, scratch)).collect()
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Naive => f.write_str("naive"),
            Self::SeasonalNaive => f.write_str("seasonal naive"),
            Self::MovingAverage(weeks) => write!(f, "MA({weeks})"),
            Self::Ses => f.write_str("SES"),
            Self::Adida => f.write_str("ADIDA"),
            Self::Imapa => f.write_str("IMAPA"),
            Self::Sba => f.write_str("SBA"),
            Self::Tsb => f.write_str("TSB"),
            Self::DampedHolt => f.write_str("damped Holt"),
            Self::Seasonal(SeasonalBase::Ses) => f.write_str("seasonal SES"),
            Self::Seasonal(SeasonalBase::Imapa) => f.write_str("seasonal IMAPA"),
        }
    }
}

impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.model.fmt(f)?;
        match self.cap {
            Cap::None => Ok(()),
            Cap::Deviations(tenths) if tenths % 10 == 0 => write!(f, " cap {}", tenths / 10),
            Cap::Deviations(tenths) => write!(f, " cap {}.{}", tenths / 10, tenths % 10),
            Cap::OwnPercentile => f.write_str(" cut at its 95th percentile"),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [one] = self.0.as_slice() {
            return one.fmt(f);
        }
        f.write_str("mean of ")?;
        for (index, part) in self.0.iter().enumerate() {
            let before = if index == 0 { "" } else { ", " };
            write!(f, "{before}{part}")?;
        }
        Ok(())
    }
}
