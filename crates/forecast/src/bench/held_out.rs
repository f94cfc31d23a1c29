//! Forecasts against weeks that they have not seen.

use crate::{
    Run, Settings, forecast_all,
    models::{Method, Scratch, Seasons, View},
    panel::Panel,
    selection::Loss,
    series::{Class, PreparedSeries, prepare},
};

/// Weeks that no choice and no pool sees.
pub const HELD_OUT_WEEKS: usize = 8;

/// Coverage and width of one interval.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Coverage {
    inside: f64,
    width: f64,
    weeks: f64,
    actual: f64,
}

impl Coverage {
    fn add(&mut self, units: f64, (lower, upper): (f32, f32)) {
        let (lower, upper) = (f64::from(lower), f64::from(upper));
        self.inside += f64::from(u8::from(lower <= units && units <= upper));
        self.width += upper - lower;
        self.weeks += 1.0;
        self.actual += units;
    }
    /// The share of weeks inside. None without weeks.
    pub fn share(&self) -> Option<f64> {
        (self.weeks > 0.0).then(|| self.inside / self.weeks)
    }
    /// The mean width in multiples of the mean demand. None without demand.
    pub fn width(&self) -> Option<f64> {
        (self.actual > 0.0).then(|| self.width / self.actual)
    }
}

/// Losses and coverage of a run over weeks after its panel's.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RunMeasures {
    pub mean: Loss,
    pub median: Loss,
    pub eighty: Coverage,
    pub ninety_five: Coverage,
}

/// A run and the actual demand, for all series and by class.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOutRun {
    pub run: Run,
    pub all: RunMeasures,
    pub classes: Vec<RunMeasures>,
}

/// Runs with the first `origin` weeks and compares the eight after them. A series without a forecast counts as a forecast of 0.
pub fn evaluate_held_out(panel: &Panel, origin: usize, threads: usize) -> HeldOutRun {
    let run = forecast_all(&panel.until(origin), &Settings { horizon: HELD_OUT_WEEKS, threads, incumbent: None });
    let (mut all, mut classes) = (RunMeasures::default(), vec![RunMeasures::default(); Class::ALL.len()]);
    for (series, forecast) in run.series.iter().enumerate() {
        for (ahead, units) in panel.values(series)[origin..].iter().take(HELD_OUT_WEEKS).enumerate() {
            if !units.is_finite() {
                continue;
            }
            let units = f64::from(units.max(0.0));
            let point = forecast.points.get(ahead);
            for measures in [&mut all, &mut classes[forecast.class.index()]] {
                measures.mean.add(units, point.map_or(0.0, |point| f64::from(point.mean)), 1.0);
                measures.median.add(units, point.map_or(0.0, |point| f64::from(point.median)), 1.0);
                if let Some(bounds) = point.and_then(|point| point.bounds) {
                    measures.eighty.add(units, (bounds.lower80, bounds.upper80));
                    measures.ninety_five.add(units, (bounds.lower95, bounds.upper95));
                }
            }
        }
    }
    HeldOutRun { run, all, classes }
}

/// Loss of one method for all series at one origin, regardless of the choice. `seasons` has those of the origin.
pub(crate) fn method_loss(panel: &Panel, method: &Method, origin: usize, seasons: &Seasons) -> Loss {
    let (mut loss, mut prepared, mut scratch) = (Loss::default(), PreparedSeries::default(), Scratch::default());
    for series in 0..panel.len() {
        prepare(&mut prepared, &panel.values(series)[..origin], panel.days(series).map(|days| &days[..origin]));
        let view = View::at(&prepared.known, origin, seasons.at(panel.traits(series).category, origin), &mut scratch.values);
        let mut path = [0.0; HELD_OUT_WEEKS];
        method.path(&view, &mut scratch, &mut path);
        let weeks = panel.values(series)[origin..].iter().take(HELD_OUT_WEEKS).zip(path);
        weeks
            .filter(|(units, _)| units.is_finite())
            .for_each(|(units, forecast)| loss.add(f64::from(units.max(0.0)), forecast, 1.0));
    }
    loss
}
