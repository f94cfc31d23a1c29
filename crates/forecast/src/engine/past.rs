//! Forecasts of each series' method at earlier origins, beside the actual units: the input of sums
//! and factors.

use crate::{
    engine::{
        Run,
        chunks::{CHUNK_SIZE, run_in_chunks},
        score::weeks_ahead,
        season::seasons,
    },
    models::{Scratch, Seasons, View},
    panel::Panel,
    selection::{SCORED_WEEKS, pooled_origins},
    series::{PreparedSeries, prepare},
};

/// Series whose pasts are held at once.
const SERIES_PER_BATCH: usize = 8_192;

/// A week as it would have been forecast, and its units.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct WeekBacktest {
    pub forecast: f64,
    pub units: f64,
    /// False for a week that is unknown; both figures are 0 then.
    pub is_known: bool,
}

/// The past of one series.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SeriesBacktest {
    /// Units of each week of the panel; an unknown one has those of the last known.
    pub weeks: Vec<f64>,
    /// The scored weeks of each origin, one origin after the other.
    pub forecasts: Vec<WeekBacktest>,
}

struct PastForecaster<'a> {
    panel: &'a Panel,
    run: &'a Run,
    origins: &'a [usize],
    seasons: &'a Seasons,
}

/// Hands the past of each series to `take`, in the order of the panel. Each series is forecast by the method that the run has for it.
pub(crate) fn for_each_past(panel: &Panel, run: &Run, threads: usize, take: impl FnMut(usize, &SeriesBacktest)) {
    for_each_past_at(panel, run, &pooled_origins(panel.weeks(), SCORED_WEEKS), threads, take);
}

/// Like `for_each_past`, at some of the origins.
pub(crate) fn for_each_past_at(
    panel: &Panel,
    run: &Run,
    origins: &[usize],
    threads: usize,
    mut take: impl FnMut(usize, &SeriesBacktest),
) {
    let of_categories = seasons(panel, origins, threads);
    let forecaster = PastForecaster { panel, run, origins, seasons: &of_categories };
    for first in (0..panel.len()).step_by(SERIES_PER_BATCH) {
        let size = SERIES_PER_BATCH.min(panel.len() - first);
        let chunks = run_in_chunks(size, CHUNK_SIZE, threads, |range| {
            let (mut prepared, mut scratch) = (PreparedSeries::default(), Scratch::default());
            range.map(|nth| forecaster.backtest_series(first + nth, &mut prepared, &mut scratch)).collect::<Vec<_>>()
        });
        chunks.into_iter().flatten().enumerate().for_each(|(nth, past)| take(first + nth, &past));
    }
}

impl PastForecaster<'_> {
    fn backtest_series(&self, series: usize, prepared: &mut PreparedSeries, scratch: &mut Scratch) -> SeriesBacktest {
        prepare(prepared, self.panel.values(series), self.panel.days(series));
        let mut past = SeriesBacktest {
            weeks: vec![0.0; self.panel.weeks()],
            forecasts: vec![WeekBacktest::default(); self.origins.len() * SCORED_WEEKS],
        };
        let mut known_weeks = prepared.known.weeks.iter().zip(&prepared.known.units).peekable();
        let mut last_units = 0.0;
        for (week, units) in past.weeks.iter_mut().enumerate() {
            if let Some((_, found)) = known_weeks.next_if(|(known_week, _)| **known_week as usize == week) {
                last_units = *found;
            }
            *units = last_units;
        }
        let place = self.run.series.get(series).map_or(0, |forecast| usize::from(forecast.method));
        let Some(pools) = self.run.pools.get(place) else { return past };
        let category = self.panel.traits(series).category;
        for (origin_index, origin) in self.origins.iter().enumerate() {
            let season = self.seasons.at(category, *origin);
            let view = View::at(&prepared.known, *origin, season, &mut scratch.values);
            // A series that had not begun had no forecast: all of its units are an error.
            let mut path = [0.0; SCORED_WEEKS];
            if view.count > 0 {
                pools.method.path(&view, scratch, &mut path);
            }
            for (ahead, units, _) in weeks_ahead(&prepared.known, *origin, SCORED_WEEKS) {
                past.forecasts[origin_index * SCORED_WEEKS + ahead] =
                    WeekBacktest { forecast: path[ahead], units, is_known: true };
            }
        }
        past
    }
}
