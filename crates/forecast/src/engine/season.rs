//! The season of each category at each origin, from weeks before it.

use crate::{
    engine::run_in_chunks,
    models::{SEASON_HISTORY, Scratch, Season, Seasons, View},
    panel::Panel,
    selection::DEFAULT_METHOD,
    series::{PreparedSeries, prepare},
};

/// Seasons for all categories at the origins that have two years before them. Giants are cut first. An unknown week between two known ones counts as the
/// one before it: an empty shelf is no season. One after the last known week adds nothing to its category.
pub(crate) fn seasons(panel: &Panel, origins: &[usize], threads: usize) -> Seasons {
    let mut origins: Vec<usize> = origins.iter().copied().filter(|origin| *origin >= SEASON_HISTORY).collect();
    origins.sort_unstable();
    origins.dedup();
    if origins.is_empty() {
        return Seasons::default();
    }
    let mut categories: Vec<u32> = (0..panel.len()).map(|series| panel.traits(series).category).collect();
    categories.sort_unstable();
    categories.dedup();
    let at_origin = |origin: usize| -> Vec<Option<Season>> {
        let mut totals = vec![vec![0.0; origin]; categories.len()];
        let (mut prepared, mut scratch) = (PreparedSeries::default(), Scratch::default());
        for series in 0..panel.len() {
            prepare(&mut prepared, panel.values(series), panel.days(series));
            let Ok(category) = categories.binary_search(&panel.traits(series).category) else { continue };
            let view = View::at(&prepared.known, origin, None, &mut scratch.values);
            let limit = DEFAULT_METHOD.limit(&view, &mut scratch.values).unwrap_or(f64::INFINITY);
            let (mut next, mut last) = (None, 0.0);
            for (units, week) in view.units().iter().zip(&prepared.known.weeks) {
                let week = *week as usize;
                totals[category][next.unwrap_or(week)..week].iter_mut().for_each(|total| *total += last);
                last = units.min(limit);
                totals[category][week] += last;
                next = Some(week + 1);
            }
        }
        totals.iter().map(|totals| Season::of(totals)).collect()
    };
    let seasons = run_in_chunks(origins.len(), 1, threads, |range| at_origin(origins[range.start])).concat();
    Seasons { categories, origins, seasons }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Traits;

    #[test]
    fn shelves_that_are_empty_in_each_spring_are_no_season() {
        const WEEKS: usize = 156;
        let is_spring = |week: usize| (10..20).contains(&(week % 52));
        let sold: Vec<f32> = (0..WEEKS).map(|week| if is_spring(week) { 0.0 } else { 10.0 }).collect();
        let days: Vec<u8> = (0..WEEKS).map(|week| if is_spring(week) { 0 } else { 7 }).collect();
        let mut panel = Panel::new(WEEKS).unwrap();
        panel.push_with_days(&sold, &days, Traits::default()).unwrap();
        panel.push(&sold, Traits { category: 1, ..Traits::default() }).unwrap();
        let found = seasons(&panel, &[WEEKS], 1);
        let index = |category: u32, week: usize| found.at(category, WEEKS).unwrap().0[week];
        assert!([5, 15, 30].iter().all(|week| (index(0, *week) - 1.0).abs() < 1e-9), "nobody knows what was wanted in spring");
        assert!(index(1, 15) < 0.7 && index(1, 30) > 1.0, "nobody wanted any in spring: {} {}", index(1, 15), index(1, 30));
    }
}
