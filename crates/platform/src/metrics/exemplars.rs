//! Exemplars: for each bucket of the histograms behind service objectives, the last observation of
//! a recorded trace.
//!
//! Histograms work without them, so observations outside recorded traces cost nothing here, and
//! others never wait: while another thread stores one, or they are read, an observation is dropped.

use std::{
    collections::BTreeMap,
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use entity::prelude::Timestamp;

use super::names::SECONDS;
use crate::clock::Clock;

/// Maximum series with exemplars. Label values come from fixed lists, so there are fewer.
const MAX_SERIES: usize = 256;

/// An observation, and its trace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Exemplar {
    pub(super) trace_id: u128,
    pub(super) seconds: f64,
    pub(super) at: Timestamp,
}

/// Exemplar of each bucket; the last one is for observations above the highest edge.
type Buckets = [Option<Exemplar>; SECONDS.len() + 1];

/// By series, as `series` writes it.
#[derive(Debug, Default)]
pub(super) struct Exemplars(Mutex<BTreeMap<String, Buckets>>);

static EXEMPLARS: Exemplars = Exemplars(Mutex::new(BTreeMap::new()));
static CLOCK: OnceLock<Clock> = OnceLock::new();

/// Stores an observation of a duration, if its trace is recorded.
pub(super) fn store_exemplar(name: &str, labels: &[(&str, &str)], took: Duration, trace_id: Option<u128>) {
    if let Some(trace_id) = trace_id {
        let at = CLOCK.get_or_init(Clock::system).now();
        EXEMPLARS.insert_exemplar(series(name, labels), Exemplar { trace_id, seconds: took.as_secs_f64(), at });
    }
}

/// Returns a copy of this process's exemplars.
pub(super) fn snapshot() -> Exemplars {
    Exemplars(Mutex::new(EXEMPLARS.0.lock().unwrap_or_else(PoisonError::into_inner).clone()))
}

/// Returns the prefix of the lines of a histogram's buckets, up to the edge.
pub(super) fn series(name: &str, labels: &[(&str, &str)]) -> String {
    let labels: Vec<String> = labels.iter().map(|(label, value)| format!("{label}=\"{value}\"")).collect();
    format!("{name}_bucket{{{}", labels.join(","))
}

/// Returns the bucket of an observation, or of an edge.
fn bucket(seconds: f64) -> usize {
    SECONDS.partition_point(|edge| *edge < seconds)
}

impl Exemplars {
    pub(super) fn insert_exemplar(&self, series: String, exemplar: Exemplar) {
        let Ok(mut exemplars) = self.0.try_lock() else { return };
        if exemplars.len() < MAX_SERIES || exemplars.contains_key(&series) {
            let buckets = exemplars.entry(series).or_insert([None; SECONDS.len() + 1]);
            buckets[bucket(exemplar.seconds)] = Some(exemplar);
        }
    }

    /// Returns the exemplar of the bucket up to this edge.
    pub(super) fn of(&self, series: &str, edge: f64) -> Option<Exemplar> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(series)?[bucket(edge)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exemplar(trace_id: u128, seconds: f64) -> Exemplar {
        Exemplar { trace_id, seconds, at: Timestamp(0) }
    }

    #[test]
    fn a_bucket_has_the_last_of_its_observations() {
        let exemplars = Exemplars::default();
        // On an edge, above it, and above all.
        for (trace_id, seconds) in [(1, 0.25), (2, 0.2), (3, 0.250_1), (4, 60.0)] {
            exemplars.insert_exemplar("a".to_owned(), exemplar(trace_id, seconds));
        }
        let of = |edge| exemplars.of("a", edge).map(|exemplar| exemplar.trace_id);
        assert_eq!((of(0.1), of(0.25), of(0.5), of(10.0), of(f64::INFINITY)), (None, Some(2), Some(3), None, Some(4)));
        assert_eq!(exemplars.of("b", 0.25), None);
    }

    #[test]
    fn there_are_so_many_series_and_nothing_waits() {
        let exemplars = Exemplars::default();
        (0..=MAX_SERIES).for_each(|n| exemplars.insert_exemplar(n.to_string(), exemplar(1, 0.1)));
        let last = MAX_SERIES.to_string();
        assert_eq!((exemplars.of(&last, 0.1), exemplars.0.lock().unwrap().len()), (None, MAX_SERIES));
        exemplars.insert_exemplar("0".to_owned(), exemplar(2, 0.1));
        let reading = exemplars.0.lock().unwrap();
        exemplars.insert_exemplar("0".to_owned(), exemplar(3, 0.1));
        drop(reading);
        assert_eq!(exemplars.of("0", 0.1), Some(exemplar(2, 0.1)), "a known series goes on, and what would wait is not kept");
    }
}
