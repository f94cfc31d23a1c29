//! The last step of a run: each series' path, its bounds, its status and its excluded weeks.

use std::ops::Range;

use crate::{
    engine::{
        MethodPools, Point, SeriesForecast, Status,
        new_products::{Example, Groups, blend_means},
        pools::step_of,
    },
    intervals::bounds,
    models::{Method, Scratch, Seasons, View},
    panel::Panel,
    selection::{ChoiceReason, Choices, DEFAULT_METHOD, SCORED_WEEKS},
    series::{Class, ExcludedWeek, NEW_WEEKS, PreparedSeries, Reason, cap_units, prepare, quality},
};

/// The inputs that all series share.
pub(crate) struct SharedInputs<'a> {
    pub panel: &'a Panel,
    pub choices: &'a Choices,
    pub pools: &'a [MethodPools],
    pub seasons: &'a Seasons,
    pub horizon: usize,
}

/// A series' forecast, and the data that it lends to new products.
pub(crate) struct SeriesResult {
    forecast: SeriesForecast,
    pub example: Option<Example>,
    /// The known weeks of a new product, giants cut.
    own: Vec<f64>,
}

#[derive(Default)]
struct Buffers {
    prepared: PreparedSeries,
    scratch: Scratch,
    capped: Vec<f64>,
    mean: Vec<f64>,
    median: Vec<f64>,
}

impl SharedInputs<'_> {
    /// `classes` are the computed and the assigned class of every series of the panel.
    pub(crate) fn forecast_range(&self, range: Range<usize>, classes: &[(Class, Class)]) -> Vec<SeriesResult> {
        let mut buffers = Buffers { mean: vec![0.0; self.horizon], median: vec![0.0; self.horizon], ..Buffers::default() };
        range.map(|series| self.forecast_series(series, classes[series], &mut buffers)).collect()
    }

    fn forecast_series(&self, series: usize, (computed, class): (Class, Class), buffers: &mut Buffers) -> SeriesResult {
        let Buffers { prepared, scratch, capped: capped_units, mean, median } = buffers;
        let traits = self.panel.traits(series);
        prepare(prepared, self.panel.values(series), self.panel.days(series));
        let weeks = self.panel.weeks();
        let view = View::at(&prepared.known, weeks, self.seasons.at(traits.category, weeks), &mut scratch.values);
        let choice = self.choices.of(class);
        let status = series_status(prepared, class, choice.reached);
        let constants = choice.mean.path(&view, scratch, mean);
        choice.median.path(&view, scratch, median);
        let step = step_of(&view, &mut scratch.values, capped_units);
        let limit = DEFAULT_METHOD.limit(&view, &mut scratch.values);
        let established = view.count >= NEW_WEEKS && class != Class::New;
        let example = established.then(|| Example {
            category: traits.category,
            store: traits.store,
            first_weeks: view.units()[..NEW_WEEKS].iter().sum::<f64>() / NEW_WEEKS as f64,
            mean_step: step,
        });
        let mut own = Vec::new();
        let limits = if status == Status::New {
            cap_units(view.units(), limit, &mut own);
            vec![limit]
        } else {
            choice.mean.limits(&view, &mut scratch.values)
        };
        let method = self.pool_index(&choice.mean);
        if status == Status::Ended {
            mean.fill(0.0);
            median.fill(0.0);
        }
        let points = if status == Status::TooLittle { Vec::new() } else { self.points((mean, median), step, method, status) };
        // Quality is graded by one rule for all series. The list has the weeks that the method of
        // the mean uses otherwise than recorded.
        let mut excluded = prepared.excluded.clone();
        add_capped_weeks(&mut excluded, capped_weeks(&view, &limits));
        add_capped_weeks(&mut prepared.excluded, capped_weeks(&view, &[limit]));
        let forecast = SeriesForecast {
            class,
            status,
            computed_class: computed,
            method: method as u16,
            constants,
            mean_step: step as f32,
            naive: view.units().last().map_or(0.0, |units| *units as f32),
            known_weeks: prepared.known.units.len() as u32,
            missing_weeks: prepared.missing,
            quality: quality(prepared, traits),
            excluded,
            points,
        };
        SeriesResult { forecast, example, own }
    }

    /// The index of a method's pools.
    fn pool_index(&self, method: &Method) -> usize {
        self.pools.iter().position(|pools| pools.method == *method).unwrap_or(0)
    }

    fn points(&self, (mean, median): (&[f64], &[f64]), step: f64, method: usize, status: Status) -> Vec<Point> {
        let pool = self.pools.get(method).filter(|_| status != Status::Ended).map(|pools| &pools.weeks);
        let point = |(index, (mean, median)): (usize, (&f64, &f64))| Point {
            mean: *mean as f32,
            median: *median as f32,
            bounds: pool.and_then(|pool| bounds(pool, *mean, step, index + 1, SCORED_WEEKS)),
        };
        mean.iter().zip(median).enumerate().map(point).collect()
    }

    /// The forecast; a new product's borrows from established ones.
    pub(crate) fn finish_forecast(&self, series: usize, finished: SeriesResult, groups: &Groups) -> SeriesForecast {
        let SeriesResult { mut forecast, own, .. } = finished;
        if forecast.status != Status::New {
            return forecast;
        }
        let traits = self.panel.traits(series);
        let borrowed = groups.borrow_for(traits.category, traits.store);
        let units = vec![blend_means(&own, borrowed); self.horizon];
        let step = borrowed.map_or(f64::from(forecast.mean_step), |borrowed| borrowed.mean_step);
        forecast.mean_step = step as f32;
        forecast.constants = [None; 3];
        forecast.points = self.points((&units, &units), step, usize::from(forecast.method), Status::New);
        forecast
    }
}

fn series_status(prepared: &PreparedSeries, class: Class, reached: ChoiceReason) -> Status {
    match class {
        Class::Ended => Status::Ended,
        _ if prepared.start.is_none() => Status::TooLittle,
        Class::Dormant => Status::Dormant,
        Class::New => Status::New,
        _ if reached == ChoiceReason::NaiveWasBetter => Status::NaiveWasBetter,
        _ => Status::Ready,
    }
}

/// The weeks above a limit of any part of a method, with the mean of the values that its parts use
/// for them.
fn capped_weeks(view: &View<'_>, limits: &[Option<f64>]) -> Vec<ExcludedWeek> {
    let least = limits.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    let used_units = |units: f64| {
        let sum: f64 = limits.iter().map(|limit| limit.map_or(units, |limit| units.min(limit))).sum();
        sum / limits.len() as f64
    };
    let above = view.units().iter().zip(&view.known.weeks).filter(|(units, _)| **units > least);
    above
        .map(|(units, week)| ExcludedWeek {
            week: *week,
            recorded: *units as f32,
            used: Some(used_units(*units) as f32),
            reason: Reason::Capped,
        })
        .collect()
}

/// Adds giants to the weeks that are not used as recorded. A week that was scaled before is listed once, as a giant.
fn add_capped_weeks(excluded: &mut Vec<ExcludedWeek>, giants: Vec<ExcludedWeek>) {
    excluded.retain(|excluded_week| giants.iter().all(|giant| giant.week != excluded_week.week));
    excluded.extend(giants);
    excluded.sort_by_key(|excluded_week| excluded_week.week);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_is_shown_as_the_parts_of_a_method_see_it() {
        let (mut prepared, mut scratch) = (PreparedSeries::default(), Scratch::default());
        prepare(&mut prepared, &[4.0, 30.0, 12.0, 5.0], None);
        let view = View::at(&prepared.known, 4, None, &mut scratch.values);
        let used =
            |limits: &[Option<f64>]| capped_weeks(&view, limits).iter().map(|one| (one.week, one.used)).collect::<Vec<_>>();
        assert_eq!(used(&[Some(10.0)]), [(1, Some(10.0)), (2, Some(10.0))]);
        assert_eq!(used(&[Some(10.0), Some(20.0)]), [(1, Some(15.0)), (2, Some(11.0))]);
        assert_eq!(used(&[None, Some(20.0)]), [(1, Some(25.0))]);
        assert_eq!(used(&[None]), []);
    }
}
