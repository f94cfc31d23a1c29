//! External factors of demand: promotions, prices, holidays, weather. A factor is used only where
//! it lowered the error of weeks that it was not fitted on.
//!
//! A factor has a level each week. Its effect is a slope on the log of units ÷ forecast, one for
//! each class of demand, shrunk if the level rarely differed from the usual one. The forecast
//! already is of an average mix of levels, so multipliers are divided by their own mean: weeks
//! without a promotion lose the demand that it adds to others. Source: INSIGHT, section 3.3.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

use crate::{
    engine::{Run, Status, for_each_past},
    intervals::Bounds,
    panel::Panel,
    selection::{MIN_ORIGINS, SCORED_WEEKS, pooled_origins},
    series::{Class, median},
};

/// Least fall of the pooled WAPE for a factor to be used.
pub const MIN_GAIN: f64 = 0.005;
/// Weeks of series with an unusual level that halve the doubt about a slope.
const SHRINKAGE_WEEKS: f64 = 20.0;
/// Minimum weeks with an unusual level, among those scored, for a result.
const MIN_WEEKS: usize = 3;
const MIN_MULTIPLIER: f64 = 0.3;
const MAX_MULTIPLIER: f64 = 4.0;
/// Two levels that differ by less are one.
const LEVEL_TOLERANCE: f64 = 1e-9;

/// The levels of a factor: by store as traits number them, then by week, those of the panel first and the coming ones after them. None: not known.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Factor {
    pub levels: Vec<Arc<[Option<f64>]>>,
    /// The series of the panel that it is of, ascending; it is judged by them alone. None: all.
    pub members: Option<Vec<u32>>,
}

impl Factor {
    fn includes_series(&self, series: usize) -> bool {
        self.members.as_ref().is_none_or(|members| members.binary_search(&(series as u32)).is_ok())
    }
    fn level(&self, store: u32, week: usize) -> Option<f64> {
        self.levels.get(store as usize)?.get(week).copied().flatten()
    }
    /// The usual level: the median of the weeks that are over.
    fn usual_level(&self, weeks: usize) -> f64 {
        let mut known_levels: Vec<f64> =
            self.levels.iter().flat_map(|levels| levels.iter().take(weeks).copied().flatten()).collect();
        median(&mut known_levels).unwrap_or(0.0)
    }
}

/// The effect of a factor on one class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// Change of the log of units for a change of the level by 1.
    pub slope: f64,
    /// The mean multiplier of the weeks it was fitted on.
    mean: f64,
    usual: f64,
}

impl Effect {
    /// Returns the multiplier of a forecast at a level.
    pub fn multiplier(&self, level: f64) -> f64 {
        clamped_multiplier(self.slope, level - self.usual) / self.mean
    }
}

fn clamped_multiplier(slope: f64, above: f64) -> f64 {
    (slope * above).exp().clamp(MIN_MULTIPLIER, MAX_MULTIPLIER)
}

/// Result of judging a factor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FactorResult {
    /// Whether forecasts are made with it.
    pub is_used: bool,
    /// Pooled WAPE of held-out weeks with known levels, without the factor and with it. None where too little is known to judge.
    pub wape: Option<(f64, f64)>,
    /// By class as in [`Class::ALL`].
    pub effects: [Option<Effect>; Class::ALL.len()],
}

impl Default for FactorResult {
    fn default() -> Self {
        Self { is_used: false, wape: None, effects: [None; Class::ALL.len()] }
    }
}

/// A scored week of a series.
#[derive(Clone, Copy)]
struct Row {
    class: u8,
    /// The place of its origin.
    origin: u8,
    series: u32,
    store: u32,
    week: u32,
    forecast: f32,
    units: f32,
}

/// A row with the level of the factor in it, above the usual one.
#[derive(Clone, Copy)]
struct Observation {
    row: Row,
    above: f64,
}

/// Judges factors, one after the other: each on forecasts that those before it have changed. Equal inputs give equal answers.
pub fn evaluate_factors(panel: &Panel, run: &Run, factors: &[Factor], threads: usize) -> Vec<FactorResult> {
    if factors.is_empty() {
        return Vec::new();
    }
    let origins = pooled_origins(panel.weeks(), SCORED_WEEKS);
    let mut rows = backtest_rows(panel, run, &origins, threads);
    let evaluate = |factor: &Factor| {
        let usual = factor.usual_level(panel.weeks());
        match &factor.members {
            None => evaluate_rows(&mut rows, factor, usual, &origins),
            Some(members) => evaluate_members(members, &mut rows, (factor, usual), &origins),
        }
    };
    factors.iter().map(evaluate).collect()
}

/// Judges a factor by the rows of its members alone. Rows are by series, as the past is gone through.
fn evaluate_members(members: &[u32], rows: &mut [Row], (factor, usual): (&Factor, f64), origins: &[usize]) -> FactorResult {
    let of_member =
        |member: &u32| rows.partition_point(|row| row.series < *member)..rows.partition_point(|row| row.series <= *member);
    let ranges: Vec<Range<usize>> = members.iter().map(of_member).collect();
    let mut own_rows: Vec<Row> = ranges.iter().flat_map(|range| rows[range.clone()].iter().copied()).collect();
    let result = evaluate_rows(&mut own_rows, factor, usual, origins);
    if result.is_used {
        let places = ranges.into_iter().flatten();
        places.zip(own_rows).for_each(|(index, row)| rows[index] = row);
    }
    result
}

fn backtest_rows(panel: &Panel, run: &Run, origins: &[usize], threads: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for_each_past(panel, run, threads, |series, past| {
        let class = run.series[series].class.index() as u8;
        let store = panel.traits(series).store;
        for (place, backtest) in past.forecasts.iter().enumerate().filter(|(_, backtest)| backtest.is_known) {
            let (origin, ahead) = (place / SCORED_WEEKS, place % SCORED_WEEKS);
            let week = (origins[origin] + ahead) as u32;
            let (forecast, units) = (backtest.forecast as f32, backtest.units as f32);
            rows.push(Row { class, origin: origin as u8, series: series as u32, store, week, forecast, units });
        }
    });
    rows
}

fn evaluate_rows(rows: &mut [Row], factor: &Factor, usual: f64, origins: &[usize]) -> FactorResult {
    let observe = |row: &Row| Some(Observation { row: *row, above: factor.level(row.store, row.week as usize)? - usual });
    let all = || rows.iter().filter_map(&observe);
    let unusual: BTreeSet<u32> =
        all().filter(|observation| observation.above.abs() > LEVEL_TOLERANCE).map(|observation| observation.row.week).collect();
    if origins.len() < MIN_ORIGINS || unusual.len() < MIN_WEEKS {
        return FactorResult::default();
    }
    // Each origin is judged by a fit on weeks outside of its own.
    let without_own =
        |origin: &usize| fit_class_effects(all().filter(|observation| !is_scored(*origin, observation.row.week)), usual);
    let held_out: Vec<_> = origins.iter().map(without_own).collect();
    let multiplier = |row: &Row| {
        let level = factor.level(row.store, row.week as usize);
        let effect = held_out.get(usize::from(row.origin)).and_then(|effects| effects[usize::from(row.class)]);
        effect.zip(level).map_or(1.0, |(effect, level)| effect.multiplier(level))
    };
    let (mut without, mut with, mut units) = (0.0, 0.0, 0.0);
    for observation in all() {
        let (forecast, actual) = (f64::from(observation.row.forecast), f64::from(observation.row.units));
        without += (actual - forecast).abs();
        with += (actual - forecast * multiplier(&observation.row)).abs();
        units += actual;
    }
    if units <= 0.0 {
        return FactorResult::default();
    }
    let wape = (without / units, with / units);
    let is_used = wape.0 - wape.1 >= MIN_GAIN;
    let effects = fit_class_effects(all(), usual);
    if is_used {
        rows.iter_mut().for_each(|row| row.forecast = (f64::from(row.forecast) * multiplier(row)) as f32);
    }
    FactorResult { is_used, wape: Some(wape), effects }
}

/// Whether a week is scored at an origin.
fn is_scored(origin: usize, week: u32) -> bool {
    (origin..origin + SCORED_WEEKS).contains(&(week as usize))
}

/// Units and forecasts of one class at one level, in one store, week and distance.
#[derive(Default, Clone, Copy)]
struct Cell {
    units: f64,
    forecast: f64,
    above: f64,
}

/// The effect on each class. None where the level did not vary.
fn fit_class_effects(observations: impl Iterator<Item = Observation>, usual: f64) -> [Option<Effect>; Class::ALL.len()] {
    let mut cells: [BTreeMap<(u8, u32, u32), Cell>; Class::ALL.len()] = std::array::from_fn(|_| BTreeMap::new());
    let mut unusual = [0.0; Class::ALL.len()];
    for Observation { row, above } in observations {
        let class = usize::from(row.class);
        let cell = cells[class].entry((row.origin, row.week, row.store)).or_default();
        cell.units += f64::from(row.units);
        cell.forecast += f64::from(row.forecast);
        cell.above = above;
        if above.abs() > LEVEL_TOLERANCE {
            unusual[class] += 1.0;
        }
    }
    std::array::from_fn(|class| {
        let cells: Vec<Cell> = cells[class].values().filter(|cell| cell.forecast > 0.0).copied().collect();
        fit_effect(&cells, unusual[class], usual)
    })
}

/// A slope by weighted least squares, shrunk: n of n + 20.
fn fit_effect(cells: &[Cell], unusual: f64, usual: f64) -> Option<Effect> {
    let total: f64 = cells.iter().map(|cell| cell.forecast).sum();
    if total <= 0.0 {
        return None;
    }
    let ratio = |cell: &Cell| ((cell.units + 0.5) / (cell.forecast + 0.5)).ln();
    let mean = |value_of: &dyn Fn(&Cell) -> f64| cells.iter().map(|cell| cell.forecast * value_of(cell)).sum::<f64>() / total;
    let (mean_above, mean_ratio) = (mean(&|cell: &Cell| cell.above), mean(&ratio));
    let spread = mean(&|cell: &Cell| (cell.above - mean_above).powi(2));
    if spread <= LEVEL_TOLERANCE {
        return None;
    }
    let covariance = mean(&|cell: &Cell| (cell.above - mean_above) * (ratio(cell) - mean_ratio));
    let slope = covariance / spread * unusual / (unusual + SHRINKAGE_WEEKS);
    Some(Effect { slope, mean: mean(&|cell: &Cell| clamped_multiplier(slope, cell.above)), usual })
}

/// Multiplies the coming weeks of a run by the factors that are used. A factor is left out from the first week on whose level is not known.
pub fn apply(run: &mut Run, panel: &Panel, factors: &[Factor], results: &[FactorResult]) {
    for (series, forecast) in run.series.iter_mut().enumerate().filter(|(_, one)| one.status != Status::Ended) {
        let store = panel.traits(series).store;
        for (factor, results) in
            factors.iter().zip(results).filter(|(factor, results)| results.is_used && factor.includes_series(series))
        {
            let Some(effect) = results.effects[forecast.class.index()] else { continue };
            for (ahead, point) in forecast.points.iter_mut().enumerate() {
                let Some(level) = factor.level(store, panel.weeks() + ahead) else { break };
                let by = effect.multiplier(level);
                let times = |units: f32| (f64::from(units) * by) as f32;
                point.mean = times(point.mean);
                point.median = times(point.median);
                point.bounds = point.bounds.map(|bounds| Bounds {
                    lower80: times(bounds.lower80),
                    upper80: times(bounds.upper80),
                    lower95: times(bounds.lower95),
                    upper95: times(bounds.upper95),
                    is_extrapolated: bounds.is_extrapolated,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Settings, Traits, forecast_all};

    const WEEKS: usize = 40;

    /// Every fourth week is a promotion.
    fn promotion(until: usize) -> Factor {
        let level = |week: usize| (week < until).then_some(if week.is_multiple_of(4) { 1.0 } else { 0.0 });
        Factor { levels: vec![(0..WEEKS + 26).map(level).collect()], members: None }
    }

    /// Products that sell 10 a week, and more in a promotion.
    fn trade(promoted: f32) -> (Panel, Run) {
        let mut panel = Panel::new(WEEKS).unwrap();
        for nth in 0..6 {
            // A small variation of each product's own.
            let own = |week: usize| ((week + nth) % 3) as f32 - 1.0;
            let units = |week: usize| own(week) + if week.is_multiple_of(4) { promoted } else { 10.0 };
            panel.push(&(0..WEEKS).map(units).collect::<Vec<f32>>(), Traits::default()).unwrap();
        }
        let run = forecast_all(&panel, &Settings::default());
        (panel, run)
    }

    #[test]
    fn a_promotion_that_doubles_demand_is_used() {
        let (panel, run) = trade(20.0);
        let factors = [promotion(WEEKS + 26)];
        let found = evaluate_factors(&panel, &run, &factors, 1);
        let (without, with) = found[0].wape.unwrap();
        assert!(found[0].is_used && with < without - 0.05, "{without} {with}");
        let effect = found[0].effects[run.series[0].class.index()].unwrap();
        let (with_it, without_it) = (effect.multiplier(1.0), effect.multiplier(0.0));
        assert!(with_it > 1.2 && without_it < 1.0, "{effect:?}");
        assert!((0.25 * with_it + 0.75 * without_it - 1.0).abs() < 0.1, "the mean stays: {effect:?}");
        let mut changed = run.clone();
        apply(&mut changed, &panel, &factors, &found);
        let (promoted, plain) = (&changed.series[0].points[0], &changed.series[0].points[1]);
        assert!(promoted.mean > 13.0 && plain.mean < 9.0, "{promoted:?} {plain:?}");
        assert_eq!(evaluate_factors(&panel, &run, &factors, 2), found, "threads change nothing");
    }

    #[test]
    fn a_promotion_that_changes_nothing_is_not_used() {
        let (panel, run) = trade(10.0);
        let found = evaluate_factors(&panel, &run, &[promotion(WEEKS + 26)], 1);
        assert!(!found[0].is_used && found[0].wape.is_some(), "{found:?}");
        let mut changed = run.clone();
        apply(&mut changed, &panel, &[promotion(WEEKS + 26)], &found);
        assert_eq!(changed, run);
    }

    #[test]
    fn a_factor_that_ends_is_left_out_from_there_on() {
        let (panel, run) = trade(20.0);
        let factors = [promotion(WEEKS + 3)];
        let found = evaluate_factors(&panel, &run, &factors, 1);
        assert!(found[0].is_used);
        let mut changed = run.clone();
        apply(&mut changed, &panel, &factors, &found);
        let (before, after) = (&run.series[0].points, &changed.series[0].points);
        assert!((0..3).all(|ahead| after[ahead].mean != before[ahead].mean), "{after:?}");
        assert_eq!(after[3..], before[3..], "the last level is not carried on");
    }

    #[test]
    fn a_promotion_of_some_products_is_judged_by_them_and_moves_them_alone() {
        // Half of the products double in the promotion, which changes nothing for the others.
        let mut panel = Panel::new(WEEKS).unwrap();
        for nth in 0..6 {
            let own = |week: usize| ((week + nth) % 3) as f32 - 1.0;
            let promoted = if nth % 2 == 1 { 20.0 } else { 10.0 };
            let units = |week: usize| own(week) + if week.is_multiple_of(4) { promoted } else { 10.0 };
            panel.push(&(0..WEEKS).map(units).collect::<Vec<f32>>(), Traits::default()).unwrap();
        }
        let run = forecast_all(&panel, &Settings::default());
        let of = |members: &[u32]| Factor { members: Some(members.to_vec()), ..promotion(WEEKS + 26) };
        let factors = [of(&[1, 3, 5]), of(&[0, 2, 4]), of(&[1, 3, 5]), of(&[])];
        let found = evaluate_factors(&panel, &run, &factors, 1);
        assert_eq!([0, 1, 3].map(|nth: usize| found[nth].is_used), [true, false, false], "{found:?}");
        let (first, again) = (found[0].wape.unwrap(), found[2].wape.unwrap());
        assert!(again.0 < first.0, "what the first has changed is what the third is judged on: {found:?}");
        let mut changed = run.clone();
        apply(&mut changed, &panel, &factors, &found);
        for (nth, (before, after)) in run.series.iter().zip(&changed.series).enumerate() {
            assert_eq!(before.points != after.points, nth % 2 == 1, "{nth}");
        }
        assert!(changed.series[1].points[0].mean > 13.0, "{:?}", changed.series[1].points[0]);
    }

    #[test]
    fn what_was_seen_twice_is_not_judged() {
        let (panel, run) = trade(20.0);
        let seldom = |week: usize| Some(if week == 20 || week == 36 { 1.0 } else { 0.0 });
        let holiday = Factor { levels: vec![(0..WEEKS + 26).map(seldom).collect()], members: None };
        assert_eq!(evaluate_factors(&panel, &run, &[holiday, Factor::default()], 1), [FactorResult::default(); 2]);
    }

    #[test]
    fn a_second_factor_that_says_the_same_adds_nothing() {
        let (panel, run) = trade(20.0);
        let found = evaluate_factors(&panel, &run, &[promotion(WEEKS + 26), promotion(WEEKS + 26)], 1);
        assert!(found[0].is_used, "{found:?}");
        let (first, second) = (found[0].wape.unwrap(), found[1].wape.unwrap());
        assert!(second.0 < first.0 && second.0 - second.1 < first.0 - first.1, "{found:?}");
    }

    #[test]
    fn the_worked_effect() {
        // Forecast 20 each: 40 were sold in the promotion, 10 without. ln(40.5 ÷ 10.5) = 1.35,
        // shrunk by 20 ÷ 40.
        let cell = |units: f64, above: f64| Cell { units, forecast: 20.0, above };
        let found = fit_effect(&[cell(40.0, 1.0), cell(10.0, 0.0)], 20.0, 0.0).unwrap();
        assert!((found.slope - 0.5 * (40.5_f64 / 10.5).ln()).abs() < 1e-12, "{found:?}");
        assert!((found.multiplier(1.0) + found.multiplier(0.0) - 2.0).abs() < 1e-12, "the mean stays");
        assert_eq!(fit_effect(&[cell(40.0, 1.0)], 20.0, 0.0), None, "one level tells nothing");
        assert_eq!(fit_effect(&[], 0.0, 0.0), None);
    }
}
