//! Bounds of single days, from errors of days. Pools are separated by the day's forecast and by its
//! share of the week: with one pool for all, busy days of a week and days of one to four units are
//! covered too little, and days of almost no demand too much.

use crate::intervals::{Level, Pool, error_scale};

/// Expected units of a day: the lower bound of each band but the first.
const MEAN_BANDS: [f64; 4] = [0.25, 1.0, 4.0, 16.0];
/// The share of a day in its week by that of an even week: the least of each band but the first. Quiet, usual and busy days.
const SHARE_BANDS: [f64; 2] = [0.75, 1.25];
/// Pools of days.
pub const DAY_CELLS: usize = (MEAN_BANDS.len() + 1) * (SHARE_BANDS.len() + 1);
/// Days of an even week.
const EVEN_DAYS: f64 = 7.0;

/// Bounds of scaled errors by cell: lower and upper of 80 %, then of 95 %. None where too few errors are known.
pub type DayQuantiles = Vec<Option<[f64; 4]>>;

/// A day that is forecast.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DayForecast {
    /// Expected units.
    pub mean: f64,
    /// Share of the day in the week, 0 to 1.
    pub share: f64,
    /// The mean step between the weeks of its series.
    pub step: f64,
}

impl DayForecast {
    /// The days of a week by their forecasts. `None` for a day without forecast demand.
    pub fn of_week(days: &[f64; 7], step: f64) -> [Option<Self>; 7] {
        let week: f64 = days.iter().sum();
        days.map(|mean| (mean > 0.0).then(|| Self { mean, share: mean / week, step }))
    }
    /// The scale of its error. Days that are independent share the week's variance by their shares.
    fn scale(&self) -> f64 {
        error_scale(self.step * self.share.sqrt(), self.mean)
    }
    fn cell(&self) -> usize {
        let band = MEAN_BANDS.iter().filter(|least| self.mean >= **least).count();
        let busy = SHARE_BANDS.iter().filter(|least| self.share * EVEN_DAYS >= **least).count();
        band * (SHARE_BANDS.len() + 1) + busy
    }
}

/// Scaled errors of days, by cell.
#[derive(Debug, Clone, PartialEq)]
pub struct DayPools(Vec<Vec<f32>>);

impl Default for DayPools {
    fn default() -> Self {
        Self(vec![Vec::new(); DAY_CELLS])
    }
}

impl DayPools {
    /// Adds the error of a day that is over.
    pub fn add(&mut self, day: &DayForecast, units: f64) {
        if let Some(scores) = self.0.get_mut(day.cell()) {
            scores.push(((units - day.mean) / day.scale()) as f32);
        }
    }
    /// The bounds of each cell. A cell of too few errors has those of all cells together.
    pub fn quantiles(self) -> DayQuantiles {
        let all = quantiles(self.0.concat());
        self.0.into_iter().map(|scores| quantiles(scores).or(all)).collect()
    }
}

fn quantiles(scores: Vec<f32>) -> Option<[f64; 4]> {
    let pool = Pool::new(scores);
    if !pool.has_enough_scores() {
        return None;
    }
    let bounds_at = |level: Level| Some((pool.lower(level.tail())?, pool.upper(1.0 - level.tail())?));
    let ((lower80, upper80), (lower95, upper95)) = (bounds_at(Level::Eighty)?, bounds_at(Level::NinetyFive)?);
    Some([lower80, upper80, lower95, upper95])
}

/// Lower and upper bounds of a day's 80 % interval, then of its 95 % one: never below 0. `ahead` is the number of its week, from 1 on. None where too few
/// errors are known.
pub fn day_bounds(quantiles: &[Option<[f64; 4]>], day: &DayForecast, ahead: usize, scored_weeks: usize) -> Option<[f64; 4]> {
    let errors = quantiles.get(day.cell()).copied().flatten()?;
    let stretch = if ahead > scored_weeks { (ahead as f64 / scored_weeks.max(1) as f64).sqrt() } else { 1.0 };
    let [lower80, upper80, lower95, upper95] = errors.map(|error| (day.mean + error * day.scale() * stretch).max(0.0));
    Some([lower80, upper80.max(lower80), lower95.min(lower80), upper95.max(upper80).max(lower80)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(mean: f64, share: f64) -> DayForecast {
        DayForecast { mean, share, step: 4.0 }
    }

    #[test]
    fn a_busy_day_has_its_own_pool() {
        let mut pools = DayPools::default();
        let (even, busy) = (of(8.0, 1.0 / 7.0), of(8.0, 0.5));
        for nth in 0..200_u32 {
            pools.add(&even, 8.0 + f64::from(nth % 3) - 1.0);
            pools.add(&busy, f64::from(nth % 17));
        }
        let found = pools.quantiles();
        let width = |day: &DayForecast| day_bounds(&found, day, 1, 8).map(|bounds| bounds[1] - bounds[0]).unwrap();
        assert!(width(&busy) > 4.0 * width(&even), "{} {}", width(&busy), width(&even));
        // 200 errors of −1, 0 and 1: a day more or less on both sides.
        let bounds = day_bounds(&found, &even, 1, 8).unwrap();
        assert!((bounds[0] - 7.0).abs() < 1e-5 && (bounds[1] - 9.0).abs() < 1e-5, "{bounds:?}");
        let far = day_bounds(&found, &even, 32, 8).unwrap();
        assert!((far[1] - 10.0).abs() < 1e-5, "twice as far from the mean at four times the weeks: {far:?}");
        // No error of such a day is known: those of all days.
        assert!(day_bounds(&found, &of(100.0, 0.1), 1, 8).is_some());
    }

    #[test]
    fn few_errors_give_no_bounds_and_none_is_below_zero() {
        let mut pools = DayPools::default();
        let day = of(2.0, 0.2);
        for _ in 0..199 {
            pools.add(&day, 0.0);
        }
        assert_eq!(day_bounds(&pools.clone().quantiles(), &day, 1, 8), None);
        pools.add(&day, 0.0);
        let found = pools.quantiles();
        assert_eq!(found.len(), DAY_CELLS);
        let bounds = day_bounds(&found, &day, 20, 8).unwrap();
        assert_eq!(bounds, [0.0; 4], "nothing ever came");
    }

    #[test]
    fn a_day_of_which_nothing_is_expected_is_not_bounded() {
        let days = DayForecast::of_week(&[3.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0], 4.0);
        assert_eq!(days[2], None);
        assert_eq!(days[0], Some(DayForecast { mean: 3.0, share: 0.75, step: 4.0 }));
        assert_eq!(DayForecast::of_week(&[0.0; 7], 4.0), [None; 7]);
    }
}
