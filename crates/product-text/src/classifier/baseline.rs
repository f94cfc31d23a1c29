//! Multinomial naive Bayes over the same n-grams, the measure of the linear model (Manning, Raghavan & Schütze, 13.2, with add-α smoothing).

use crate::linear::Matrix;

const ALPHA: f32 = 0.05;

pub(super) struct NaiveBayes {
    labels: usize,
    /// ln P(row | label), row after row.
    logs: Vec<f32>,
    prior: Vec<f32>,
}

impl NaiveBayes {
    pub(super) fn of(texts: &Matrix, targets: &[&[u16]], rows: usize, labels: usize) -> Self {
        let mut logs = vec![ALPHA; rows * labels];
        let mut sums = vec![ALPHA * rows as f32; labels];
        let mut prior = vec![1.0_f32; labels];
        for (index, targets) in targets.iter().enumerate() {
            let Some(label) = targets.first().map(|label| *label as usize) else { continue };
            prior[label] += 1.0;
            for (row, value) in texts.vector(index) {
                logs[*row as usize * labels + label] += value;
                sums[label] += value;
            }
        }
        for row in logs.chunks_mut(labels.max(1)) {
            row.iter_mut().zip(&sums).for_each(|(log, sum)| *log = (*log / sum).ln());
        }
        prior.iter_mut().for_each(|count| *count = count.ln());
        Self { labels, logs, prior }
    }

    pub(super) fn predict(&self, vector: &[(u32, f32)]) -> u16 {
        let mut scores = self.prior.clone();
        for (row, value) in vector {
            let logs = &self.logs[*row as usize * self.labels..][..self.labels];
            // Values have length one: scaled back so that the prior does not outweigh them.
            scores.iter_mut().zip(logs).for_each(|(score, log)| *score += value * log * SCALE);
        }
        let best = (0..scores.len()).max_by(|one, other| scores[*one].total_cmp(&scores[*other]).then(other.cmp(one)));
        best.unwrap_or(0) as u16
    }
}

/// About the length of a name's vector before it was made one.
const SCALE: f32 = 8.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn naive_bayes_finds_the_label_of_its_rows() {
        let mut texts = Matrix::default();
        (0..10).for_each(|index| texts.push(&[(index % 2, 1.0)]));
        let targets: Vec<&[u16]> = (0..10).map(|index| if index % 2 == 0 { &[0_u16][..] } else { &[1] }).collect();
        let bayes = NaiveBayes::of(&texts, &targets, 2, 2);
        assert_eq!((bayes.predict(&[(0, 1.0)]), bayes.predict(&[(1, 1.0)])), (0, 1));
    }
}
