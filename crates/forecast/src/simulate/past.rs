//! The knowledge of each past week: the path and scale of every series, and the errors of sums that had come true by then.

use std::{borrow::Cow, sync::OnceLock};

use crate::{
    engine::{CHUNK_SIZE, run_in_chunks, step_of},
    intervals::{Pool, SumPools, sum_scale},
    models::{Method, Scratch, View},
    panel::Panel,
    selection::{MAX_ORIGINS, MIN_FIRST_POOLED},
    series::{PreparedSeries, prepare},
};

/// A forecast as it would have been made.
#[derive(Debug, Clone, Default)]
struct PastForecast {
    /// Mean units of the weeks ahead. Empty if the series had not begun.
    path: Vec<f64>,
    scale: f64,
    /// Errors of sums over 1, 2, … weeks ÷ scale, up to the first unknown week.
    errors: Vec<f32>,
}

/// Forecasts of all series at all weeks of a panel, one week apart. Shared by simulations of several service levels.
#[derive(Debug, Clone)]
pub struct Past {
    /// Weeks of a sum: lead time and review.
    pub span: usize,
    weeks: usize,
    /// By series, then by origin.
    known: Vec<Vec<PastForecast>>,
    /// The pools of each week and of those after the last one, where they are kept.
    week_pools: Vec<OnceLock<SumPools>>,
}

impl Past {
    /// Makes every forecast of a method again, for sums up to `span` weeks. Errors are pooled from the origin `first` on.
    pub fn new(panel: &Panel, method: &Method, span: usize, (first, threads): (usize, usize)) -> Self {
        let (weeks, span) = (panel.weeks(), span.max(1));
        let chunks = run_in_chunks(panel.len(), CHUNK_SIZE, threads, |range| {
            let (mut prepared, mut scratch, mut capped_units) = (PreparedSeries::default(), Scratch::default(), Vec::new());
            let mut found = Vec::new();
            for series in range {
                prepare(&mut prepared, panel.values(series), panel.days(series));
                let forecast_at = |origin: usize| {
                    let view = View::at(&prepared.known, origin, None, &mut scratch.values);
                    if view.count == 0 || origin < MIN_FIRST_POOLED.min(first) {
                        return PastForecast::default();
                    }
                    let mut path = vec![0.0; span];
                    method.path(&view, &mut scratch, &mut path);
                    let scale = sum_scale(step_of(&view, &mut scratch.values, &mut capped_units));
                    let errors = if origin < first { Vec::new() } else { scaled_sum_errors(&view, &path, scale) };
                    PastForecast { path, scale, errors }
                };
                found.push((0..weeks).map(forecast_at).collect::<Vec<_>>());
            }
            found
        });
        Self { span, weeks, known: chunks.concat(), week_pools: Vec::new() }
    }
    /// Pools the errors of the series that are marked, and of no other; all stay forecast.
    #[must_use]
    pub fn with_pooled_series(mut self, is_pooled: &[bool]) -> Self {
        for (series, known) in self.known.iter_mut().enumerate() {
            if !is_pooled.get(series).copied().unwrap_or_default() {
                known.iter_mut().for_each(|forecast| forecast.errors = Vec::new());
            }
        }
        self
    }
    /// Caches the pools of each week from their first use: simulations of several levels share
    /// them. They take as much memory as the errors of each week have scores.
    #[must_use]
    pub fn with_pool_cache(self) -> Self {
        Self { week_pools: vec![OnceLock::new(); self.weeks + 1], ..self }
    }
    /// The pools of all sums that had come true before `week`.
    pub fn pools(&self, week: usize) -> Cow<'_, SumPools> {
        match self.week_pools.get(week) {
            Some(cell) => Cow::Borrowed(cell.get_or_init(|| self.pools_before(week))),
            None => Cow::Owned(self.pools_before(week)),
        }
    }
    fn pools_before(&self, week: usize) -> SumPools {
        let pool = |length: usize| {
            let origins = 0..(week + 1).saturating_sub(length).min(self.weeks);
            let errors = self
                .known
                .iter()
                .flat_map(|known| known[origins.clone()].iter())
                .filter_map(|known| known.errors.get(length - 1));
            Pool::new(errors.copied().collect())
        };
        let origins: Vec<usize> = vec![MAX_ORIGINS; self.span];
        SumPools::new((1..=self.span).map(pool).collect(), &origins)
    }
    /// The path and the scale of a series as known before `week`. None if it had not begun.
    pub fn forecast(&self, series: usize, week: usize) -> Option<(&[f64], f64)> {
        let past_forecast = self.known.get(series)?.get(week)?;
        (!past_forecast.path.is_empty()).then_some((past_forecast.path.as_slice(), past_forecast.scale))
    }
}

fn scaled_sum_errors(view: &View<'_>, path: &[f64], scale: f64) -> Vec<f32> {
    let (mut sum, mut scaled_errors) = (0.0, Vec::new());
    for (ahead, path) in path.iter().enumerate() {
        let index = view.count + ahead;
        if view.known.weeks.get(index).map(|week| *week as usize) != Some(view.origin + ahead) {
            break;
        }
        sum += view.known.units[index] - path;
        scaled_errors.push((sum / scale) as f32);
    }
    scaled_errors
}
