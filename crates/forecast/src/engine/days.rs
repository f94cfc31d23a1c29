//! Days as they would have been forecast at earlier origins, beside what came: the errors that intervals of days rest on. The days of a week are its forecast
//! by the shares of weekdays that were known then.

use crate::{
    engine::{
        Run,
        past::{SeriesBacktest, WeekBacktest, for_each_past_at},
        pools::step_of,
    },
    intervals::{DayForecast, DayPools, DayQuantiles},
    models::{Scratch, View},
    panel::{Panel, WEEK_DAYS},
    selection::{SCORED_WEEKS, pooled_origins},
    series::KnownWeeks,
    weekdays::ByDay,
};

/// Origins at which days are forecast again: with the eight weeks of shares before the first, errors of days rest on 22 weeks.
const DAY_ORIGINS: usize = 4;

/// The origins of errors of days, oldest first: the last four of those that pools of weeks rest on.
pub fn day_origins(weeks: usize) -> Vec<usize> {
    let mut origins = pooled_origins(weeks, SCORED_WEEKS);
    origins.split_off(origins.len().saturating_sub(DAY_ORIGINS))
}

/// The days of a panel's last weeks. A group is a series, or a sum of series.
#[derive(Debug, Clone, Copy)]
pub struct Days<'a> {
    /// Origins, as [`day_origins`] returns them.
    pub origins: &'a [usize],
    /// The shares of weekdays that were known at each origin, of each series of the panel.
    pub shares: &'a [Vec<ByDay<f64>>],
    /// The groups of each series, by their numbers.
    pub groups_of: &'a [Vec<u32>],
    /// The pool that each group's errors are in.
    pub pools: &'a [u8],
    /// Units of each group: its weeks from the first origin on, one group after the other. A week of a series is in it that could be sold on all its days.
    pub units: &'a [ByDay<f32>],
}

/// Sums of a group's series: units and forecasts.
#[derive(Clone)]
struct Group {
    weeks: Vec<f64>,
    /// The scored weeks of each origin, one origin after the other; None of a week that is known of no series.
    forecasts: Vec<Option<ByDay<f32>>>,
}

impl Group {
    fn add(&mut self, past: &SeriesBacktest, week_forecasts: &[Option<ByDay<f32>>]) {
        self.weeks.iter_mut().zip(&past.weeks).for_each(|(sum, units)| *sum += units);
        for (sum, week_forecasts) in self.forecasts.iter_mut().zip(week_forecasts) {
            if let Some(week_forecasts) = week_forecasts {
                sum.get_or_insert([0.0; 7]).iter_mut().zip(week_forecasts).for_each(|(sum, units)| *sum += units);
            }
        }
    }

    /// Adds the group's errors. At an origin before its first demand it has none.
    fn score(&self, origins: &[usize], units: &[ByDay<f32>], scratch: &mut Scratch, pools: &mut DayPools) {
        let first = origins.first().copied().unwrap_or(0);
        let mut known_weeks = KnownWeeks::default();
        let start_week = self.weeks.iter().position(|units| *units > 0.0).unwrap_or(self.weeks.len());
        self.weeks.iter().enumerate().skip(start_week).for_each(|(week, units)| known_weeks.push(week, *units, 1.0));
        let mut capped_units = Vec::new();
        for (origin, week_forecasts) in origins.iter().zip(self.forecasts.chunks(SCORED_WEEKS)) {
            let view = View::at(&known_weeks, *origin, None, &mut scratch.values);
            if view.count == 0 {
                continue;
            }
            let step = step_of(&view, &mut scratch.values, &mut capped_units);
            for (ahead, week_forecasts) in week_forecasts.iter().enumerate() {
                let (Some(week_forecasts), Some(units)) = (week_forecasts, units.get(origin + ahead - first)) else { continue };
                let days = DayForecast::of_week(&week_forecasts.map(f64::from), step);
                for (day, units) in days.iter().zip(units) {
                    if let Some(day) = day {
                        pools.add(day, f64::from(*units).max(0.0));
                    }
                }
            }
        }
    }
}

/// The bounds of errors of days that groups would have made at earlier origins, with each series
/// forecast as the run forecasts it. One element for each of the `count` pools.
pub fn day_errors(panel: &Panel, run: &Run, days: &Days<'_>, count: usize, threads: usize) -> Vec<DayQuantiles> {
    let mut pools = vec![DayPools::default(); count];
    let Some(first) = days.origins.first() else { return pools.into_iter().map(DayPools::quantiles).collect() };
    let empty = Group { weeks: vec![0.0; panel.weeks()], forecasts: vec![None; days.origins.len() * SCORED_WEEKS] };
    let mut groups = vec![empty; days.pools.len()];
    for_each_past_at(panel, run, days.origins, threads, |series, past| {
        let of_series = days.groups_of.get(series).map_or(&[][..], Vec::as_slice);
        if of_series.is_empty() {
            return;
        }
        let made = backtest_days(panel, days, series, past);
        for group in of_series {
            if let Some(group) = groups.get_mut(*group as usize) {
                group.add(past, &made);
            }
        }
    });
    let (mut scratch, weeks) = (Scratch::default(), panel.weeks() - first);
    for ((group, pool), units) in groups.iter().zip(days.pools).zip(days.units.chunks(weeks.max(1))) {
        if let Some(pool) = pools.get_mut(usize::from(*pool)) {
            group.score(days.origins, units, &mut scratch, pool);
        }
    }
    pools.into_iter().map(DayPools::quantiles).collect()
}

/// The forecasts by day of a series' past weeks. `None` for a week in which it could not be sold on
/// all days: its sales are not its demand.
fn backtest_days(panel: &Panel, days: &Days<'_>, series: usize, past: &SeriesBacktest) -> Vec<Option<ByDay<f32>>> {
    let in_stock = panel.days(series);
    let is_whole = |week: usize| in_stock.is_none_or(|days| days.get(week) == Some(&WEEK_DAYS));
    let of_week = |(place, backtest): (usize, &WeekBacktest)| {
        let (origin_index, ahead) = (place / SCORED_WEEKS, place % SCORED_WEEKS);
        let shares = days.shares.get(origin_index)?.get(series)?;
        let is_scored = backtest.is_known && is_whole(days.origins.get(origin_index)? + ahead);
        is_scored.then(|| shares.map(|share| (share * backtest.forecast) as f32))
    };
    past.forecasts.iter().enumerate().map(of_week).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Settings, Traits, forecast_all, intervals::day_bounds, weekdays::profile};

    const SERIES: usize = 150;
    const WEEKS: usize = 32;
    const HELD_OUT_WEEKS: usize = 8;
    const SHAPE: ByDay<f64> = [1.0, 1.0, 1.0, 2.0, 3.0, 5.0, 1.0];

    fn next(state: &mut u64) -> f64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = *state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Days of products that sell from one to 150 units a week, more than a third of them on Saturdays.
    fn made() -> Vec<Vec<ByDay<f64>>> {
        let mut state = 7_u64;
        let mut day = |expected: f64| {
            let size = (0.4 + 1.2 * next(&mut state)) * (0.5 + next(&mut state));
            (expected * size + next(&mut state)).floor()
        };
        let rate = |series: usize| (5.0 * (series as f64 + 0.5) / SERIES as f64).exp();
        let weeks = |series: usize| {
            let week = |_| SHAPE.map(|part| day(rate(series) * part / 14.0));
            (0..WEEKS + HELD_OUT_WEEKS).map(week).collect::<Vec<_>>()
        };
        (0..SERIES).map(weeks).collect()
    }

    fn shares(all: &[Vec<ByDay<f64>>], until: usize) -> Vec<ByDay<f64>> {
        let of_weeks = |weeks: &Vec<ByDay<f64>>| {
            let units: ByDay<f64> = std::array::from_fn(|day| weeks[until - 8..until].iter().map(|days| days[day]).sum());
            profile(&units, 8, &[false; 7])
        };
        all.iter().map(of_weeks).collect()
    }

    #[test]
    fn intervals_of_days_hold_in_the_weeks_to_come() {
        let all = made();
        let mut panel = Panel::new(WEEKS).unwrap();
        for weeks in &all {
            let values: Vec<f32> = weeks[..WEEKS].iter().map(|days| days.iter().sum::<f64>() as f32).collect();
            panel.push(&values, Traits::default()).unwrap();
        }
        let run = forecast_all(&panel, &Settings { horizon: HELD_OUT_WEEKS, threads: 2, incumbent: None });
        let origins = day_origins(WEEKS);
        assert_eq!(origins, [18, 20, 22, 24]);
        let known: Vec<_> = origins.iter().map(|origin| shares(&all, *origin)).collect();
        let groups_of: Vec<Vec<u32>> = (0..SERIES as u32).map(|nth| vec![nth]).collect();
        let scored = all.iter().flat_map(|weeks| &weeks[origins[0]..WEEKS]);
        let units: Vec<ByDay<f32>> = scored.map(|days| days.map(|units| units as f32)).collect();
        let days = Days { origins: &origins, shares: &known, groups_of: &groups_of, pools: &[0; SERIES], units: &units };
        let found = day_errors(&panel, &run, &days, 1, 2);
        assert_eq!(day_errors(&panel, &run, &days, 1, 1), found, "threads change nothing");
        let now = shares(&all, WEEKS);
        // Days, and those inside both intervals: of all, of busy ones, and of those of one to four units.
        let mut tallies = [[0.0_f64; 3]; 3];
        for ((series, shares), weeks) in run.series.iter().zip(&now).zip(&all) {
            for (ahead, point) in series.points.iter().enumerate() {
                let week = shares.map(|share| share * f64::from(point.mean));
                for (day, units) in DayForecast::of_week(&week, f64::from(series.mean_step)).iter().zip(weeks[WEEKS + ahead]) {
                    let Some(day) = day else { continue };
                    let [lower80, upper80, lower95, upper95] = day_bounds(&found[0], day, ahead + 1, SCORED_WEEKS).unwrap();
                    assert!(0.0 <= lower95 && lower95 <= lower80 && upper80 <= upper95);
                    let kinds = [true, day.share * 7.0 >= 1.25, (1.0..4.0).contains(&day.mean)];
                    let inside = [true, (lower80..=upper80).contains(&units), (lower95..=upper95).contains(&units)];
                    for (tally, _) in tallies.iter_mut().zip(kinds).filter(|(_, is_of)| *is_of) {
                        tally.iter_mut().zip(inside).for_each(|(sum, is_inside)| *sum += f64::from(u8::from(is_inside)));
                    }
                }
            }
        }
        for [days, inside80, inside95] in tallies {
            assert!(days > 1_000.0 && (0.75..=0.85).contains(&(inside80 / days)), "{tallies:?}");
            assert!((0.92..=0.98).contains(&(inside95 / days)), "{tallies:?}");
        }
    }

    #[test]
    fn days_of_a_sum_vary_less_than_those_of_its_parts_and_days_without_stock_tell_nothing() {
        // Pairs of products take turns: one sells 30 on Mondays of even weeks and 10 on those of odd ones, the other the reverse.
        let units = |series: usize, week: usize| if (series + week).is_multiple_of(2) { 30.0_f32 } else { 10.0 };
        let found = |days: u8| {
            let mut panel = Panel::new(WEEKS).unwrap();
            for series in 0..16 {
                let values: Vec<f32> = (0..WEEKS).map(|week| units(series, week)).collect();
                panel.push_with_days(&values, &[days; WEEKS], Traits::default()).unwrap();
            }
            let run = forecast_all(&panel, &Settings::default());
            let origins = day_origins(WEEKS);
            let monday = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
            let shares = vec![vec![monday; 16]; origins.len()];
            let groups_of: Vec<Vec<u32>> = (0..16).map(|nth| vec![nth, 16 + nth / 2]).collect();
            let pools: Vec<u8> = (0..24).map(|group| u8::from(group >= 16)).collect();
            let of_group = |group: usize, week: usize| if group < 16 { units(group, week) } else { 40.0 };
            let weeks = (0..24).flat_map(|group| (origins[0]..WEEKS).map(move |week| (group, week)));
            let of_week = |(group, week): (usize, usize)| monday.map(|share| share as f32 * of_group(group, week));
            let units: Vec<ByDay<f32>> = weeks.map(of_week).collect();
            let days = Days { origins: &origins, shares: &shares, groups_of: &groups_of, pools: &pools, units: &units };
            day_errors(&panel, &run, &days, 2, 1)
        };
        // 16 series × 4 origins × 8 weeks are 512 errors, and of eight sums 256.
        let whole = found(7);
        let width = |pool: usize| whole[pool][14].map(|[lower, upper, ..]| upper - lower).unwrap();
        assert!(width(0) > 0.5 && width(1) < 0.1, "{whole:?}");
        assert!(found(6).iter().flatten().all(Option::is_none));
    }
}
