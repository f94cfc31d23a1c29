//! The season of a category, from two years on: ratios to a centred mean over 53 weeks, smoothed and shrunk by half, since two years show little.

use crate::{
    models::{History, SeasonalBase, WEEKS_A_YEAR, imapa, ses_by_grid},
    series::median,
};

/// Minimum weeks before an origin for a season to be known.
pub const SEASON_HISTORY: usize = 2 * WEEKS_A_YEAR;
/// Weeks on each side of the one that the mean is centred on.
const HALF_WINDOW_WEEKS: usize = 26;
/// Weight of the measured season.
const SEASON_WEIGHT: f64 = 0.5;
const MIN_INDEX: f64 = 0.4;
const MAX: f64 = 2.5;

/// An index for each week of the year, counted from the panel's first; 1 is an average week.
#[derive(Debug, Clone, PartialEq)]
pub struct Season(pub [f64; WEEKS_A_YEAR]);

impl Season {
    /// Computes the season from a category's units a week. `None` if there are fewer than
    /// [`SEASON_HISTORY`] weeks.
    pub fn of(totals: &[f64]) -> Option<Self> {
        if totals.len() < SEASON_HISTORY {
            return None;
        }
        let mut ratios: Vec<Vec<f64>> = vec![Vec::new(); WEEKS_A_YEAR];
        for week in HALF_WINDOW_WEEKS..totals.len() - HALF_WINDOW_WEEKS {
            let around = &totals[week - HALF_WINDOW_WEEKS..=week + HALF_WINDOW_WEEKS];
            let mean = around.iter().sum::<f64>() / around.len() as f64;
            if mean > 0.0 {
                ratios[week % WEEKS_A_YEAR].push(totals[week] / mean);
            }
        }
        let middle: Vec<f64> = ratios.iter_mut().map(|ratios| median(ratios).unwrap_or(1.0)).collect();
        let mut season = [1.0; WEEKS_A_YEAR];
        for (week, index) in season.iter_mut().enumerate() {
            let smooth =
                (middle[(week + WEEKS_A_YEAR - 1) % WEEKS_A_YEAR] + middle[week] + middle[(week + 1) % WEEKS_A_YEAR]) / 3.0;
            *index = (1.0 + SEASON_WEIGHT * (smooth - 1.0)).clamp(MIN_INDEX, MAX);
        }
        Some(Self(season))
    }
    fn at(&self, week: usize) -> f64 {
        self.0[week % WEEKS_A_YEAR]
    }
}

/// The seasons of all categories at several origins.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seasons {
    /// Ascending.
    pub categories: Vec<u32>,
    /// Ascending.
    pub origins: Vec<usize>,
    /// By origin, then by category.
    pub seasons: Vec<Option<Season>>,
}

impl Seasons {
    /// The season of a category as known at an origin, if it is one of these.
    pub fn at(&self, category: u32, origin: usize) -> Option<&Season> {
        let category = self.categories.binary_search(&category).ok()?;
        let origin = self.origins.binary_search(&origin).ok()?;
        self.seasons[origin * self.categories.len() + category].as_ref()
    }
}

/// The base model on units without their season, times the season of the weeks ahead. Without a known season, the base model alone.
pub(crate) fn path(history: &History<'_>, base: SeasonalBase, scratch: &mut Vec<f64>, out: &mut [f64]) {
    let index = |week: usize| history.season.map_or(1.0, |season| season.at(week));
    scratch.clear();
    scratch.extend(history.units.iter().zip(history.weeks).map(|(units, week)| units / index(*week as usize)));
    let level = match base {
        SeasonalBase::Ses => ses_by_grid(scratch.iter().copied()).level,
        SeasonalBase::Imapa => imapa(scratch),
    };
    for (ahead, out) in out.iter_mut().enumerate() {
        *out = (level * index(history.origin + ahead)).max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::Model;

    fn year(week: usize) -> f64 {
        100.0 * (1.0 + 0.6 * (week as f64 / WEEKS_A_YEAR as f64 * std::f64::consts::TAU).sin())
    }

    #[test]
    fn half_of_a_season_is_believed() {
        let totals: Vec<f64> = (0..156).map(year).collect();
        let season = Season::of(&totals).unwrap();
        assert!((season.at(13) - 1.3).abs() < 0.01 && (season.at(39) - 0.7).abs() < 0.01, "{:?}", (season.at(13), season.at(39)));
        assert_eq!(Season::of(&totals[..103]), None);
        assert_eq!(Season::of(&[0.0; 104]).unwrap().0, [1.0; WEEKS_A_YEAR]);
    }

    #[test]
    fn a_seasonal_series_is_forecast_better_with_its_season() {
        let units: Vec<f64> = (0..130).map(year).collect();
        let (weeks, season) = ((0..130).collect::<Vec<u32>>(), Season::of(&units).unwrap());
        let error = |season: Option<&Season>| {
            let history = History { units: &units, weeks: &weeks, origin: 130, season };
            let mut out = [0.0; 20];
            Model::Seasonal(SeasonalBase::Ses).path(&history, &mut Vec::new(), &mut out);
            out.iter().enumerate().map(|(ahead, units)| (units - year(130 + ahead)).abs()).sum::<f64>()
        };
        assert!(error(Some(&season)) < 0.8 * error(None), "{} {}", error(Some(&season)), error(None));
    }
}
