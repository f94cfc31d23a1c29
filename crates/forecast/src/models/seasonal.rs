//! Models that smooth once the season is taken out.

use crate::models::{History, imapa, ses_by_grid};

/// The model that smooths once the season is taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SeasonalBase {
    Ses,
    Imapa,
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
    use crate::models::{Model, Season, WEEKS_A_YEAR};

    fn year(week: usize) -> f64 {
        100.0 * (1.0 + 0.6 * (week as f64 / WEEKS_A_YEAR as f64 * std::f64::consts::TAU).sin())
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
