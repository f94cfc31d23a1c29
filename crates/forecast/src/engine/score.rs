//! Losses of all methods at all origins, each from the weeks known at that origin.

use crate::{
    engine::{chunks::CHUNK_SIZE, run_in_chunks},
    models::{Method, Scratch, Seasons, View},
    panel::Panel,
    selection::{Loss, LossByClass, SCORED_WEEKS},
    series::{Class, KnownWeeks, PreparedSeries, prepare},
};

/// Methods, and the origins at which they are scored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Protocol<'a> {
    pub methods: &'a [ScoredMethod<'a>],
    /// Numbers of weeks before each forecast.
    pub origins: &'a [usize],
    pub seasons: &'a Seasons,
    /// The class of each series.
    pub classes: &'a [Class],
    pub threads: usize,
}

/// A method, and whether only series with many weeks without demand are scored with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScoredMethod<'a> {
    pub method: &'a Method,
    pub is_for_sporadic: bool,
}

/// The losses of each method over a panel. A series is scored at the origins at which it had begun; unknown weeks are not scored.
pub(crate) fn score_panel(panel: &Panel, protocol: &Protocol<'_>) -> Vec<LossByClass> {
    let no_losses = || vec![LossByClass::default(); protocol.methods.len()];
    let chunks = run_in_chunks(panel.len(), CHUNK_SIZE, protocol.threads, |range| {
        let (mut sums, mut prepared, mut scratch) = (no_losses(), PreparedSeries::default(), Scratch::default());
        for series in range {
            prepare(&mut prepared, panel.values(series), panel.days(series));
            let class = protocol.classes[series];
            let category = panel.traits(series).category;
            for origin in protocol.origins {
                let season = protocol.seasons.at(category, *origin);
                let view = View::at(&prepared.known, *origin, season, &mut scratch.values);
                if view.count > 0 {
                    let methods =
                        protocol.methods.iter().enumerate().filter(|(_, one)| !one.is_for_sporadic || class.is_sporadic());
                    for (index, one) in methods {
                        sums[index].0[class.index()] += loss_at(&view, one.method, &mut scratch);
                    }
                }
            }
        }
        sums
    });
    chunks.into_iter().fold(no_losses(), |mut sums, chunk| {
        sums.iter_mut().zip(chunk).for_each(|(sum, loss)| *sum += loss);
        sums
    })
}

fn loss_at(view: &View<'_>, method: &Method, scratch: &mut Scratch) -> Loss {
    let (mut path, mut loss) = ([0.0; SCORED_WEEKS], Loss::default());
    method.path(view, scratch, &mut path);
    for (ahead, units, weight) in weeks_ahead(view.known, view.origin, SCORED_WEEKS) {
        loss.add(units, path[ahead], weight);
    }
    loss
}

/// KnownWeeks weeks of `origin … origin + weeks`: how far ahead, units (not capped), weight.
pub(crate) fn weeks_ahead(known_weeks: &KnownWeeks, origin: usize, weeks: usize) -> impl Iterator<Item = (usize, f64, f64)> {
    (known_weeks.count_before(origin)..known_weeks.count_before(origin + weeks))
        .map(move |index| (known_weeks.weeks[index] as usize - origin, known_weeks.units[index], known_weeks.weights[index]))
}
