//! The season of a category, from two years on: ratios to a centred mean over 53 weeks, smoothed and
//! shrunk by half, since two years show little.

use crate::series::median;

/// Weeks of a year, as the seasonal models count.
pub const WEEKS_A_YEAR: usize = 52;
/// Minimum weeks before an origin for a season to be known.
pub const SEASON_HISTORY: usize = 2 * WEEKS_A_YEAR;
/// Weeks on each side of the one that the mean is centred on.
const HALF_WINDOW_WEEKS: usize = 26;
/// Weight of the measured season.
const SEASON_WEIGHT: f64 = 0.5;
const MIN_INDEX: f64 = 0.4;
const MAX_INDEX: f64 = 2.5;

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
            let window = &totals[week - HALF_WINDOW_WEEKS..=week + HALF_WINDOW_WEEKS];
            let mean = window.iter().sum::<f64>() / window.len() as f64;
            if mean > 0.0 {
                ratios[week % WEEKS_A_YEAR].push(totals[week] / mean);
            }
        }
        let medians: Vec<f64> = ratios.iter_mut().map(|ratios| median(ratios).unwrap_or(1.0)).collect();
        let mut season = [1.0; WEEKS_A_YEAR];
        for (week, index) in season.iter_mut().enumerate() {
            let smoothed =
                (medians[(week + WEEKS_A_YEAR - 1) % WEEKS_A_YEAR] + medians[week] + medians[(week + 1) % WEEKS_A_YEAR]) / 3.0;
            *index = (1.0 + SEASON_WEIGHT * (smoothed - 1.0)).clamp(MIN_INDEX, MAX_INDEX);
        }
        Some(Self(season))
    }
    pub(super) fn at(&self, week: usize) -> f64 {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
