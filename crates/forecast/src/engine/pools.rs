//! The errors of one method at earlier origins, each divided by its series' scale: of single weeks and of sums over weeks.

use crate::{
    engine::{CHUNK_SIZE, chunks::run_in_parallel, run_in_chunks, score::weeks_ahead},
    intervals::{LONGEST_SUM, Pool, SumPools, error_scale, mean_step, sum_scale},
    models::{Cap, Configuration, Method, Model, Scratch, Seasons, View},
    panel::Panel,
    selection::{SCORED_WEEKS, pooled_origins},
    series::{PreparedSeries, cap_units, prepare},
};

/// The scale is computed from weeks cut at three robust deviations, independent of the method's own
/// cap.
const SCALE_CAP: Configuration = Configuration::new(Model::Naive, Cap::Deviations(30));

/// A method and the pools of its errors.
#[derive(Debug, Clone, PartialEq)]
pub struct MethodPools {
    pub method: Method,
    /// Errors of single weeks, all weeks ahead together.
    pub weeks: Pool,
    /// Errors of sums over 1, 2, … weeks.
    pub sums: SumPools,
}

/// An origin and the errors that are scored there.
struct PlannedOrigin {
    origin: usize,
    scores_weeks: bool,
    /// Lengths of sums.
    lengths: Vec<usize>,
}

/// Origins of sums over `length` weeks: those of the choice for sums within the scored weeks, else
/// the last ones that enough weeks follow.
fn plan_origins(weeks: usize, single: &[usize]) -> (Vec<PlannedOrigin>, Vec<usize>) {
    let by_length: Vec<Vec<usize>> = (1..=LONGEST_SUM)
        .map(|length| if length <= SCORED_WEEKS { single.to_vec() } else { pooled_origins(weeks, length) })
        .collect();
    let mut all: Vec<usize> = by_length.iter().flatten().copied().chain(single.iter().copied()).collect();
    all.sort_unstable();
    all.dedup();
    let plan = all
        .into_iter()
        .map(|origin| PlannedOrigin {
            origin,
            scores_weeks: single.contains(&origin),
            lengths: (1..=LONGEST_SUM).filter(|length| by_length[length - 1].contains(&origin)).collect(),
        })
        .collect();
    (plan, by_length.iter().map(Vec::len).collect())
}

/// All origins that pools of a panel of `weeks` weeks are computed from.
pub(crate) fn pool_origins(weeks: usize) -> Vec<usize> {
    let (plan, _) = plan_origins(weeks, &pooled_origins(weeks, SCORED_WEEKS));
    plan.into_iter().map(|planned| planned.origin).collect()
}

/// The mean step of a view's weeks, giants cut at three deviations.
pub(crate) fn step_of(view: &View<'_>, values: &mut Vec<f64>, capped_units: &mut Vec<f64>) -> f64 {
    cap_units(view.units(), SCALE_CAP.limit(view, values), capped_units);
    mean_step(capped_units, &view.known.weeks[..view.count])
}

#[derive(Default)]
struct Scores {
    weeks: Vec<f32>,
    sums: Vec<Vec<f32>>,
}

/// Pools the errors of a method over a panel. One pool for all classes: a pool per class widens the intervals without covering more.
pub(crate) fn pool_errors(panel: &Panel, method: &Method, seasons: &Seasons, threads: usize) -> MethodPools {
    let (plan, counts) = plan_origins(panel.weeks(), &pooled_origins(panel.weeks(), SCORED_WEEKS));
    let chunks = run_in_chunks(panel.len(), CHUNK_SIZE, threads, |range| {
        let mut scores = Scores::for_series(range.len(), &counts);
        let (mut prepared, mut scratch, mut capped_units) = (PreparedSeries::default(), Scratch::default(), Vec::new());
        for series in range {
            prepare(&mut prepared, panel.values(series), panel.days(series));
            for planned in &plan {
                let season = seasons.at(panel.traits(series).category, planned.origin);
                let view = View::at(&prepared.known, planned.origin, season, &mut scratch.values);
                if view.count == 0 {
                    continue;
                }
                let mut path = [0.0; LONGEST_SUM];
                let longest = planned.lengths.last().copied().unwrap_or(0).max(SCORED_WEEKS);
                method.path(&view, &mut scratch, &mut path[..longest]);
                let step = step_of(&view, &mut scratch.values, &mut capped_units);
                scores.add(&view, planned, step, &path);
            }
        }
        scores
    });
    let mut by_length: Vec<Vec<Vec<f32>>> = vec![Vec::new(); LONGEST_SUM + 1];
    for Scores { weeks, sums } in chunks {
        by_length.iter_mut().zip(std::iter::once(weeks).chain(sums)).for_each(|(parts, part)| parts.push(part));
    }
    let mut pools = run_in_parallel(by_length, threads, |parts| Pool::new(concat(parts))).into_iter();
    let weeks = pools.next().unwrap_or_default();
    MethodPools { method: method.clone(), weeks, sums: SumPools::new(pools.collect(), &counts) }
}

/// One vector of all parts. Each is freed as it is copied: all errors of a method are a hundred
/// megabytes, and those of single weeks thirty.
fn concat(parts: Vec<Vec<f32>>) -> Vec<f32> {
    let mut all = Vec::with_capacity(parts.iter().map(Vec::len).sum());
    for part in parts {
        all.extend_from_slice(&part);
    }
    all
}

impl Scores {
    /// Space for the scores of so many series, of `counts` origins for each length: vectors that
    /// grow would take half as much again, of a hundred megabytes.
    fn for_series(series_count: usize, counts: &[usize]) -> Self {
        let sums: Vec<Vec<f32>> = counts.iter().map(|origins| Vec::with_capacity(series_count * origins)).collect();
        let weeks = counts.first().map_or(0, |origins| series_count * origins * SCORED_WEEKS);
        Self { weeks: Vec::with_capacity(weeks), sums }
    }

    fn add(&mut self, view: &View<'_>, planned: &PlannedOrigin, step: f64, path: &[f64]) {
        if planned.scores_weeks {
            for (ahead, units, _) in weeks_ahead(view.known, view.origin, SCORED_WEEKS) {
                self.weeks.push(((units - path[ahead]) / error_scale(step, path[ahead])) as f32);
            }
        }
        // Sums end at the first unknown week.
        let (mut error, mut known_count) = (0.0, 0);
        let longest = planned.lengths.last().copied().unwrap_or(0);
        let mut lengths = planned.lengths.iter().peekable();
        for (ahead, units, _) in weeks_ahead(view.known, view.origin, longest) {
            if ahead != known_count {
                return;
            }
            error += units - path[ahead];
            known_count += 1;
            if lengths.next_if(|length| **length == known_count).is_some() {
                self.sums[known_count - 1].push((error / sum_scale(step)) as f32);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_sums_use_the_origins_of_the_choice() {
        let (plan, counts) = plan_origins(44, &pooled_origins(44, 8));
        assert_eq!(counts[..20], [9; 20], "twenty weeks have all nine origins");
        assert_eq!(counts[20], 8);
        let at_20 = plan.iter().find(|planned| planned.origin == 20).unwrap();
        assert!(at_20.scores_weeks);
        assert_eq!(at_20.lengths, [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 18, 20, 22, 24]);
        let at_19 = plan.iter().find(|planned| planned.origin == 19).unwrap();
        assert!(!at_19.scores_weeks && at_19.lengths.iter().all(|length| length % 2 == 1));
        assert!(plan.iter().all(|planned| planned.lengths.iter().all(|length| planned.origin + length <= 44)));
    }
}
