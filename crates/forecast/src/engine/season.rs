//! The season of each category at each origin, from weeks before it.

use crate::{
    engine::in_chunks,
    models::{SEASON_HISTORY, Scratch, Season, Seasons, View},
    panel::Panel,
    selection::DEFAULT,
    series::{Prepared, prepare},
};

/// Seasons for all categories at the origins that have two years before them. Giants are cut first; an unknown week adds nothing to its category.
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
        let (mut prepared, mut scratch) = (Prepared::default(), Scratch::default());
        for series in 0..panel.len() {
            prepare(&mut prepared, panel.values(series), panel.days(series));
            let Ok(category) = categories.binary_search(&panel.traits(series).category) else { continue };
            let view = View::at(&prepared.known, origin, None, &mut scratch.values);
            let limit = DEFAULT.limit(&view, &mut scratch.values).unwrap_or(f64::INFINITY);
            for (units, week) in view.units().iter().zip(&prepared.known.weeks) {
                totals[category][*week as usize] += units.min(limit);
            }
        }
        totals.iter().map(|totals| Season::of(totals)).collect()
    };
    let seasons = in_chunks(origins.len(), 1, threads, |range| at_origin(origins[range.start])).concat();
    Seasons { categories, origins, seasons }
}
