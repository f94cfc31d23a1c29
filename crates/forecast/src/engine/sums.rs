//! Sums of series: of a category, of a store, of all. A sum is forecast by adding up its series; its interval comes from the errors that such sums made.

use crate::{
    engine::{
        Run,
        past::{SeriesBacktest, for_each_past},
        pools::step_of,
    },
    intervals::{Bounds, Pool, bounds, error_scale},
    models::{Scratch, View},
    panel::Panel,
    selection::{SCORED_WEEKS, pooled_origins},
    series::KnownWeeks,
};

/// The errors of sums at earlier origins, and the scale of each sum.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SumErrors {
    /// Scaled errors of all sums together.
    pub pool: Pool,
    /// The mean step between the weeks of each sum, giants cut.
    pub steps: Vec<f64>,
}

impl SumErrors {
    /// The interval of a sum `ahead` weeks on. None where too few errors are known.
    pub fn bounds(&self, sum: usize, mean: f64, ahead: usize) -> Option<Bounds> {
        bounds(&self.pool, mean, self.steps.get(sum).copied()?, ahead, SCORED_WEEKS)
    }
}

/// A sum's weeks, and its forecasts at the origins. A week that is unknown of a series is left out of both sides.
#[derive(Clone)]
struct Sum {
    weeks: Vec<f64>,
    forecasts: Vec<f64>,
    units: Vec<f64>,
    is_known: Vec<bool>,
}

impl Sum {
    fn of(weeks: usize, scored: usize) -> Self {
        Self { weeks: vec![0.0; weeks], forecasts: vec![0.0; scored], units: vec![0.0; scored], is_known: vec![false; scored] }
    }

    fn add(&mut self, past: &SeriesBacktest) {
        self.weeks.iter_mut().zip(&past.weeks).for_each(|(sum, units)| *sum += units);
        for (place, backtest) in past.forecasts.iter().enumerate().filter(|(_, backtest)| backtest.is_known) {
            self.forecasts[place] += backtest.forecast;
            self.units[place] += backtest.units;
            self.is_known[place] = true;
        }
    }

    /// Adds the sum's scaled errors; the answer is its step now.
    fn score(&self, origins: &[usize], scratch: &mut Scratch, scores: &mut Vec<f32>) -> f64 {
        let mut known_weeks = KnownWeeks::default();
        let start_week = self.weeks.iter().position(|units| *units > 0.0).unwrap_or(self.weeks.len());
        self.weeks.iter().enumerate().skip(start_week).for_each(|(week, units)| known_weeks.push(week, *units, 1.0));
        let mut capped_units = Vec::new();
        let mut step_at = |origin: usize| {
            let view = View::at(&known_weeks, origin, None, &mut scratch.values);
            (view.count > 0).then(|| step_of(&view, &mut scratch.values, &mut capped_units))
        };
        for (origin_index, origin) in origins.iter().enumerate() {
            let Some(step) = step_at(*origin) else { continue };
            for place in (origin_index * SCORED_WEEKS..(origin_index + 1) * SCORED_WEEKS).filter(|place| self.is_known[*place]) {
                let error = self.units[place] - self.forecasts[place];
                scores.push((error / error_scale(step, self.forecasts[place])) as f32);
            }
        }
        step_at(self.weeks.len()).unwrap_or(0.0)
    }
}

/// The errors that sums of series would have made at earlier origins, each series forecast as the run forecasts it. `sums_of` has the sums of each series of
/// the panel, by numbers below `count`.
pub fn sum_errors(panel: &Panel, run: &Run, sums_of: &[Vec<u32>], count: usize, threads: usize) -> SumErrors {
    let origins = pooled_origins(panel.weeks(), SCORED_WEEKS);
    let mut sums = vec![Sum::of(panel.weeks(), origins.len() * SCORED_WEEKS); count];
    for_each_past(panel, run, threads, |series, past| {
        for sum in sums_of.get(series).into_iter().flatten() {
            if let Some(sum) = sums.get_mut(*sum as usize) {
                sum.add(past);
            }
        }
    });
    let (mut scratch, mut scores) = (Scratch::default(), Vec::new());
    let steps = sums.iter().map(|sum| sum.score(&origins, &mut scratch, &mut scores)).collect();
    SumErrors { pool: Pool::new(scores), steps }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Settings, Traits, forecast_all};

    /// Forty weeks of two products that take turns: 10 and 20, then 20 and 10.
    fn opposed_panel(series: usize) -> (Panel, Run) {
        let mut panel = Panel::new(40).unwrap();
        for nth in 0..series {
            let weeks: Vec<f32> = (0..40).map(|week| if (week + nth) % 2 == 0 { 10.0 } else { 20.0 }).collect();
            panel.push(&weeks, Traits::default()).unwrap();
        }
        let run = forecast_all(&panel, &Settings::default());
        (panel, run)
    }

    #[test]
    fn what_evens_out_in_a_sum_makes_its_interval_narrow() {
        let (panel, run) = opposed_panel(8);
        // Each series alone, and all of them together: nine origins of eight weeks make 72 errors each.
        let alone: Vec<Vec<u32>> = (0..8).map(|nth| vec![nth]).collect();
        let single = sum_errors(&panel, &run, &alone, 8, 1);
        assert_eq!(single.pool.scores, 8 * 72);
        let pairs: Vec<Vec<u32>> = (0..8).map(|nth| vec![nth / 2]).collect();
        let together = sum_errors(&panel, &run, &pairs, 4, 1);
        assert_eq!(together.steps, [0.0; 4], "30 a week, week by week");
        let (of_one, of_pair) = (single.bounds(0, 15.0, 1).unwrap(), together.bounds(0, 30.0, 1).unwrap());
        let width = |found: &Bounds| found.upper80 - found.lower80;
        assert!(2.0 * width(&of_one) > 4.0 * width(&of_pair), "adding up bounds is too wide: {of_one:?} {of_pair:?}");
        assert_eq!(sum_errors(&panel, &run, &pairs, 4, 2), together, "threads change nothing");
    }

    #[test]
    fn few_sums_have_no_interval() {
        let (panel, run) = opposed_panel(2);
        let found = sum_errors(&panel, &run, &[vec![0], vec![0]], 1, 1);
        assert_eq!((found.pool.scores, found.bounds(0, 30.0, 1)), (72, None), "fewer than 200 errors");
        assert_eq!(found.bounds(7, 30.0, 1), None, "no such sum");
    }

    #[test]
    fn a_product_that_begins_is_an_error_of_its_sum() {
        let mut panel = Panel::new(30).unwrap();
        panel.push(&[10.0; 30], Traits::default()).unwrap();
        let mut late = [0.0; 30];
        late[29] = 40.0;
        panel.push(&late, Traits::default()).unwrap();
        let run = forecast_all(&panel, &Settings::default());
        let found = sum_errors(&panel, &run, &[vec![0], vec![0]], 1, 1);
        // Σ of 10 a week was known to be steady: the scale is 0.25 × 10, the error 40.
        let worst = found.pool.sorted().last().unwrap();
        assert!((worst - 16.0).abs() < 0.001, "{worst}");
    }
}
