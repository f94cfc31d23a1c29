//! Weights in their stored form: the largest ones of each label, in steps of one scale, sparse.

use super::DenseWeights;

/// The most weights that are kept: 16 MiB.
pub const MAX_KEPT_WEIGHTS: usize = 1 << 22;
/// The most weights that are kept for each label, on average.
const KEPT_WEIGHTS_PER_LABEL: usize = 25_000;
const BINS: usize = 1 << 14;

#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    pub labels: usize,
    /// The end of each row in `entries`.
    pub ends: Vec<u32>,
    /// A label and its weight in steps of `scale`.
    pub entries: Vec<(u16, i16)>,
    pub scale: f32,
    pub bias: Vec<f32>,
}

impl Weights {
    pub fn of(dense: &DenseWeights) -> Self {
        let greatest =
            dense.values.iter().fold(0.0_f32, |running_max, value| running_max.max(value.abs())).max(f32::MIN_POSITIVE);
        let scale = greatest / f32::from(i16::MAX);
        let least = min_kept_weight(dense, greatest).max(scale);
        let mut weights = Self { labels: dense.labels, ends: Vec::new(), entries: Vec::new(), scale, bias: dense.bias.clone() };
        for row in dense.values.chunks(dense.labels.max(1)) {
            let kept_entries = row.iter().enumerate().filter(|(_, value)| value.abs() >= least);
            weights.entries.extend(kept_entries.map(|(label, value)| (label as u16, (value / scale).round() as i16)));
            weights.ends.push(weights.entries.len() as u32);
        }
        weights
    }

    pub fn row(&self, row: u32) -> &[(u16, i16)] {
        let row = row as usize;
        let start = row.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0) as usize;
        self.ends.get(row).and_then(|end| self.entries.get(start..*end as usize)).unwrap_or_default()
    }

    /// The score of each label.
    pub fn scores(&self, vector: &[(u32, f32)]) -> Vec<f32> {
        let mut scores = self.bias.clone();
        for (row, value) in vector {
            for (label, steps) in self.row(*row) {
                if let Some(score) = scores.get_mut(*label as usize) {
                    *score += value * f32::from(*steps) * self.scale;
                }
            }
        }
        scores
    }

    /// The weight of one label in a row.
    pub fn weight(&self, row: u32, label: u16) -> f32 {
        let entry_index = self.row(row).binary_search_by_key(&label, |(entry_label, _)| *entry_label);
        entry_index.ok().and_then(|index| self.row(row).get(index)).map_or(0.0, |(_, steps)| f32::from(*steps) * self.scale)
    }
}

/// The least magnitude that is kept, so that no more weights are than allowed: from a histogram, in one pass.
fn min_kept_weight(dense: &DenseWeights, greatest: f32) -> f32 {
    let max_weights = MAX_KEPT_WEIGHTS.min(KEPT_WEIGHTS_PER_LABEL * dense.labels);
    let mut bins = vec![0_usize; BINS];
    let bin = |value: f32| ((value.abs() / greatest * BINS as f32) as usize).min(BINS - 1);
    dense.values.iter().filter(|value| **value != 0.0).for_each(|value| bins[bin(*value)] += 1);
    let mut sum = 0;
    for (index, count) in bins.iter().enumerate().rev() {
        sum += count;
        if sum > max_weights {
            return (index + 1) as f32 / BINS as f32 * greatest;
        }
    }
    0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_weights_score_as_the_dense_ones_do() {
        let dense = DenseWeights { labels: 2, values: vec![2.0, -1.0, 0.0, 0.5], bias: vec![0.25, 0.0] };
        let weights = Weights::of(&dense);
        assert_eq!(weights.entries.len(), 3, "a zero is not kept");
        let scores = weights.scores(&[(0, 0.5), (1, 1.0)]);
        assert!((scores[0] - 1.25).abs() < 1e-3 && (scores[1] - 0.0).abs() < 1e-3, "{scores:?}");
        assert!((weights.weight(0, 1) + 1.0).abs() < 1e-3 && weights.weight(1, 0).abs() < 1e-9);
    }

    #[test]
    fn the_smallest_weights_go_first() {
        let values: Vec<f32> = (1..=60_000).map(|value| value as f32 / 60_000.0).collect();
        let weights = Weights::of(&DenseWeights { labels: 1, values, bias: vec![0.0] });
        assert!((24_000..=25_000).contains(&weights.entries.len()), "{}", weights.entries.len());
        assert!(weights.entries.iter().all(|(_, steps)| *steps > 18_000));
    }
}
